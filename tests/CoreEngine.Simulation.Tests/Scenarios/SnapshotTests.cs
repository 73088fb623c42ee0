using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8 for snapshots and trim, on whole replicas. Method: scripted worlds
/// with real loops, logs, recovery and cores over simulated disks and network.
/// </summary>
public sealed class SnapshotTests
{
    [Fact]
    public void ARestartBeginsAtTheSnapshot() => Play.Seeds(3, SnapshotScenarios.RestartFromSnapshot);

    [Fact]
    public void SegmentsThatNobodyNeedsAreGivenUp_VotesStay() => Play.Seeds(2, SnapshotScenarios.SegmentsAreGivenUp);

    [Fact]
    public void Raft_S38_ASuffixThatContradictsASnapshotIsDropped() =>
        Play.Seeds(3, SnapshotScenarios.ConflictingSuffixIsDropped);

    [Fact]
    public void Raft_S38_ASuffixThatIsLongerThanASnapshotIsDropped() =>
        Play.Seeds(3, SnapshotScenarios.LongerSuffixIsDropped);

    [Fact]
    public void Raft_S39_APartialOrCorruptTransferIsNeverPublished() =>
        Play.Seeds(5, SnapshotScenarios.PartialTransferIsNeverPublished);

    [Fact]
    public void Raft_S39_ARottenSnapshotIsNotSentButTakenAnew() =>
        Play.Seeds(3, SnapshotScenarios.RottenSnapshotIsNotSent);

    [Fact]
    public void Raft_S39_ADamagedSnapshotAtAStartIsFetchedFromALeader_WithoutAVoteBefore() =>
        Play.Seeds(4, LostStateScenarios.DamagedSnapshotIsFetched);

    [Fact]
    public void Raft_S40_AnOldOrEqualSnapshotIsIgnored_TheConfigurationNeverMovesBack() =>
        Play.Seeds(3, SnapshotScenarios.OldOrEqualSnapshotIsIgnored);

    [Fact]
    public void Raft_S40_TheMembersTravelInTheSnapshot() =>
        Play.Seeds(2, SnapshotMemberScenarios.MembersTravelInTheSnapshot);

    [Fact]
    public void Raft_S40_AnImportMovesTheMembersNeverBack() =>
        Play.Seeds(2, SnapshotMemberScenarios.ImportMovesNothingBack);

    [Fact]
    public void Raft_S40_WhoJoinsTakesNoSnapshotThatNamesNoMembers() =>
        Play.Seeds(2, SnapshotMemberScenarios.WhoJoinsKnowsTheMembersFirst);

    [Fact]
    public void Raft_S41_ALeaderChangeMidStreamRestartsOrResumesSafely() =>
        Play.Seeds(3, SnapshotScenarios.LeaderChangesMidStream);

    [Fact]
    public void Raft_S42_ADeadMemberCannotPinTheLogForEver() =>
        Play.Seeds(2, SnapshotScenarios.DeadMemberDoesNotPinTheLog);

    [Fact]
    public void Raft_S42_TheLogIsTrimmedUpToTheSnapshotAndNoFurther() =>
        Play.Seeds(3, SnapshotScenarios.TrimStopsAtTheSnapshot);

    [Fact]
    public void Raft_S46_RecoveryTrafficRespectsItsByteRate() =>
        Play.Seeds(2, SnapshotScenarios.TransferRespectsItsRate);
}
