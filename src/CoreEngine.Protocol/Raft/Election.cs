using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>Terms, votes and leadership (Raft paper, 5.2 and 5.4.1; pre-vote and stickiness: Raft thesis,
/// 9.6).</summary>
internal static class Election
{
    /// <summary>Nobody led for a whole timeout: asks whether an election could be won, without touching the
    /// term.</summary>
    internal static void StartPreVote(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role != Role.Leader);
        state.Role = Role.PreCandidate;
        state.Leader = 0;
        state.IsQuiescent = false;
        state.Campaign++;
        state.Grants = state.SelfBit;
        RestartTimer(state);
        FollowerReads.RefuseAll(state, new Refusal(RefusalCode.NoLeader), outputs);
        for (int i = 0; i < state.Quorum.Count; i++)
        {
            if (i != state.Self && state.Quorum.IsVoter(i))
            {
                ref OutboundMessage message = ref outputs.Send();
                FillRequest(state, ref message, MessageType.PreVoteRequest, i);
                message.Header = message.Header with { Term = state.Term + 1 };
            }
        }

        if (state.Quorum.IsElectionQuorum(state.Grants))
        {
            StartVote(state, isTransfer: false, outputs);
        }
    }

    /// <summary>Nobody led for a whole timeout, and our medium could not bear an election: the others may
    /// try.</summary>
    internal static void Abstain(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role != Role.Leader);
        state.Role = Role.Follower;
        state.Leader = 0;
        state.IsQuiescent = false;
        RestartTimer(state);
        Quiescence.SendWakes(state, outputs);
        FollowerReads.RefuseAll(state, new Refusal(RefusalCode.NoLeader), outputs);
    }

    /// <summary>A pre-vote request: would we vote for the sender? Promises nothing and writes nothing.</summary>
    internal static ReceiveResult OnPreVoteRequest(RaftState state, in Message message, Outputs outputs)
    {
        if (!VoteRequestBody.TryRead(message.Body, out VoteRequestBody body))
        {
            return ReceiveResult.Malformed;
        }

        ulong term = message.Header.Term;
        bool granted = term > state.Term && !IsLeaderAlive(state) && IsUpToDate(state, body);
        ref OutboundMessage reply = ref Durability.Reply(state, outputs);
        FillReply(state, ref reply, MessageType.PreVoteReply, message.Header.From, message.Header.Sequence, granted);
        if (granted)
        {
            reply.Header = reply.Header with { Term = term };
        }
        else if (!IsUpToDate(state, body))
        {
            Removal.TellIfRemoved(state, message.Header.From, body.Incarnation, outputs);
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>The answer to a pre-vote request.</summary>
    internal static ReceiveResult OnPreVoteReply(RaftState state, int place, in Message message, Outputs outputs)
    {
        if (!VoteReplyBody.TryRead(message.Body, out VoteReplyBody body))
        {
            return ReceiveResult.Malformed;
        }

        if (!ConfigurationRule.IsLifeOf(state, place, body.Incarnation))
        {
            return ReceiveResult.Stranger;
        }

        if (!body.Granted && message.Header.Term > state.Term)
        {
            AdoptTerm(state, message.Header.Term, 0, outputs);
            return ReceiveResult.Accepted;
        }

        bool isCurrent = state.Role == Role.PreCandidate && message.Header.Sequence == state.Campaign;
        if (!isCurrent || !body.Granted || message.Header.Term != state.Term + 1)
        {
            return ReceiveResult.Stale;
        }

        state.Grants |= 1UL << place;
        if (state.Quorum.IsElectionQuorum(state.Grants))
        {
            StartVote(state, isTransfer: false, outputs);
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>A candidate asks for our vote. The answer leaves only when term and vote are durable.</summary>
    internal static ReceiveResult OnVoteRequest(RaftState state, in Message message, Outputs outputs)
    {
        if (!VoteRequestBody.TryRead(message.Body, out VoteRequestBody body))
        {
            return ReceiveResult.Malformed;
        }

        MessageHeader header = message.Header;
        if (header.Term < state.Term)
        {
            ref OutboundMessage refusal = ref Durability.Reply(state, outputs);
            FillReply(state, ref refusal, MessageType.VoteReply, header.From, header.Sequence, false);
            return ReceiveResult.Stale;
        }

        bool isUpToDate = IsUpToDate(state, body);
        if (header.Term > state.Term)
        {
            // A live leader is not deposed by somebody who merely cannot hear it, only by whom it told to campaign: who
            // follows it in its term, and holds what we hold (Raft thesis, 4.2.3).
            bool isTold = body.IsTransfer && header.Term == state.Term + 1 && isUpToDate;
            if (IsLeaderAlive(state) && !isTold)
            {
                return ReceiveResult.Accepted;
            }

            AdoptTerm(state, header.Term, isUpToDate ? header.From : 0, outputs);
        }
        else if (state.Vote == 0 && isUpToDate)
        {
            Invariant.Holds(state.Role is Role.Follower or Role.PreCandidate);
            state.Role = Role.Follower;
            state.Vote = header.From;
            Durability.WriteHardState(state, outputs);
        }

        bool granted = state.Vote == header.From && isUpToDate;
        if (granted)
        {
            RestartTimer(state);
        }

        ref OutboundMessage reply = ref Durability.Reply(state, outputs);
        FillReply(state, ref reply, MessageType.VoteReply, header.From, header.Sequence, granted);
        return ReceiveResult.Accepted;
    }

    /// <summary>The answer to a vote request.</summary>
    internal static ReceiveResult OnVoteReply(RaftState state, int place, in Message message, Outputs outputs)
    {
        if (!VoteReplyBody.TryRead(message.Body, out VoteReplyBody body))
        {
            return ReceiveResult.Malformed;
        }

        if (!ConfigurationRule.IsLifeOf(state, place, body.Incarnation))
        {
            return ReceiveResult.Stranger;
        }

        if (message.Header.Term > state.Term)
        {
            AdoptTerm(state, message.Header.Term, 0, outputs);
            return ReceiveResult.Accepted;
        }

        if (message.Header.Term < state.Term || state.Role != Role.Candidate)
        {
            return ReceiveResult.Stale;
        }

        if (body.Granted)
        {
            state.Grants |= 1UL << place;
            WinIfGranted(state, outputs);
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>Something that we asked to write is durable while we are a candidate: our own vote may count
    /// now.</summary>
    internal static void OnVoteDurable(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Candidate);
        if (state.HardStateTicket <= state.DurableTicket)
        {
            state.Grants |= state.SelfBit;
            WinIfGranted(state, outputs);
        }
    }

    /// <summary>A newer term was seen: whatever we were, we follow in it, with the vote given (0: none yet).</summary>
    internal static void AdoptTerm(RaftState state, ulong term, uint vote, Outputs outputs)
    {
        Invariant.Holds(term > state.Term);
        if (state.Role == Role.Leader)
        {
            LeaveLeadership(state, new Refusal(RefusalCode.NotLeader), outputs);
        }

        FollowerReads.RefuseAll(state, new Refusal(RefusalCode.NoLeader), outputs);
        EnterTerm(state, term, vote);
        state.Role = Role.Follower;
        Durability.WriteHardState(state, outputs);
    }

    /// <summary>Leads no more, in the same term or before a newer one. What waits for our authority is
    /// refused.</summary>
    internal static void LeaveLeadership(RaftState state, Refusal refusal, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        outputs.CancelEntries();
        LeaderReads.RefuseAll(state, refusal, outputs);
        state.Role = Role.Follower;
        state.Leader = 0;
        Lease.RefuseAll(state, outputs);
        state.LeaderHeardNs = state.NowNs;
        state.Authority = default;
        state.IsNoticeOwed = false;
        state.IsNoticeAwaited = false;
        state.IsQuiescent = false;

        // Our log matches itself, but we follow nobody in this term: nothing is acknowledged.
        state.Matched = 0;
        RestartTimer(state);
    }

    /// <summary>Draws a new timeout and starts it.</summary>
    internal static void RestartTimer(RaftState state) => RestartTimer(state, state.NowNs);

    /// <summary>The same, from a time on that the core is about to be told.</summary>
    internal static void RestartTimer(RaftState state, long nowNs)
    {
        Invariant.Holds(nowNs >= state.NowNs);
        state.ElectionTimeoutNs = state.Chance.Between(state.Options.ElectionMinNs, state.Options.ElectionMaxNs);
        state.ElectionDeadlineNs = nowNs + state.ElectionTimeoutNs + state.PriorityDelayNs;
    }

    private static bool IsLeaderAlive(RaftState state) =>
        state.Role == Role.Leader
        || (state.IsQuiescent && state.Leader != 0)
        || (state.Leader != 0 && state.NowNs - state.LeaderHeardNs < state.Options.ElectionMinNs);

    // Term first: a shorter log with a newer last term wins (Raft paper, 5.4.1).
    private static bool IsUpToDate(RaftState state, in VoteRequestBody candidate)
    {
        if (!Claims.MayVote(state))
        {
            return false;
        }

        return candidate.LastTerm != state.Log.LastTerm
            ? candidate.LastTerm > state.Log.LastTerm
            : candidate.LastIndex >= state.LastIndex;
    }

    /// <summary>Campaigns: in a new term, with our own vote.</summary>
    /// <param name="isTransfer">The leader told us to; voters do not protect it from us.</param>
    internal static void StartVote(RaftState state, bool isTransfer, Outputs outputs)
    {
        Invariant.Holds(state.Role is Role.PreCandidate or Role.Follower);
        EnterTerm(state, state.Term + 1, state.Options.Replica);
        state.Role = Role.Candidate;
        state.Grants = 0;
        RestartTimer(state);
        Durability.WriteHardState(state, outputs);

        // The requests wait for the disk: a candidate that forgot its term could ask in it again, with another log.
        for (int i = 0; i < state.Quorum.Count; i++)
        {
            if (i != state.Self && state.Quorum.IsVoter(i))
            {
                FillRequest(
                    state, ref outputs.SendAfter(state.HardStateTicket), MessageType.VoteRequest, i, isTransfer);
            }
        }
    }

    private static void EnterTerm(RaftState state, ulong term, uint vote)
    {
        state.Term = term;
        state.Vote = vote;
        state.Leader = 0;
        state.LeaderOfTerm = 0;
        state.Matched = 0;
        state.Acknowledged = 0;
        state.RoundSeen = 0;
        state.IsQuiescent = false;
    }

    private static void WinIfGranted(RaftState state, Outputs outputs)
    {
        if (!state.Quorum.IsElectionQuorum(state.Grants))
        {
            return;
        }

        // The anchor is the first entry of the term. Without room for it this replica cannot lead, and the timeout
        // lets another one try.
        if (!state.Log.Append(state.Term, state.Clock.Next(state.WallNs), EntryFlags.Anchor, default, default))
        {
            return;
        }

        ulong anchor = state.LastIndex;
        state.Role = Role.Leader;
        state.Leader = state.Options.Replica;
        state.LeaderOfTerm = state.Options.Replica;
        state.WasLed = true;
        state.Authority = new AuthorityCertificate(
            state.Options.Contract,
            state.Options.Group,
            state.ConfigEpoch,
            state.Term,
            state.Options.Replica,
            state.Grants);
        state.Round = 0;
        state.RoundTurn = 0;
        state.HeartbeatDeadlineNs = state.NowNs + state.Options.HeartbeatNs;
        state.FullSinceNs = state.NowNs;
        state.QuietSinceNs = state.NowNs;
        foreach (Progress peer in state.Peers)
        {
            peer.Reset(anchor, state.NowNs);
        }

        state.SlowSinceNs = 0;
        LeaderTransfer.OnLeaderKnown(state, outputs);
        Lease.OnElected(state, anchor);
        Durability.WriteEntries(state, anchor, outputs);
        Replication.PumpAll(state, outputs);
        Invariant.Holds(state.Authority.IsValid);
        Invariant.Holds(!LeaderTransfer.IsHolding(state));
    }

    private static void FillRequest(
        RaftState state, ref OutboundMessage message, MessageType type, int place, bool isTransfer = false)
    {
        message.Header = state.HeaderTo(type, place, state.Campaign);
        new VoteRequestBody(state.LastIndex, state.Log.LastTerm, state.Incarnation, isTransfer)
            .Write(message.Body);
        message.BodyLength = VoteRequestBody.Bytes;
    }

    private static void FillReply(
        RaftState state, ref OutboundMessage message, MessageType type, uint replica, ulong campaign, bool granted)
    {
        message.Header = state.HeaderTo(type, replica, campaign);
        new VoteReplyBody(state.Incarnation, granted).Write(message.Body);
        message.BodyLength = VoteReplyBody.Bytes;
    }
}
