using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// States that are rare and must be reached: a suite that never reaches one does not test what it says.
/// </summary>
internal enum RareState
{
    TwoLeadersAlive,
    LeaderSteppedDown,
    TornTailCut,
    TailTruncated,
    ProposalSuperseded,
    ProposalUnknown,
    ForwardedAnswered,
    ReadAtFollower,
    ReadRefusedNoQuorum,
    DiskFull,
    SyncFailed,
    RestartRightAfterVote,
    CutRightAfterWinning,
    PowerCutRightAfterAnswer,
    AllPowerCut,
    OneWayCut,
    PausedLeader,
    FullDiskRefused,
    LinkSlow,
    Bridged,
    Swizzled,
    FramesScattered,
    OldFrameRepeated,
    LeadersWallStepped,
    LeadersClockDrifts,
    LeaderPausedBeyondPatience,
    KilledInMidWrite,
    PowerCutInMidWrite,
    CrashRightAfterWinning,
    CutRightAfterCommit,
    CrashAtTruncation,
    CrashAtNewSegment,
    AckLost,
    LateAckHeard,
    LateVoteHeard,
    CommittedTailTorn,
    ReadFailedAtStart,
    RotRefused,
    LostWriteRefused,
    LostWriteUnseen,
    WipedRefused,
    ReplacedRefused,
    QuorumOfDisksLost,
    ReadByLease,
    LeaseReadRefused,
    ReadStale,
    TooStale,
    ReadByToken,
    LeadershipTransferred,
    TransferGivenUp,
    LateTransferWord,
    SlowLeaderYields,
    RepeatAnswered,
    SequenceSettled,
    SessionExpired,
    OpenedWithClaims,
    OpenedInDoubt,
    MadeWhole,
    AcknowledgedInMemory,
    AcknowledgedLocally,
    GroupRests,
    LeaderLostAtRest,
    SnapshotTaken,
    SnapshotRestoredAtStart,
    SnapshotInstalled,
    SegmentGivenUp,
    CrashWithSnapshotHalfMade,
    RotScrubbed,
    OpenedWithoutItsSnapshot,
    ChangeAgreed,
    ChangeOutdated,
    JointEntered,
    ElectedInJoint,
    LeaderLostInJoint,
    LearnerPromoted,
    LeaderRemoved,
    MemberRemoved,
    MemberReplaced,
    WitnessAppointed,
}

/// <summary>Counts how often each rare state was reached.</summary>
internal sealed class RareStates
{
    private readonly long[] _counts = new long[Enum.GetValues<RareState>().Length];

    internal long this[RareState state] => _counts[(int)state];

    internal void Sometimes(RareState state) => _counts[(int)state]++;

    internal void Sometimes(RareState state, bool isReached) => _counts[(int)state] += isReached ? 1 : 0;

    internal void Add(RareState state, long count) => _counts[(int)state] += count;

    internal void Add(RareStates other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
    }

    /// <summary>What was never reached.</summary>
    internal IReadOnlyList<RareState> Missing()
    {
        var missing = new List<RareState>();
        foreach (RareState state in Enum.GetValues<RareState>())
        {
            if (this[state] == 0)
            {
                missing.Add(state);
            }
        }

        return missing;
    }
}
