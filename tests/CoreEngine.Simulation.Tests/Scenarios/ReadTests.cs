using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8, "Reads and clients", on whole replicas. Method: scripted worlds
/// with real loops, logs, recovery and cores over simulated disks and network.
/// </summary>
public sealed class ReadTests
{
    [Fact]
    public void Raft_S47_ANewLeaderDefersReadsUntilItsOwnTermIsCommitted() =>
        Play.Seeds(5, ReadScenarios.ReadsWaitForTheAnchor);

    [Fact]
    public void Raft_S48_TheAnswerToAnOlderRequestDoesNotServeALaterRead() =>
        Play.Seeds(5, ReadScenarios.OlderAnswerDoesNotServeALaterRead);

    [Fact]
    public void Raft_S48_AnOlderRoundConfirmsNoLaterRead() => Play.Seeds(10, ReadScenarios.OlderRoundDoesNotConfirm);

    [Fact]
    public void Raft_S49_ADeposedLeaderAndItsFollowersServeNoStaleRead() =>
        Play.Seeds(5, ReadScenarios.DeposedLeaderServesNoRead);

    [Fact]
    public void Raft_S54_AnOverwrittenProposalIsNeverASuccess() => Play.Seeds(5, ReadScenarios.OverwrittenProposal);

    [Fact]
    public void Raft_S56_AReadWhosePointIsNeverAppliedHereEndsAndNamesIt() =>
        Play.Seeds(3, ReadScenarios.PointThatIsNeverReached);
}
