using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol;

/// <summary>
/// What became of a batch of proposals: a prefix is accepted at consecutive indexes, the rest is refused.
/// </summary>
/// <param name="Accepted">How many proposals, from the first on, are in the log now.</param>
/// <param name="FirstIndex">Index of the first accepted one.</param>
/// <param name="Term">Leader epoch of the accepted ones.</param>
/// <param name="Refusal">Why the rest was not accepted; NotLeader asks the loop to forward.</param>
internal readonly record struct ProposeResult(int Accepted, ulong FirstIndex, ulong Term, Refusal Refusal);

/// <summary>
/// How a received message was judged. Anything but Accepted is counted; nothing from outside is ever asserted or
/// thrown.
/// </summary>
internal enum ReceiveResult : byte
{
    Accepted,

    /// <summary>Well formed, of an older term or round: without effect.</summary>
    Stale,

    /// <summary>From a replica that is no member, or for another one.</summary>
    Stranger,

    /// <summary>The body does not parse, or contradicts itself.</summary>
    Malformed,

    /// <summary>
    /// Contradicts what is proven (a committed entry would change, two leaders in one term): the group must stop.
    /// </summary>
    Contradiction,

    /// <summary>The group has gone on to formats that this build does not speak: it must stop here, and go on with a
    /// newer build (raft.md S57).</summary>
    NewerLevel,
}

/// <summary>
/// The narrow waist: a protocol as a state machine without clock, thread, randomness of its own or I/O. Events go in,
/// <see cref="Outputs"/> come out;
/// the same events give the same outputs, byte for byte.
/// </summary>
/// <remarks>
/// One thread calls it. <see cref="Tick"/> comes first in every turn and sets the time for the calls that follow. The
/// loop honours
/// the outputs at the end of the turn, in the order in which <see cref="Outputs"/> lists them, and then clears them.
/// </remarks>
internal interface IProtocolCore
{
    /// <summary>When the core wants to be ticked next, in monotonic nanoseconds.</summary>
    long Deadline { get; }

    /// <summary>What the loop, operators and metrics may see.</summary>
    CoreStatus Status { get; }

    /// <summary>What progress rests on, for whoever explains why there is none.</summary>
    CoreProgress Progress { get; }

    /// <summary>The group rests: it wants no tick, sends nothing, and relies on <see cref="PeerChanged"/>.</summary>
    bool IsQuiescent { get; }

    /// <summary>Time moves: elections, heartbeats, step-down.</summary>
    void Tick(long monotonicNs, long wallNs, Outputs outputs);

    /// <summary>The next <see cref="Tick"/> at this time would begin an election.</summary>
    bool IsCampaignDue(long monotonicNs);

    /// <summary>The shard has no time for one now: another election timeout passes first.</summary>
    void HoldCampaign(long monotonicNs);

    /// <summary>Appends a prefix of the batch, if this replica leads.</summary>
    ProposeResult Propose(ProposalReader proposals, Outputs outputs);

    /// <summary>A message arrived.</summary>
    ReceiveResult Receive(in Message message, Outputs outputs);

    /// <summary>
    /// Everything that was asked to persist up to and including <paramref name="ticket"/> is on the medium.
    /// </summary>
    void Persisted(ulong ticket, Outputs outputs);

    /// <summary>Whether the medium can take more entries. May be said again and again; comes after the turn's
    /// <see cref="Tick"/>.</summary>
    void RoomNoted(bool hasRoom);

    /// <summary>How many bytes of entries may be under way to one follower, below the core's own bound: other groups
    /// use the links too. May be said again and again.</summary>
    void CreditNoted(int inflightBytes);

    /// <summary>The state machine has taken in everything up to <paramref name="index"/>.</summary>
    void Applied(ulong index, Outputs outputs);

    /// <summary>Asks for a read point; the answer is a <see cref="ReadOutcome"/> with the same id.</summary>
    void Read(ulong readId, Outputs outputs, ReadKind kind = ReadKind.Barrier);

    /// <summary>
    /// True when this replica may answer a read by its lease at a time of its own clock, not before the turn's.
    /// </summary>
    bool HoldsLease(long nowNs);

    /// <summary>Asks the leader to change the members. The change is decided when its entry is committed and, where
    /// it goes through a joint configuration that ends by itself, the one after it.</summary>
    ChangeResult ChangeMembers(MemberChange change, Outputs outputs);

    /// <summary>An operator's word that a quorum is lost for good: begins again with this replica alone. What only the
    /// lost ones held is lost.</summary>
    ChangeResult ForceRecovery(Outputs outputs);

    /// <summary>
    /// The loop has read entries for a peer from the log, as <see cref="Outputs.Loads"/> asked: they lie in the
    /// peer's window.
    /// </summary>
    /// <param name="last">Last entry in the window; below <paramref name="first"/> when nothing could be read.</param>
    void Loaded(uint peer, ulong first, ulong last, Outputs outputs);

    /// <summary>The loop cannot read an entry back that should be in the log; comes before
    /// <see cref="Loaded"/>.</summary>
    /// <param name="last">Last of the entries that were to be read with it.</param>
    /// <returns>False when no peer can give it back: the group must stop.</returns>
    bool Unreadable(ulong first, ulong last, Outputs outputs);

