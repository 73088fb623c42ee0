using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: S61 of raft.md section 8. Method: a thousand power cuts of all replicas at random points of their writes, in
/// four blocks, so that they run beside each other.
/// </summary>
public sealed class PowerTests
{
    private const ulong WorldsPerBlock = 25;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Raft_S61_PowerCutsOfAllReplicasInMidWriteLoseNothingAcknowledged(ulong block)
    {
        int acknowledged = 0;
        int torn = 0;
        for (ulong seed = block * 1000; seed < (block * 1000) + WorldsPerBlock; seed++)
        {
            PowerScenarios.Tally tally = PowerScenarios.PowerCutsOfAll(seed);
            acknowledged += tally.Acknowledged;
            torn += tally.TornTails;
        }

        Assert.True(acknowledged > 250, $"only {acknowledged} acknowledged: the load was none");
        Assert.True(torn > 0, "no tail was torn: the cuts missed the writes");
    }
}
