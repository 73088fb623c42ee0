using System;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using CoreEngine.Recovery;
using CoreEngine.Simulation.Faults;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>Everything that watches a world, after every turn of every replica and at every frame.</summary>
internal sealed class Monitors(World world) : IFrameWatcher
{
    private readonly (ulong Commit, int Files)[] _passed = new (ulong, int)[world.Options.Replicas + 1];
    private readonly bool[] _led = new bool[world.Options.Replicas + 1];

    internal TrunkChecker Trunk { get; } = new(world);

    internal ElectionSafety Elections { get; } = new(world);

    internal CommittedPrefix Prefix { get; } = new(world);

    internal ConfigurationHistory Configurations { get; } = new(world);

    internal MemberChecker Members { get; } = new(world);

    internal FrontierChecker Frontiers { get; } = new(world);

    internal DurableQuorum Durability { get; } = new(world);

    internal ReadChecker Reads { get; } = new(world);

    internal LevelChecker Levels { get; } = new(world);

    internal ReadRounds Rounds { get; } = new(world);

    internal CertificateChecker Certificates { get; } = new(world);

    internal AuthorityChecker Authority { get; } = new(world);

    internal TransferChecker Transfers { get; } = new(world);

    internal SessionChecker Sessions { get; } = new(world);
    internal OtherGroups Others { get; } = new(world);

    internal RestChecker Rest { get; } = new(world);

    internal RepairChecker Repairs { get; } = new(world);

    internal SnapshotChecker Snapshots { get; } = new(world);

    internal RareStates Rare { get; } = new();

    /// <summary>Strikes at rare places; null in scripted worlds.</summary>
    internal Buggify? Buggify { get; set; }

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        bool isTruncated = Frontiers.Observe(replica);
        Prefix.Observe(replica);
        Configurations.Observe(replica);
        Rare.Sometimes(RareState.TailTruncated, isTruncated);
        Durability.Observe(replica, isTruncated);
        Authority.Observe(replica);
        Transfers.Observe(replica);
        Rest.Observe(replica);
        Others.Observe(replica);
        Visit(replica, isTruncated);
        Snapshots.Observe(replica);
        Trunk.Observe(replica);
        Sessions.Observe(replica);
        Repairs.Observe(replica);
        string? complaint = replica.Machine.Hosted?.Complaint;
        world.Check(Monitor.HostInvariant, complaint is null, $"replica {replica.Number}: {complaint}");
        if (Elections.Observe(replica))
        {
            Prefix.CheckLeader(replica);
            Certificates.Won(replica);
            Members.Won(replica);
            Transfers.Won(replica);
            Buggify?.Visit(BuggifySite.ElectionWon, replica.Number);
            Buggify?.Visit(BuggifySite.Winning, replica.Number);
            Buggify?.Visit(BuggifySite.Leading, replica.Number);
        }