    /// <summary>Entries cannot be read on the medium any more and are still in memory: copies of them are written, as
    /// many as go at once.</summary>
    /// <returns>The last of them; below <paramref name="first"/> when none can be written now.</returns>
    ulong Rewrite(ulong first, ulong last, Outputs outputs);

    /// <summary>Copies of entries are on their way to the medium.</summary>
    bool IsCopying { get; }

    /// <summary>
    /// Asks for another leader; the answer is a <see cref="TransferOutcome"/> with the same id, within the time.
    /// </summary>
    /// <param name="transferId">Not 0.</param>
    /// <param name="target">Who is to lead; 0: whoever is fittest.</param>
    /// <param name="withinNs">Afterwards the old leader goes on. Positive.</param>
    void Transfer(ulong transferId, uint target, long withinNs, Outputs outputs);

    /// <summary>What is known of another replica's node has changed, or is told again.</summary>
    /// <param name="peer">The replica, member of this group or not.</param>
    /// <param name="level">What is known now.</param>
    /// <param name="wasLost">It was silent in between, or has begun another life.</param>
    void PeerChanged(uint peer, Raft.PeerLiveness level, bool wasLost);
    /// <summary>Members that need what the log has given up, by place, as this leader knows them; none when it does not
    /// lead.</summary>
    ulong SnapshotPeers { get; }

    /// <summary>The place of a member in the configuration in effect; -1 for who is none.</summary>
    int PlaceOf(uint replica);

    /// <summary>The member at a place.</summary>
    uint ReplicaAt(int place);

    /// <summary>What every member has certified to hold, as this leader knows it; 0 when it does not lead.</summary>
    ulong SlowestNeed();

    /// <summary>The configuration in effect at an applied index, as a section of a snapshot.</summary>
    /// <returns>False when it is not known any more: the index must be newer.</returns>
    bool TryConfigurationAt(ulong index, out ReadOnlyMemory<byte> section);

    /// <summary>A durable snapshot allows to give up the log's beginning. Comes when the turn's messages have been
    /// gathered.</summary>
    void Trim(in TrimCertificate proof, Outputs outputs);

    /// <summary>A snapshot from elsewhere is durable here. When the log holds its last entry, C rises to it and the
    /// entries are applied as always.</summary>
    /// <returns>False when the log does not hold it: the machine must be restored, then <see
    /// cref="Install"/>.</returns>
    bool TryFastForward(in TrimCertificate proof, Outputs outputs);

    /// <summary>The machine holds a snapshot's state: A stands there, and when the log ends before it, or differs, E,
    /// D, C and T stand there too.</summary>
    /// <param name="proof">Of the snapshot.</param>
    /// <param name="configuration">The section that the snapshot carries.</param>
    /// <param name="outputs">Takes what is to be written.</param>
    /// <returns>False when the configuration makes no sense.</returns>
    bool Install(in TrimCertificate proof, ReadOnlyMemory<byte> configuration, Outputs outputs);

    /// <summary>The link to a peer came up or went down: what was in flight on it may be lost.</summary>
    void LinkChanged(uint peer, bool connected, Outputs outputs);
}

/// <summary>What is known of the group at this replica.</summary>
/// <param name="Role">The replica's part.</param>
/// <param name="Term">Current term.</param>
/// <param name="Leader">The leader of that term, 0 when unknown.</param>
/// <param name="Mode">The consensus domain's mode.</param>
/// <param name="IsRemoved">This replica is no member any more, as far as it has heard.</param>
/// <param name="Repair">What the medium has lost and is asked of the others; default when it is whole.</param>
internal readonly record struct CoreStatus(
    Role Role, ulong Term, uint Leader, Mode Mode, bool IsRemoved = false, Raft.RepairStatus Repair = default);

/// <summary>What progress rests on, in monotonic nanoseconds.</summary>
/// <param name="QuorumHeardNs">When a quorum, ourselves included, was last heard.</param>
/// <param name="MediumWaitsSinceNs">Since when the medium completes nothing of what it was asked to write; 0: nothing
/// waits.</param>
/// <param name="Elections">Campaigns of this replica so far.</param>
/// <param name="ReadRounds">Rounds of confirmed authority in the term that it leads.</param>
/// <param name="LagMax">Leader: entries that the slowest voter misses.</param>
/// <param name="ClosedStamp">The newest closed timestamp: that of the last entry known committed; 0: none.</param>
/// <param name="IsLeased">Leader: it holds a lease now.</param>
internal readonly record struct CoreProgress(
    long QuorumHeardNs,
    long MediumWaitsSinceNs,
    ulong Elections,
    ulong ReadRounds,
    ulong LagMax,
    ulong ClosedStamp = 0,
    bool IsLeased = false);

/// <summary>A replica's part in its group.</summary>
internal enum Role : byte
{
    Follower = 0,
    PreCandidate,
    Candidate,
    Leader,
}

/// <summary>What kind of read point is asked for.</summary>
internal enum ReadKind : byte
{
    /// <summary>A quorum confirms after the call.</summary>
    Barrier = 0,

    /// <summary>By the leader's lease.</summary>
    Lease,

    /// <summary>A quorum confirms after the call; of one key, so that a leader without an anchor may answer.</summary>
    Key,
}
