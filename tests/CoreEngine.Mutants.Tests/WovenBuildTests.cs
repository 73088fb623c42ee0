extern alias Real;

using Xunit;

namespace CoreEngine.Mutants.Tests;

/// <summary>
/// Goal: with no mutant active the woven engine is the engine. Method: the same seeds through both builds, and the
/// hashes over all of their events.
/// </summary>
public sealed class WovenBuildTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    [InlineData(11)]
    public void WithoutAMutant_ASeedIsTheSameRunInBothBuilds(ulong seed)
    {
        CoreEngine.Simulation.SeedResult woven = MutantTrial.RunSound(seed);
        Real::CoreEngine.Simulation.SeedResult real = Real::CoreEngine.Simulation.Simulator.Run(
            new Real::CoreEngine.Simulation.SimulatorOptions { Seed = seed, FaultsNs = MutantTrial.FaultsNs });
        Assert.Equal(real.Hash, woven.Hash);
        Assert.Equal(real.Events, woven.Events);
        Assert.Null(woven.Failure);
        Assert.True(woven.Events > 1000, $"only {woven.Events} events");
    }

    [Fact]
    public void AMutant_ChangesTheRun_AndIsOffAgainAfterwards()
    {
        ulong before = MutantTrial.RunSound(3).Hash;
        TrialResult result = MutantTrial.Run(Mutation.All[0], [3]);
        Assert.Equal(1, result.Seeds);
        Assert.Equal(before, MutantTrial.RunSound(3).Hash);
    }
}
