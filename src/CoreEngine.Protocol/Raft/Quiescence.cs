using CoreEngine.Model;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Time;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>What the loop knows of another replica's node.</summary>
internal enum PeerLiveness : byte
{
    /// <summary>Not heard for an election timeout.</summary>
    Silent = 0,

    /// <summary>Heard, but it does not hear us.</summary>
    Heard,

    /// <summary>Heard, and hears us.</summary>
    Alive,
}

/// <summary>
/// An idle group sends nothing: its leader stops the heartbeats, its followers trust the life of the leader's node in
/// place of them (after CockroachDB's quiescence and store liveness).
/// </summary>
/// <remarks>
/// A question of liveness alone. Terms, votes, logs and certificates know nothing of it: a follower that trusts wrongly
/// campaigns too late, one that mistrusts wrongly campaigns in vain.
/// A leader rests when all its log is committed and every member whose node is alive has agreed to hold all of it. A
/// follower that trusts is set free when the leader's node falls silent or begins another life, and when the leader
/// says that it leads no more: it says so by asking for votes itself, or by <see cref="QuiesceKind.Wake"/>, again and
/// again while it knows no leader. What is lost on the way costs a timeout: a follower that has not agreed keeps its
/// timer, and its campaign wakes the leader. A member whose node was silent may lag: the leader wakes when that node
/// comes back.
/// </remarks>
internal static class Quiescence
{
    /// <summary>Leader: true while it rests. When something came up that no other rule has told of, it wakes; at the
    /// time of a heartbeat it begins to rest, if it may.</summary>
    internal static bool Rests(RaftState state)
    {
        Invariant.Holds(state.Role == Role.Leader);
        if (state.IsQuiescent && !IsIdle(state))
        {
            Touch(state);
        }
        else if (!state.IsQuiescent && state.NowNs >= state.HeartbeatDeadlineNs && MayAsk(state))
        {
            RestIfAgreed(state);
        }

        return state.IsQuiescent;
    }

    /// <summary>Leader, at the time of a heartbeat: has the group been idle for long, asks the followers to let it
    /// rest, every other time.</summary>
    /// <remarks>Never beside a heartbeat, which would wake the follower that it reaches later; and never always, since
    /// a follower that has not heard of the last commit cannot agree.</remarks>
    /// <returns>False when it is time for a heartbeat.</returns>
    internal static bool TryAsk(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        state.WasAsked = !state.WasAsked && MayAsk(state);
        if (!state.WasAsked)
        {
            return false;
        }

        state.MayBeTrusted = true;
        for (int i = 0; i < state.Peers.Length; i++)
        {
            if (i != state.Self && !state.Peers[i].IsNodeSilent)
            {
                Send(state, state.Quorum.VoterAt(i), QuiesceKind.Ask, state.LastIndex, outputs);
            }
        }

        return true;
    }

    /// <summary>True for a follower that has agreed to rest: a heartbeat would wake it.</summary>
    internal static bool HasAgreed(RaftState state, Progress peer) =>
        peer.AgreedAt != 0 && peer.AgreedAt == state.LastIndex;

    /// <summary>Something is asked of the group: a leader goes on with its heartbeats, a follower with its
    /// timer.</summary>
    internal static void Touch(RaftState state)
    {
        state.QuietSinceNs = state.NowNs;
        if (!state.IsQuiescent)
        {
            Forget(state);
            return;
        }

        state.IsQuiescent = false;
        if (state.Role != Role.Leader)
        {
            state.LeaderHeardNs = state.NowNs;
            Election.RestartTimer(state);
            return;
        }

        // Nobody was asked for an answer: their silence begins now.
        Forget(state);
        state.HeartbeatDeadlineNs = state.NowNs;
        foreach (Progress peer in state.Peers)
        {
            peer.ContactNs = state.NowNs;
        }
    }

    /// <summary>Something is to be sent after all: a leader at rest wakes.</summary>
    internal static void TouchLeader(RaftState state)
    {
        if (state.Role == Role.Leader && state.IsQuiescent)
        {
            Touch(state);
        }
    }

    /// <summary>A message is about to be taken: some of them wake us.</summary>
    internal static void Hear(RaftState state, int place, in MessageHeader header)
    {
        if (state.Role == Role.Leader)
        {
            bool isAnswer = header.Type is MessageType.AppendReply or MessageType.Quiesce;
            if (!isAnswer || (state.IsQuiescent && place >= 0 && state.Peers[place].Match != state.LastIndex))
            {
                Touch(state);
            }
        }
        else if (state.IsQuiescent
            && header.From == state.Leader
            && header.Type is MessageType.PreVoteRequest or MessageType.VoteRequest)
        {
            // Whom we trust to lead asks for votes.
            LoseLeader(state);
        }
    }

