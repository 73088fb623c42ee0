using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Quorums;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Time;

namespace CoreEngine.Protocol.Raft;

/// <summary>The variables of one replica of one group, by the paper's names (Raft paper, figure 2). Rules move
/// them.</summary>
internal sealed class RaftState
{
    internal readonly RaftOptions Options;
    internal readonly Prng Chance;
    internal readonly Frontiers Frontiers = new();

    /// <summary>The log: terms of all of it, records of its end.</summary>
    internal readonly LogSuffix Log;

    internal readonly AppendTickets Appends = new();

    /// <summary>Leader: reads that wait for a round. In the order of their rounds.</summary>
    internal readonly ReadQueue Reads;

    /// <summary>Follower: own reads that wait for the leader's answer. In the order of their requests.</summary>
    internal readonly ReadQueue Asked;

    /// <summary>Leader: reads of one key that wait for a round and not for the anchor.</summary>
    internal ReadQueue KeyReads = ReadQueue.None;

    /// <summary>Leases, ours and those of predecessors.</summary>
    internal readonly LeaseState Lease;

    /// <summary>What the medium has lost, and what is done about it.</summary>
    internal readonly RepairState Repair;

    internal HybridClock Clock;

    /// <summary>currentTerm. Never falls.</summary>
    internal ulong Term;

    /// <summary>votedFor in <see cref="Term"/>; 0 for nobody. Changes once per term.</summary>
    internal uint Vote;

    internal Role Role;

    /// <summary>Whom we follow or, when we lead, ourselves; 0 when nobody is known to be alive.</summary>
    internal uint Leader;

    /// <summary>Who was ever seen leading <see cref="Term"/>; another one contradicts election safety.</summary>
    internal uint LeaderOfTerm;

    /// <summary>Some leader was seen since the start.</summary>
    internal bool WasLed;

    /// <summary>Proves C; default until the first commit is known.</summary>
    internal CommitCertificate CommitProof;

    /// <summary>Proves that we lead; default when we do not.</summary>
    internal AuthorityCertificate Authority;

    /// <summary>What an earlier life knew committed, as far as the log still holds it. Not C: it carries no
    /// certificate.</summary>
    internal readonly ulong CommitFloor;

    /// <summary>Time of this turn, monotonic and wall.</summary>
    internal long NowNs;
    internal long WallNs;

    /// <summary>Counts turns.</summary>
    internal ulong Turn;

    internal long ElectionTimeoutNs;
    internal long ElectionDeadlineNs;

    /// <summary>What our priority adds to every timeout.</summary>
    internal long PriorityDelayNs;

    /// <summary>When the leader was last heard, or we left leadership.</summary>
    internal long LeaderHeardNs;
    internal long HeartbeatDeadlineNs;

    /// <summary>Candidate: who has granted, by place. Our own bit only once our vote is durable.</summary>
    internal ulong Grants;

    /// <summary>Numbers the pre-vote rounds, so that grants of an old one do not count.</summary>
    internal ulong Campaign;

    /// <summary>The next ticket; all below were given out.</summary>
    internal ulong NextTicket = 1;

    /// <summary>Everything up to this ticket is on the medium.</summary>
    internal ulong DurableTicket;

    /// <summary>The newest write of term and vote.</summary>
    internal ulong HardStateTicket;

    /// <summary>Follower: up to here our log is known to match that of this term's leader.</summary>
    internal ulong Matched;

    /// <summary>Follower: what we acknowledged last to this term's leader.</summary>
    internal ulong Acknowledged;

    /// <summary>Follower: the newest read round seen of this term's leader.</summary>
    internal ulong RoundSeen;

    /// <summary>Leader: the newest read round started in this term, and the turn in which it was.</summary>
    internal ulong Round;
    internal ulong RoundTurn;

    /// <summary>Follower: the newest read request sent, and the turn in which it was. Random start: an earlier life's
    /// replies must not fit.</summary>
    internal ulong Request;
    internal ulong RequestTurn;

    /// <summary>When the medium last completed something, or had nothing to write.</summary>
    internal long MediumMovedNs;

    /// <summary>The medium can take more entries, as the loop says.</summary>
    internal bool HasRoom = true;

    /// <summary>No room: since when, or since when we lead without it.</summary>
    internal long FullSinceNs;

    /// <summary>How long we lead without room; doubles each time that it ended a leadership.</summary>
    internal long FullPatienceNs;

    /// <summary>The change of leaders that is under way, if one is.</summary>
    internal readonly TransferState Transfer = new();

    /// <summary>How fast our medium is.</summary>
    internal readonly FlushMeter Flush = new();

    /// <summary>Leader: since when our medium is far slower than the peers', 0 when it is not; how many writes were
    /// measured by then; how long we bear it.</summary>
    internal long SlowSinceNs;
    internal long SlowSinceCount;
    internal long SlowPatienceNs;

    /// <summary>Leader: C rose, and followers were not told yet. The next tick tells those who wait for it, and all at
    /// <see cref="NoticeDeadlineNs"/>, if no entries did before.</summary>
    internal bool IsNoticeOwed;
    internal long NoticeDeadlineNs;

    /// <summary>The group rests: as leader we send no heartbeats, as follower we trust the life of the leader's node.
    /// Moved by <see cref="Quiescence"/>.</summary>
    internal bool IsQuiescent;

    /// <summary>We led and asked to be trusted, and have followed nobody since: some follower may trust us
    /// still.</summary>
    internal bool MayBeTrusted;

    /// <summary>Leader: the last heartbeat was a question whether the group may rest.</summary>
    internal bool WasAsked;

    /// <summary>Leader: since when nothing happened in the group.</summary>
    internal long QuietSinceNs;

