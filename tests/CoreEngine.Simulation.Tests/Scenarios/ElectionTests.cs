using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8, "Elections and votes", on whole replicas. Method: scripted worlds
/// with real loops, logs, recovery and cores over simulated disks and network.
/// </summary>
public sealed class ElectionTests
{
    [Fact]
    public void Raft_S1_SixLogsOfFigure7ConvergeInRoundsOfTheOrderOfTheirTerms() =>
        Play.Seeds(3, LogScenarios.LogRepair);

    [Fact]
    public void Raft_S2_AnEntryOfAnEarlierTermIsNotCommittedByCounting() =>
        Play.Seeds(5, LogScenarios.OldTermOverwritten);

    [Fact]
    public void Raft_S2_AnEntryOfTheOwnTermCommitsTheOlderOneToo() =>
        Play.Seeds(5, LogScenarios.OldTermCommittedWithOwn);

    [Fact]
    public void Raft_S3_TheNewerLastTermWinsOverTheLongerLog() => Play.Seeds(5, LogScenarios.TermBeforeLength);

    [Fact]
    public void Raft_S4_ACrashBetweenVoteAndReplyNeverLeadsToTwoGrants() =>
        Play.Seeds(10, VoteScenarios.CrashBetweenVoteAndReply);

    [Fact]
    public void Raft_S4_AFormerCandidateAskedInItsOwnTermRefuses() =>
        Play.Seeds(10, VoteScenarios.FormerCandidateIsAsked);

    [Fact]
    public void Raft_S5_ACrashAtEveryWriteOfTermAndVoteLeavesTheOldPairOrTheNewOne() =>
        Play.Seeds(1, VoteScenarios.HardStateIsAtomic);

    [Fact]
    public void Raft_S6_AnAppendOfAnOldTermIsNotAcknowledgedAfterANewerVote() =>
        Play.Seeds(5, VoteScenarios.VoteAndAppendOutOfOrder);

    [Fact]
    public void Raft_S7_AnIsolatedReplicaReturnsWithoutRaisingATermOrDisturbingTheLeader() =>
        Play.Seeds(3, LeadershipScenarios.IsolatedReplicaReturns);

    [Fact]
    public void Raft_S8_AVoterThatHearsItsLeaderRefuses() => Play.Seeds(5, LeadershipScenarios.VoterHearsItsLeader);

    [Fact]
    public void Raft_S9_WhereAllSeeOnlyTheHubItLeadsAndStays() => Play.Seeds(5, LeadershipScenarios.OnlyTheHubIsSeen);

    [Fact]
    public void Raft_S9_WhereTheLeaderLosesMostLinksAnotherOneLeadsAndStays() =>
        Play.Seeds(5, LeadershipScenarios.LeaderLosesMostLinks);

    [Fact]
    public void Raft_S10_ALaggingReplicasProbesDoNotKeepOthersFromElecting() =>
        Play.Seeds(20, LeadershipScenarios.LaggingProbes);

    [Fact]
    public void Raft_S12_ALeaderWithoutQuorumLeavesWithinOneElectionTimeout() =>
        Play.Seeds(5, LeadershipScenarios.LeaderWithoutQuorum);

    [Fact]
    public void Raft_S12_AnEvenClusterSplitInHalfFailsRequestsAndDoesNotHang() =>
        Play.Seeds(5, LeadershipScenarios.SplitInHalf);
}
