using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8, "Transfer, snapshots and flow", on whole replicas.
/// Method: scripted worlds with real loops, logs, recovery and cores over simulated disks and network.
/// </summary>
public sealed class FlowTests
{
    [Fact]
    public void Raft_S43_TheWindowFillsAndDrains() => Play.Seeds(3, FlowScenarios.WindowFillsAndDrains);

    [Fact]
    public void Raft_S43_LostMessagesLeadToAProbeAndItResumes() =>
        Play.Seeds(3, FlowScenarios.LostMessagesLeadToAProbe);

    [Fact]
    public void Raft_S44_ASlowFollowerDelaysNobodyAndCostsBoundedMemory() =>
        Play.Seeds(2, FlowScenarios.SlowFollower);

    [Fact]
    public void Raft_S45_TheUncommittedLimitRefusesAndReturnsToZero() =>
        Play.Seeds(2, FlowScenarios.UncommittedLimit);
}