        Rounds.Observe(replica);
        Levels.Observe(replica);
        Certificates.Observe(replica);
        MemoryChecker.Check(world, replica);
        bool leads = replica.IsLeader;
        if (leads != _led[replica.Number])
        {
            Rare.Sometimes(RareState.LeaderSteppedDown, !leads);
            _led[replica.Number] = leads;
            Rare.Sometimes(RareState.TwoLeadersAlive, leads && LeadersAlive() > 1);
        }
    }

    /// <summary>Passes the rare places of a turn.</summary>
    private void Visit(SimulatedReplica replica, bool truncated)
    {
        ref (ulong Commit, int Files) seen = ref _passed[replica.Number];
        (ulong commit, int files) = (replica.Core.CommitIndex, replica.Disk.Names.Count);
        if (truncated)
        {
            Buggify?.Visit(BuggifySite.Truncated, replica.Number);
        }

        if (files > seen.Files && seen.Files > 0)
        {
            Buggify?.Visit(BuggifySite.NewSegment, replica.Number);
        }

        if (commit > seen.Commit && replica.IsLeader)
        {
            Buggify?.Visit(BuggifySite.Committed, replica.Number);
        }

        seen = (commit, files);
    }

    /// <summary>A directory was formatted anew: what it held and promised is lost with leave.</summary>
    internal void Wiped(SimulatedReplica replica)
    {
        Frontiers.Wiped(replica);
        Elections.Wiped(replica.Number);
    }

    /// <summary>A replica has recovered.</summary>
    internal void Restarted(SimulatedReplica replica, RecoveredGroup found)
    {
        ulong recovered = found.Suffix.LastIndex;
        _passed[replica.Number] = (0, replica.Disk.Names.Count);
        Rare.Sometimes(RareState.CommittedTailTorn, replica.Report!.IsTailCut && recovered < Prefix.Length);
        _led[replica.Number] = false;
        Frontiers.Restarted(replica, recovered, (found.Doubt & Doubt.Log) != 0, found.IsBehindSnapshot);
        Repairs.Restarted(replica, found);
        Prefix.Restarted(replica);
        Rest.Restarted(replica);
        Certificates.Restarted(replica);
        Rare.Sometimes(RareState.TornTailCut, replica.Report!.IsTailCut);
    }

    /// <summary>A proposer was answered.</summary>
    internal void Answered(SimulatedReplica replica, ulong value, in Receipt receipt)
    {
        if (receipt.Outcome == Outcome.Committed)
        {
            Trunk.Acknowledge(value, receipt);
            Levels.Acknowledged(receipt);
            CheckCommitted(replica, receipt);
            Durability.Acknowledged(receipt);
            Certificates.Shown(receipt.Certificate);
            Rare.Sometimes(RareState.ForwardedAnswered, !replica.IsLeader);
            Buggify?.Visit(BuggifySite.Answered, replica.Number);
        }

        if (receipt.Outcome == Outcome.Acknowledged)
        {
            CheckAcknowledged(value, receipt);
        }

        Rare.Sometimes(RareState.ProposalUnknown, receipt.Outcome == Outcome.Unknown);
        Rare.Sometimes(RareState.ProposalSuperseded, receipt.Refusal.Code == RefusalCode.Superseded);
        Rare.Sometimes(RareState.DiskFull, receipt.Refusal.Code == RefusalCode.LogFull);
    }

    /// <summary>A read was answered.</summary>
    internal void ReadEnded(
        SimulatedReplica replica, in Read read, int floor, long askedNs, in QueryResult<int> result)
    {
        if (result.Point.IsGranted)
        {
            bool isFresh = !read.HasKey && (read.Level is ReadLevel.Linearizable or ReadLevel.Lease);
            if (isFresh)
            {
                Reads.Ended(replica.Number, floor, result);
                Rare.Sometimes(RareState.ReadAtFollower, replica.IsRunning && !replica.IsLeader);
                Rare.Sometimes(
                    RareState.ReadByLease, result.Point.Certificate.Proof == Model.Certificates.ReadProof.Lease);
            }

            if (result.Point.Certificate.Proof == Model.Certificates.ReadProof.QuorumBarrier)
            {
                Rounds.Granted(replica.Number, askedNs, result.Point.Certificate);
            }

            if (result.Point.Certificate.IsValid)
            {
                Certificates.Shown(result.Point.Certificate);
            }

            Levels.Ended(replica, read, result);
            Rare.Sometimes(RareState.ReadStale, read.Level == ReadLevel.Stale);
            Rare.Sometimes(RareState.ReadByToken, read.Level == ReadLevel.AtLeast);
        }

        Rare.Sometimes(RareState.LeaseReadRefused, result.Point.Refusal.Code == RefusalCode.LeaseNotHeld);
        Rare.Sometimes(RareState.TooStale, result.Point.Refusal.Code == RefusalCode.NotFresh);

        Rare.Sometimes(RareState.ReadRefusedNoQuorum, result.Point.Refusal.Code == RefusalCode.NoQuorum);
    }

    public void OnSent(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if (header.Group > 1)
        {
            return;
        }

        world.Tracer?.Sent(header, body);
        Rest.Sent(header);
        if (header.Type is (byte)MessageType.VoteRequest or (byte)MessageType.TimeoutNow)
        {
            OnCampaign(header, body);
        }
        else if (header.Type == (byte)MessageType.PreVoteReply && VoteReplyBody.TryRead(body, out VoteReplyBody would))
        {
            if (would.Granted)
            {
                Authority.PreVoted(world[header.From], header.Term, header.To);
            }
        }
        else if (header.Type == (byte)MessageType.VoteReply && VoteReplyBody.TryRead(body, out VoteReplyBody vote))
        {
            if (vote.Granted)
            {
                Elections.Granted(header.From, world[header.From].Incarnation, header.Term, header.To);
                Certificates.Evidence.Voted(header.From, vote.Incarnation, header.Term, header.To);
                Buggify?.Visit(BuggifySite.VoteSent, header.From);
            }
        }
        else if (header.Type != (byte)MessageType.AppendReply)
        {
            PassEntries(header);
        }
        else if (AppendReplyBody.TryRead(body, out AppendReplyBody reply)
            && reply.Verdict != AppendVerdict.OldTerm)
        {
            Durability.Claimed(world[header.From], header.Term, reply.Durable);
            Buggify?.Visit(BuggifySite.AckSent, header.From);
            Certificates.Evidence.HeldDurably(header.From, reply.Incarnation, header.Term, reply.Durable);
            Certificates.Evidence.Confirmed(header.From, reply.Incarnation, header.Term, header.Sequence);
        }
    }

    private void OnCampaign(in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if (header.Type == (byte)MessageType.TimeoutNow)
        {
            bool isTold = TimeoutNowBody.TryRead(body, out TimeoutNowBody told);
            Invariant.Holds(isTold);
            Transfers.Told(header, told);
            return;
        }

        if (VoteRequestBody.TryRead(body, out VoteRequestBody asked) && asked.IsTransfer)
        {
            Transfers.Campaigns(header.From, header.Term);
        }

        Authority.VoteAsked(header.From, header.Term);
    }

    /// <summary>Less than a quorum was asked for: the level says who held it, and nothing claims a commit.</summary>
    private void CheckAcknowledged(ulong value, in Receipt receipt)
    {
        world.Check(
            Monitor.ReceiptEvidence,
            !receipt.Certificate.IsValid && receipt.Durability < Model.Durability.QuorumDurable,
            $"value {value} is acknowledged at {receipt.Durability}, with a certificate");
        ulong term = receipt.Coordinate.LeaderEpoch;
        ulong index = receipt.Coordinate.Index;
        world.Check(
            Monitor.AnswerDurable,
            receipt.Durability == Model.Durability.Memory || Certificates.Evidence.IsHeldDurably(term, index)
                || IsFlushed(term, index),
            $"value {value} is acknowledged at index {index} of term {term}, and no medium holds it");
        Rare.Sometimes(RareState.AcknowledgedInMemory, receipt.Durability == Model.Durability.Memory);
        Rare.Sometimes(RareState.AcknowledgedLocally, receipt.Durability == Model.Durability.LocalDurable);
    }

    /// <summary>In the turn at hand: the history of flushes is written after it.</summary>
    private bool IsFlushed(ulong term, ulong index)
    {
        bool isFlushed = false;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            isFlushed |= replica.IsRunning
                && replica.Core.Frontiers.Durable >= index
                && replica.Core.Log.TermAt(index) == term;
        }

        foreach (SimulatedReplica replica in world.Replicas)
        {
            isFlushed = isFlushed || replica.HasFlushed(index, term);
        }

        return isFlushed;
    }

    /// <summary>Nothing is told before the replica that tells it knows it committed.</summary>
    private void CheckCommitted(SimulatedReplica replica, in Receipt receipt)
    {
        ulong index = receipt.Coordinate.Index;
        ulong committed = replica.Core.CommitIndex;
        world.Check(
            Monitor.ReceiptEvidence,
            index <= committed,
            $"replica {replica.Number} answered index {index}, it knows {committed} committed");
    }

    /// <summary>Entries went out: a follower may soon hear old ones again.</summary>
    private void PassEntries(in FrameHeader header)
    {
        if (header.Type == (byte)MessageType.AppendEntries)
        {
            Buggify?.Visit(BuggifySite.EntriesSent, header.From);
        }
    }

    public void OnDelivered(in FrameHeader header)
    {
        if (header.Group > 1)
        {
            return;
        }

        Rest.Delivered(header);
        SimulatedReplica replica = world[header.To];
        if (header.Type == (byte)MessageType.TimeoutNow)
        {
            Transfers.Arrived(header);
        }

        bool isLate = replica.IsRunning && header.Term < replica.Core.Term;
        Rare.Sometimes(RareState.LateAckHeard, isLate && header.Type == (byte)MessageType.AppendReply);
        Rare.Sometimes(RareState.LateVoteHeard, isLate && header.Type == (byte)MessageType.VoteReply);
    }

    private int LeadersAlive()
    {
        int leaders = 0;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            leaders += replica.IsLeader ? 1 : 0;
        }

        return leaders;
    }
}