    /// <summary>A Quiesce message, of any kind.</summary>
    internal static ReceiveResult OnQuiesce(RaftState state, int place, in Message message, Outputs outputs)
    {
        MessageHeader header = message.Header;
        if (!QuiesceBody.TryRead(message.Body, out QuiesceBody body))
        {
            return ReceiveResult.Malformed;
        }

        if (header.Term != state.Term)
        {
            return OnOtherTerm(state, header, body, outputs);
        }

        switch (body.Kind)
        {
            case QuiesceKind.Ask:
                return OnAsk(state, header, outputs);
            case QuiesceKind.Agree:
                return OnAgree(state, place, header, body);
            default:
                if (state.IsQuiescent && state.Role != Role.Leader && header.From == state.Leader)
                {
                    LoseLeader(state);
                }

                return ReceiveResult.Accepted;
        }
    }

    /// <summary>What is known of a member's node has changed.</summary>
    /// <param name="state">The replica's.</param>
    /// <param name="peer">The member.</param>
    /// <param name="level">What is known now.</param>
    /// <param name="wasLost">It was silent in between, or has begun another life.</param>
    internal static void OnPeerChanged(RaftState state, uint peer, PeerLiveness level, bool wasLost)
    {
        int place = state.Quorum.PlaceOf(peer);
        if (place < 0 || place == state.Self)
        {
            return;
        }

        Progress progress = state.Peers[place];
        bool wasSilent = progress.IsNodeSilent || wasLost;
        progress.IsNodeSilent = level != PeerLiveness.Alive;
        if (!state.IsQuiescent)
        {
            return;
        }

        if (state.Role != Role.Leader)
        {
            if (state.Leader == peer && (wasLost || level == PeerLiveness.Silent))
            {
                LoseLeader(state);
            }
        }
        else if ((wasSilent && !progress.IsNodeSilent) || !HasQuorumAlive(state))
        {
            Touch(state);
        }
    }

