using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8 for snapshots and trim, on whole replicas. Method: scripted worlds with
/// real loops, logs, recovery and cores over simulated disks and network.
/// </summary>
public sealed class SnapshotTests
{
    [Fact]
    public void ARestartBeginsAtTheSnapshot() => Play.Seeds(3, SnapshotScenarios.RestartFromSnapshot);

    [Fact]
    public void SegmentsThatNobodyNeedsAreGivenUp_VotesStay() => Play.Seeds(2, SnapshotScenarios.SegmentsAreGivenUp);
}
