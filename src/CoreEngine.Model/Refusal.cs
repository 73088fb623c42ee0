using System.Globalization;

namespace CoreEngine.Model;

/// <summary>Why a call was refused: a typed no.</summary>
public enum RefusalCode : byte
{
    /// <summary>Not refused.</summary>
    None = 0,

    /// <summary>No leader is known, and none appeared in two election timeouts.</summary>
    NoLeader,

    /// <summary>This replica does not lead, and forwarding is off. Argument: the leader, or 0.</summary>
    NotLeader,

    /// <summary>The queue of proposals is full. Argument: proposals held.</summary>
    QueueFull,

    /// <summary>The leader holds as much uncommitted work as it may. Argument: bytes uncommitted.</summary>
    UncommittedFull,

    /// <summary>The command is larger than the limit. Arguments: its bytes, the limit.</summary>
    EntryTooLarge,

    /// <summary>A committed entry of another term holds the proposal's index. Arguments: index, that term.</summary>
    Superseded,

    /// <summary>The group stopped on a fault.</summary>
    GroupFaulted,

    /// <summary>The engine is being disposed.</summary>
    Closing,

    /// <summary>
    /// No quorum confirmed the leader's authority in time. Argument: election timeout in milliseconds.
    /// </summary>
    NoQuorum,

    /// <summary>The leader has not yet committed an entry of its own term.</summary>
    NoAnchor,

    /// <summary>The link to the leader cannot take more. Argument: the leader.</summary>
    LinkFull,

    /// <summary>The leader's medium has no room for another log segment.</summary>
    LogFull,

    /// <summary>The leader gave way because its medium completed no write. Argument: for how long, in
    /// milliseconds.</summary>
    DiskStalled,

    /// <summary>The leader gave way because it cannot read an entry of its own log. Argument: its index.</summary>
    LogDamaged = 70,

    /// <summary>This replica holds no lease, or it ended before the answer. Argument: the leader, or 0.</summary>
    LeaseNotHeld = 55,

    /// <summary>The group was opened without leases.</summary>
    LeaseOff = 56,

    /// <summary>The state is older than the read allows, or its age is not known. Arguments: the age in milliseconds
    /// (0: not known), the bound in milliseconds.</summary>
    NotFresh = 57,

    /// <summary>The place was not applied here in time. Arguments: the last index applied, the index wanted.</summary>
    NotReached = 58,

    /// <summary>The state of that place cannot be given any more, or the place is not on this line. Arguments: the
    /// index, the oldest index that can be given (0: none).</summary>
    NoHistory = 59,

    /// <summary>There is no such client session, or no longer. Argument: its number.</summary>
    SessionExpired = 60,

    /// <summary>The sequence has left the session's window. Arguments: the sequence, the window.</summary>
    SequenceTooOld = 61,

    /// <summary>The group holds as many sessions, or keys within their retention, as it may. Argument: how
    /// many.</summary>
    SessionsFull = 62,

    /// <summary>The sequence was settled before its command came: it never takes effect. Argument: the
    /// sequence.</summary>
    SequenceSettled = 63,

    /// <summary>Another command was taken in under this sequence or key. Argument: the index where.</summary>
    RepeatDiffers = 64,

    /// <summary>Another change of members is under way. Argument: its configuration.</summary>
    ChangeInProgress = 40,

    /// <summary>The configuration is not the one that the caller saw. Arguments: expected, in effect.</summary>
    ConfigurationChanged = 41,

    /// <summary>The configuration is not joint: there is nothing to leave. Argument: it.</summary>
    NotJoint = 42,

    /// <summary>The replica is no member. Argument: the replica.</summary>
    NoSuchMember = 43,

    /// <summary>A member cannot be like that. Arguments: the replica, its weight.</summary>
    MemberInvalid = 44,

    /// <summary>The replica is a member in another life, or its life is not known. Arguments: the replica, the
    /// incarnation that is a member, or 0.</summary>
    AnotherIncarnation = 45,

    /// <summary>A learner has not caught up, or was never one. Arguments: the replica, entries missing.</summary>
    LearnerLags = 46,

    /// <summary>No voter with data would be left, or there would be too many members. Arguments: members,
    /// limit.</summary>
    NobodyCouldLead = 47,

    /// <summary>Two quorums would not meet. Arguments: the two, a bit per member in the order of their
    /// numbers.</summary>
    QuorumsDisjoint = 48,

    /// <summary>A quorum would be larger than all votes together. Arguments: its size, all votes.</summary>
    QuorumTooLarge = 49,

    /// <summary>One declared failure domain would hold a quorum. Arguments: the domain, its voters, a bit per
    /// member.</summary>
    QuorumInOneDomain = 80,

    /// <summary>This replica was removed from the group. Argument: the configuration without it.</summary>
    Removed = 81,

    /// <summary>This replica is a witness: it serves nothing.</summary>
    WitnessServesNothing = 82,

    /// <summary>Forced recovery is for a lost quorum, and this replica leads one. Argument: its term.</summary>
    QuorumStands = 83,

    /// <summary>The voters that hold data could elect nobody without a witness. Arguments: their votes, those that
    /// elect.</summary>
    WitnessesNeeded = 84,

    /// <summary>Leadership is being handed over: the old leader takes nothing more, the new one does not lead yet.
    /// Argument: to whom.</summary>
    TransferInProgress = 65,

    /// <summary>The replica named as the next leader may not lead: no voter of the group. Argument: who.</summary>
    TransferTargetUnfit = 66,

    /// <summary>The replica named as the next leader, or every one, is not heard. Argument: who; 0: all.</summary>
    TransferTargetSilent = 67,

    /// <summary>Leadership was not handed over in time; the old leader goes on. Arguments: to whom, the time in
    /// milliseconds.</summary>
    TransferTimedOut = 68,

    /// <summary>Leadership changed, but not as asked. Arguments: to whom it was to go (0: to another), who leads
    /// now.</summary>
    LeadershipMoved = 69,

    /// <summary>
    /// The log no longer holds what follows the asker's position: only a snapshot helps. Arguments: the position
    /// held, T.
    /// </summary>
    BelowTrim = 50,

    /// <summary>The machine gives no snapshots.</summary>
    NoSnapshots = 51,

    /// <summary>The snapshot could not be written. Argument: the system's error number, 0 when the machine
    /// threw.</summary>
    SnapshotFailed = 52,
}

/// <summary>A typed no that names the missing evidence (S2-04); its text is rendered only when somebody asks.</summary>
/// <param name="Code">Which refusal.</param>
/// <param name="First">First argument, by code.</param>
/// <param name="Second">Second argument, by code.</param>
public readonly record struct Refusal(RefusalCode Code, ulong First = 0, ulong Second = 0)
{
    /// <summary>The evidence that is missing.</summary>
    public string MissingEvidence => RefusalText.Of(Code).Missing;

    /// <summary>What cannot be known without it.</summary>
    public string CannotKnow => RefusalText.Of(Code).CannotKnow;

    /// <summary>The invariant that answering anyway would put at risk.</summary>
    public string AtRisk => RefusalText.Of(Code).AtRisk;

    /// <summary>What happened and what to do, for people.</summary>
    public string Statement =>
        string.Format(CultureInfo.InvariantCulture, RefusalText.Of(Code).Statement, First, Second);

    /// <summary>Code and statement.</summary>
    public override string ToString() => $"{Code}: {Statement}";
}
