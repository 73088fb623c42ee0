using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8, "Commit and durability", on whole replicas. Method: scripted worlds
/// with real loops, logs, recovery and cores over simulated disks and network.
/// </summary>
public sealed class CommitAndDurabilityTests
{
    [Fact]
    public void Raft_S13_AMajorityOfTheMembershipCommitsNotOneOfThoseKnown() =>
        Play.Seeds(5, DurabilityScenarios.MajorityOfMembership);

    [Fact]
    public void Raft_S14_AnAcknowledgedTailSurvivesAPowerCut() =>
        Play.Seeds(20, DurabilityScenarios.AcknowledgedTailSurvives);

    [Fact]
    public void Raft_S15_NothingIsAcknowledgedBeforeItIsDurable_SingleReplicaIncluded() =>
        Play.Seeds(3, DurabilityScenarios.NothingIsAcknowledgedBeforeItIsDurable);

    [Fact]
    public void Raft_S16_ALateCompletionOfOverwrittenEntriesDoesNotMoveD() =>
        Play.Seeds(5, DurabilityScenarios.LateCompletionOfOverwrittenEntries);

    [Fact]
    public void Raft_S17_AfterOneFailedSyncNothingIsAcknowledgedAnyMore() =>
        Play.Seeds(3, DurabilityScenarios.SyncFailsOnce);

    [Fact]
    public void Raft_S18_ATornTailIsCut() => Play.Seeds(3, DamageScenarios.TornTailIsCut);

    [Fact]
    public void Raft_S18_RotAtOrBelowDIsFetchedFromPeers_TheLastRecordIncluded() =>
        Play.Seeds(3, DamageScenarios.RotIsFetched);

    [Fact]
    public void Raft_S18_RotThatNobodyReadsIsFoundAndRepairedBeforeASecondCopyRots() =>
        Play.Seeds(2, ScrubScenarios.UnreadRotIsRepaired);

    [Fact]
    public void Raft_S18_RotOfWhatMemoryHoldsIsWrittenAgainByALeaderThatStays() =>
        Play.Seeds(3, ScrubScenarios.CachedRotIsRewritten);

    [Fact]
    public void Raft_S18_ADamagedReplicaVotesByWhatItClaims() => Play.Seeds(2, DamageScenarios.DamagedVoter);

    [Fact]
    public void Raft_S19_WhereAllCopiesOfAnEntryAreCorruptNobodyLeadsAndTheIndexIsNamed() =>
        Play.Seeds(3, DamageScenarios.AllCopiesCorrupt);

    [Fact]
    public void Raft_S18_DamageThatARunningLeaderMeetsIsFetchedFromPeers() =>
        Play.Seeds(5, DamageScenarios.RotIsMetWhileRunning);

    [Fact]
    public void Raft_S20_ALeaderWhoseDiskStallsGivesWay() => Play.Seeds(5, GrayScenarios.StalledDisk);

    [Fact]
    public void Raft_S20_ALeaderWhoseDiskIsFullGivesWay() => Play.Seeds(2, GrayScenarios.FullDisk);

    [Fact]
    public void Raft_S21_HeartbeatsChangeNeitherTermNorVote() =>
        Play.Seeds(5, GrayScenarios.HeartbeatsChangeNeitherTermNorVote);

    [Fact]
    public void Raft_S21_HeartbeatAppendAndVoteRequestInEveryOrder() =>
        Play.Seeds(5, GrayScenarios.HeartbeatAppendAndVoteRace);

    [Fact]
    public void Raft_S21_ALeaderWhoseLoopStandsStillLosesLeadership() => Play.Seeds(5, GrayScenarios.DeadLoop);

    [Fact]
    public void Raft_S22_ForeignGeometryIsRefusedWithItsReason() => Play.Seeds(1, DamageScenarios.ForeignGeometry);
}