    /// <summary>We know no leader and cannot campaign: nobody may go on trusting us.</summary>
    internal static void SendWakes(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role != Role.Leader);
        for (int i = 0; state.MayBeTrusted && i < state.Peers.Length; i++)
        {
            if (i != state.Self)
            {
                Send(state, state.Quorum.VoterAt(i), QuiesceKind.Wake, 0, outputs);
            }
        }
    }

    private static ReceiveResult OnOtherTerm(
        RaftState state, in MessageHeader header, in QuiesceBody body, Outputs outputs)
    {
        // Who led an older term leads no more, whatever its term is now.
        bool isTrusted = state.IsQuiescent && state.Role != Role.Leader && header.From == state.Leader;
        if (isTrusted && body.Kind == QuiesceKind.Wake)
        {
            LoseLeader(state);
        }

        if (header.Term < state.Term)
        {
            if (body.Kind == QuiesceKind.Ask)
            {
                // It rests in a term that has passed: our term tells it.
                Send(state, header.From, QuiesceKind.Wake, 0, outputs);
            }

            return ReceiveResult.Stale;
        }

        if (body.Kind == QuiesceKind.Wake && state.Role == Role.Leader)
        {
            Election.AdoptTerm(state, header.Term, 0, outputs);
        }

        // A newer leader's entries are still to come.
        return ReceiveResult.Accepted;
    }

    private static ReceiveResult OnAsk(RaftState state, in MessageHeader header, Outputs outputs)
    {
        if (state.Role != Role.Follower || state.Leader != header.From)
        {
            return ReceiveResult.Stale;
        }

        state.LeaderHeardNs = state.NowNs;
        state.ElectionDeadlineNs = state.NowNs + state.ElectionTimeoutNs;
        bool hasAll = header.Sequence == state.LastIndex
            && state.CommitIndex == state.LastIndex
            && state.Matched == state.LastIndex
            && !Claims.IsDamaged(state)
            && state.Frontiers.Durable == state.LastIndex;
        if (hasAll && state.Options.QuiesceAfterNs > 0 && state.Asked.Count == 0)
        {
            state.IsQuiescent = true;
            state.Rest();
            Send(state, header.From, QuiesceKind.Agree, state.LastIndex, outputs);
        }

        return ReceiveResult.Accepted;
    }

    private static ReceiveResult OnAgree(RaftState state, int place, in MessageHeader header, in QuiesceBody body)
    {
        if (state.Role != Role.Leader)
        {
            return ReceiveResult.Stale;
        }

        Progress peer = state.Peers[place];
        if (peer.Incarnation != body.Incarnation)
        {
            return ReceiveResult.Stranger;
        }

        // A late one may tell of an idle time before this one.
        bool isIdle = IsIdle(state) && header.Sequence == state.LastIndex
            && state.NowNs - state.QuietSinceNs >= state.Options.QuiesceAfterNs;
        if (!isIdle)
        {
            return ReceiveResult.Stale;
        }

        peer.AgreedAt = header.Sequence;
        peer.ContactNs = state.NowNs;
        RestIfAgreed(state);
        return ReceiveResult.Accepted;
    }

    private static bool MayAsk(RaftState state)
    {
        if (state.Options.QuiesceAfterNs == 0)
        {
            return false;
        }

        if (!IsIdle(state))
        {
            state.QuietSinceNs = state.NowNs;
            Forget(state);
        }

        return state.NowNs - state.QuietSinceNs >= state.Options.QuiesceAfterNs;
    }

    private static void RestIfAgreed(RaftState state)
    {
        for (int i = 0; i < state.Peers.Length; i++)
        {
            Progress peer = state.Peers[i];
            if (i != state.Self && !peer.IsNodeSilent && !HasAgreed(state, peer))
            {
                return;
            }
        }

        Invariant.Holds(state.CommitIndex == state.LastIndex);
        state.IsQuiescent = true;
        state.IsNoticeOwed = false;
        state.IsNoticeAwaited = false;
        state.Rest();
    }

    /// <summary>The leader that we trusted is gone: campaigns begin as if we had listened to heartbeats, spread over
    /// the same time.</summary>
    private static void LoseLeader(RaftState state)
    {
        Invariant.Holds(state.Role != Role.Leader);
        state.IsQuiescent = false;
        state.LeaderHeardNs = state.NowNs - state.Options.ElectionMinNs;
        long spread = state.Options.ElectionMaxNs - state.Options.ElectionMinNs;
        state.ElectionDeadlineNs = state.NowNs + state.Chance.Between(0, spread);
    }

    /// <summary>Leader: nothing is under way, and whoever is alive has everything and knows that it is
    /// committed.</summary>
    private static bool IsIdle(RaftState state)
    {
        bool isDone = state.IsAnchored
            && state.CommitIndex == state.LastIndex
            && state.Frontiers.Durable == state.LastIndex
            && state.Reads.Count == 0
            && !state.Configuration.IsJoint
            && ConfigurationRule.MayCampaign(state)
            && !IsTimed(state)
            && HasQuorumAlive(state);
        for (int i = 0; isDone && i < state.Peers.Length; i++)
        {
            Progress peer = state.Peers[i];
            bool hasAll = peer.Match == state.LastIndex && peer.CommitSent == state.CommitIndex;
            isDone = !state.Configuration.Members[i].IsPromoted && (i == state.Self || peer.IsNodeSilent || hasAll);
        }

        return isDone;
    }

    /// <summary>Some other rule wants to be ticked: for repair, a transfer, leases, time to be closed.</summary>
    private static bool IsTimed(RaftState state) => Claims.IsDamaged(state)
        || LeaderTransfer.Deadline(state) != long.MaxValue
        || Lease.Deadline(state) != long.MaxValue
        || ClosedTime.Deadline(state) != long.MaxValue;

    private static bool HasQuorumAlive(RaftState state)
    {
        ulong alive = state.SelfBit;
        for (int i = 0; i < state.Peers.Length; i++)
        {
            alive |= i != state.Self && !state.Peers[i].IsNodeSilent ? 1UL << i : 0;
        }

        return state.Quorum.IsQuorum(alive) && state.Quorum.IsElectionQuorum(alive);
    }

    private static void Forget(RaftState state)
    {
        foreach (Progress peer in state.Peers)
        {
            peer.AgreedAt = 0;
        }
    }

    private static void Send(RaftState state, uint replica, QuiesceKind kind, ulong index, Outputs outputs)
    {
        ref OutboundMessage message = ref Durability.Reply(state, outputs);
        message.Header = state.HeaderTo(MessageType.Quiesce, replica, index);
        new QuiesceBody(state.Options.Incarnation, kind).Write(message.Body);
        message.BodyLength = QuiesceBody.Bytes;
    }
}