    /// <summary>Leader: some follower waits for the notice; see <see cref="Progress.Awaited"/>.</summary>
    internal bool IsNoticeAwaited;

    internal RaftState(RaftOptions options, in RaftRecovery recovered)
    {
        options.Verify();
        Options = options;
        Chance = new Prng(options.Seed);
        Log = recovered.Log;
        Term = recovered.Term;
        Vote = recovered.Vote;
        CommitFloor = ulong.Min(recovered.Commit, Log.LastIndex);
        if (Log.Configurations.Base.Epoch == 0)
        {
            Log.Configurations.SetBase(options.First);
        }

        Request = Chance.Next() >> 1;

        // Another number of the same life; drawing one more would move every timeout.
        Repair = new RepairState(recovered.Doubt, new Prng(Request).Next() >> 1);
        Configuration = Configuration.None;
        Quorum = new QuorumSystem(Configuration);
        Peers = [];
        Self = -1;
        ConfigurationRule.Follow(this);
        if (options.Founders is { } founders)
        {
            Founders = new ulong[founders.Members.Length];
        }

        Reads = new ReadQueue(options.ReadsMax);
        Asked = new ReadQueue(options.ReadsMax);
        bool isTimed = options.LeaseNs > 0 || options.CloseTargetNs > 0;
        Lease = isTimed ? new LeaseState(options.ReadsMax) : LeaseState.None;
        FullPatienceNs = options.StallNs;
        SlowPatienceNs = options.StallNs;
        if (recovered.Base.IsValid)
        {
            Frontiers.Recover(new SyncCompletion(Log.LastIndex), recovered.Base);
            CommitProof = Frontiers.Proof;
            Clock.Observe(CommitProof.Stamp);
        }
        else
        {
            Frontiers.Recover(new SyncCompletion(Log.LastIndex));
        }

        if (Log.FirstCached <= Log.LastIndex)
        {
            Clock.Observe(Log.StampAt(Log.LastIndex));
        }

        Invariant.Holds(Log.LastTerm <= Term);
    }

    /// <summary>The configuration in effect: the newest in the log. Moved by <see cref="ConfigurationRule"/>.</summary>
    internal Configuration Configuration { get; private set; }

    /// <summary>Counts by <see cref="Configuration"/>.</summary>
    internal QuorumSystem Quorum { get; private set; }

    /// <summary>Our place among the members; -1 when we are none.</summary>
    internal int Self { get; private set; }

    /// <summary>By place; ours is not used. Means something while we lead.</summary>
    internal Progress[] Peers { get; private set; }

    internal ulong ConfigEpoch => Configuration.Epoch;

    /// <summary>The life under which our word counts.</summary>
    internal ulong Incarnation => ForcedRecovery.IncarnationOf(this);

    /// <summary>We vote, and nobody else does: nobody else could lead.</summary>
    internal bool IsAlone => Quorum.VoterCount == 1 && Quorum.IsVoter(Self);

    /// <summary>Incarnations of the founders heard so far, by place in the plan, 0 for none yet; null when we are
    /// no founder.</summary>
    internal readonly ulong[]? Founders;

    /// <summary>Bytes of entries that may be under way to one follower now, below the options' bound.</summary>
    internal int InflightCreditBytes = int.MaxValue;

    /// <summary>Somebody has founded the group: only the rows of such count.</summary>
    internal bool IsFounded;

    /// <summary>The group has begun without us, or gone on since: we wait to hear of it from its leader.</summary>
    internal bool IsFoundedElsewhere;
    internal long FoundingDeadlineNs;

    /// <summary>Nanoseconds between the last two times.</summary>
    internal long FoundingPauseNs;

    /// <summary>Of the first configuration that we were told; 0 while nobody asked.</summary>
    internal ulong PlanDigest;

    /// <summary>A configuration without us, as a member told; means something while it is newer than ours.</summary>
    internal ulong RemovedAt;

    internal ulong LastIndex => Log.LastIndex;

    internal ulong CommitIndex => Frontiers.Committed;

    /// <summary>An entry of our own term is committed: only then is the commit index known to be the newest (Raft
    /// paper, 8).</summary>
    internal bool IsAnchored => CommitProof.IsValid && Log.TermAt(CommitIndex) == Term;

    /// <summary>Our own bit in a bitmap of members; none when we are no member.</summary>
    internal ulong SelfBit => Self < 0 ? 0 : 1UL << Self;

    /// <summary>Nothing is under way: memory that was needed for that is given back.</summary>
    internal void Rest()
    {
        foreach (Progress peer in Peers)
        {
            if (peer.Inflights.Count == 0)
            {
                peer.Inflights.Rest();
            }
        }

        Reads.Rest();
        Asked.Rest();
    }

    /// <summary>Another configuration is in effect: tables go by its places.</summary>
    internal void Adopt(Configuration configuration, QuorumSystem quorum, Progress[] peers)
    {
        Invariant.Holds(peers.Length == quorum.Count);
        Configuration = configuration;
        Quorum = quorum;
        Self = quorum.PlaceOf(Options.Replica);
        Peers = peers;
        PriorityDelayNs = ElectionPriority.DelayNs(this);
    }

    /// <summary>A header from us to the member at a place, in our term.</summary>
    internal MessageHeader HeaderTo(MessageType type, int place, ulong sequence = 0, ulong correlation = 0) =>
        HeaderTo(type, Quorum.VoterAt(place), sequence, correlation);

    /// <summary>A header from us to a replica, member or not, in our term.</summary>
    internal MessageHeader HeaderTo(MessageType type, uint replica, ulong sequence = 0, ulong correlation = 0) =>
        new(type, Options.Group, Options.Replica, replica, Term, sequence, correlation);
}
