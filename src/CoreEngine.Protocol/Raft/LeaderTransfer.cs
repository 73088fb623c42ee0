using CoreEngine.Model;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// Hands leadership over (Raft thesis, 3.10): the leader stops taking proposals, waits until the target holds its whole
/// log, and tells it to campaign at once. Whatever comes between, it ends by its deadline and the leader goes on.
/// </summary>
/// <remarks>Nothing here is needed for safety: the target wins by votes, like everybody.</remarks>
internal static class LeaderTransfer
{
    /// <summary>The leader takes no proposals: its log must not grow while the target campaigns.</summary>
    internal static bool IsHolding(RaftState state) =>
        state.Transfer.IsHolding && state.Role == Role.Leader && state.Transfer.Term == state.Term;

    /// <summary>
    /// A lease may count: no replica may be told to campaign, or may have been told, before the lease's holder is out
    /// of the way (raft.md S37). After an abort it counts again once an entry behind the target's log is committed:
    /// then the target cannot win by that word any more.
    /// </summary>
    internal static bool AllowsLease(RaftState state)
    {
        TransferState transfer = state.Transfer;
        return !IsHolding(state) && (transfer.BarrierTerm != state.Term || state.CommitIndex > transfer.BarrierIndex);
    }

    /// <summary>Our host wants another leader.</summary>
    internal static void Ask(RaftState state, ulong id, uint target, long withinNs, Outputs outputs)
    {
        Invariant.Holds(id != 0);
        Invariant.Holds(withinNs > 0);
        Refusal refusal = default;
        bool isDone = target != 0 && target == state.Leader;
        if (state.Transfer.IsOpen)
        {
            refusal = new Refusal(RefusalCode.TransferInProgress, state.Transfer.Target);
        }
        else if (isDone)
        {
            outputs.AnswerTransfer(new TransferOutcome(id, target, state.Term, default));
        }
        else if (state.Role == Role.Leader)
        {
            refusal = TryBegin(state, target, withinNs, outputs);
        }
        else if (state.Leader == 0)
        {
            refusal = new Refusal(RefusalCode.NoLeader);
        }
        else
        {
            Open(state, target, withinNs);
            ref OutboundMessage message = ref outputs.Send();

            // It may be a member that we do not know of yet (raft.md S11).
            message.Header = state.HeaderTo(MessageType.Transfer, state.Leader, correlation: id);
            new TransferBody(target, (ulong)withinNs, default).Write(message.Body);
            message.BodyLength = TransferBody.Bytes;
        }

        if (refusal.Code != RefusalCode.None)
        {
            outputs.AnswerTransfer(new TransferOutcome(id, state.Leader, state.Term, refusal));
        }
        else if (!isDone)
        {
            state.Transfer.Id = id;
        }
    }

    /// <summary>This leader gives way by itself.</summary>
    /// <returns>Why it does not.</returns>
    internal static Refusal TryBegin(RaftState state, uint target, long withinNs, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        if (state.Transfer.IsOpen)
        {
            return new Refusal(RefusalCode.TransferInProgress, state.Transfer.Target);
        }

        uint chosen = target == 0 ? Fittest(state) : target;
        if (chosen == 0)
        {
            return new Refusal(RefusalCode.TransferTargetSilent);
        }

        int place = state.Quorum.PlaceOf(chosen);
        if (place < 0 || place == state.Self || !MayLead(state, place))
        {
            return new Refusal(RefusalCode.TransferTargetUnfit, chosen);
        }

        if (!IsHeard(state, place))
        {
            return new Refusal(RefusalCode.TransferTargetSilent, chosen);
        }

        Open(state, target, withinNs);
        state.Transfer.Target = chosen;
        Advance(state, outputs);
        return default;
    }

    /// <summary>A follower asks, or the leader answers one.</summary>
    internal static ReceiveResult OnTransfer(RaftState state, in Message message, Outputs outputs)
    {
        MessageHeader header = message.Header;
        if (!TransferBody.TryRead(message.Body, out TransferBody body))
        {
            return ReceiveResult.Malformed;
        }

        TransferState transfer = state.Transfer;
        if (body.IsReply)
        {
            bool isOurs = transfer.IsOpen && transfer.Id != 0 && transfer.Id == header.Correlation
                && transfer.From == header.From;
            if (!isOurs)
            {
                return ReceiveResult.Stale;
            }

            Close(state, body.Refusal, outputs);
            return ReceiveResult.Accepted;
        }

        bool isRepeated = transfer.IsOpen && transfer.Asker == header.From && transfer.AskerId == header.Correlation;
        if (header.Term != state.Term || state.Role != Role.Leader || isRepeated)
        {
            return ReceiveResult.Stale;
        }

        Refusal refusal = body.Target == state.Options.Replica
            ? new Refusal(RefusalCode.LeadershipMoved, body.Target, body.Target)
            : TryBegin(state, body.Target, (long)body.WithinNs, outputs);
        if (refusal.Code == RefusalCode.None)
        {
            transfer.Asker = header.From;
            transfer.AskerId = header.Correlation;
        }
        else
        {
            Refuse(state, header.From, header.Correlation, refusal, outputs);
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>The leader tells us to campaign at once. Late copies must not: the leader may have gone on
    /// since.</summary>
    internal static ReceiveResult OnTimeoutNow(RaftState state, in Message message, Outputs outputs)
    {
        MessageHeader header = message.Header;
        if (!TimeoutNowBody.TryRead(message.Body, out TimeoutNowBody body))
        {
            return ReceiveResult.Malformed;
        }

        bool isTold = state.Role == Role.Follower
            && header.Term == state.Term
            && header.From == state.Leader
            && body.Incarnation == state.Incarnation;
        bool isUpToDate = body.LastIndex == state.LastIndex && state.Matched == state.LastIndex;
        bool mayLead = MayLead(state, state.Self) && Claims.MayLead(state);
        if (!isTold || !isUpToDate || !mayLead || !Abdication.MayCampaign(state))
        {
            return ReceiveResult.Stale;
        }

        FollowerReads.RefuseAll(state, new Refusal(RefusalCode.NoLeader), outputs);
        Election.StartVote(state, isTransfer: true, outputs);
        return ReceiveResult.Accepted;
    }

    /// <summary>Time passes.</summary>
    internal static void Tick(RaftState state, Outputs outputs)
    {
        TransferState transfer = state.Transfer;
        if (!transfer.IsOpen)
        {
            return;
        }

        if (state.NowNs >= transfer.DeadlineNs)
        {
            uint wanted = transfer.Target != 0 ? transfer.Target : transfer.Wanted;
            ulong milliseconds = (ulong)(transfer.WithinNs / 1_000_000);
            Abort(state, new Refusal(RefusalCode.TransferTimedOut, wanted, milliseconds), outputs);
            return;
        }

        Advance(state, outputs);
    }

    /// <summary>When <see cref="Tick"/> must come; monotonic nanoseconds.</summary>
    internal static long Deadline(RaftState state)
    {
        TransferState transfer = state.Transfer;
        return !transfer.IsOpen ? long.MaxValue
            : IsHolding(state) && transfer.IsSent ? long.Min(transfer.DeadlineNs, transfer.ResendNs)
            : transfer.DeadlineNs;
    }

    /// <summary>Leader: goes on as far as what the target has acknowledged allows.</summary>
    internal static void Advance(RaftState state, Outputs outputs)
    {
        TransferState transfer = state.Transfer;
        if (!transfer.IsOpen || state.Role != Role.Leader || transfer.Term != state.Term)
        {
            return;
        }

        int place = state.Quorum.PlaceOf(transfer.Target);
        if (place < 0 || !MayLead(state, place))
        {
            Abort(state, new Refusal(RefusalCode.TransferTargetUnfit, transfer.Target), outputs);
            return;
        }

        ulong lag = state.LastIndex - state.Peers[place].Match;
        transfer.IsHolding |= lag <= (ulong)state.Options.AppendEntriesMax || state.NowNs >= transfer.HoldNs;
        if (transfer.IsHolding)
        {
            // One more entry, after which the target need not wait for our lease to end.
            Lease.Renounce(state, outputs);
            lag = state.LastIndex - state.Peers[place].Match;
        }

        if (!transfer.IsHolding || lag > 0 || (transfer.IsSent && state.NowNs < transfer.ResendNs))
        {
            // A change of members may have added an entry since it was told: its acknowledgement is waited for, not
            // the next word.
            transfer.ResendNs = lag > 0 ? state.NowNs + state.Options.HeartbeatNs : transfer.ResendNs;
            return;
        }

        transfer.IsSent = true;
        transfer.ResendNs = state.NowNs + state.Options.HeartbeatNs;
        transfer.BarrierIndex = state.LastIndex;
        transfer.BarrierTerm = state.Term;
        ref OutboundMessage message = ref outputs.Send();
        message.Header = state.HeaderTo(MessageType.TimeoutNow, place);
        new TimeoutNowBody(state.LastIndex, state.Peers[place].Incarnation).Write(message.Body);
        message.BodyLength = TimeoutNowBody.Bytes;
        Invariant.Holds(!AllowsLease(state));
    }

    /// <summary>Somebody leads a newer term: it is known how the transfer ended.</summary>
    internal static void OnLeaderKnown(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Leader != 0);
        TransferState transfer = state.Transfer;
        if (!transfer.IsOpen || state.Term <= transfer.Term)
        {
            return;
        }

        bool isAsWanted = transfer.Wanted == 0 ? state.Leader != transfer.From : state.Leader == transfer.Wanted;
        Close(
            state,
            isAsWanted ? default : new Refusal(RefusalCode.LeadershipMoved, transfer.Wanted, state.Leader),
            outputs);
    }

    /// <summary>The link to the target is gone: it is not waited for.</summary>
    internal static void OnLinkLost(RaftState state, uint peer, Outputs outputs)
    {
        if (state.Transfer.IsOpen && state.Role == Role.Leader && state.Transfer.Target == peer)
        {
            Abort(state, new Refusal(RefusalCode.TransferTargetSilent, peer), outputs);
        }
    }

    /// <summary>Who should lead instead of us: of those that are heard and hardly behind, the one with the fastest
    /// medium; where that is not known, who holds most.</summary>
    /// <returns>0 when nobody is fit.</returns>
    internal static uint Fittest(RaftState state)
    {
        ulong best = 0;
        for (int i = 0; i < state.Quorum.Count; i++)
        {
            best = IsFit(state, i) ? ulong.Max(best, state.Peers[i].Match) : best;
        }

        int chosen = -1;
        for (int i = 0; i < state.Quorum.Count; i++)
        {
            if (!IsFit(state, i) || state.Peers[i].Match + (ulong)state.Options.AppendEntriesMax < best)
            {
                continue;
            }

            if (chosen < 0 || IsFitter(state.Peers[i], state.Peers[chosen]))
            {
                chosen = i;
            }
        }

        return chosen < 0 ? 0 : state.Quorum.VoterAt(chosen);
    }

    /// <summary>The member at a place may lead, and is to stay: a voter that holds data.</summary>
    internal static bool MayLead(RaftState state, int place) =>
        place >= 0 && state.Configuration.Members[place] is { Kind: MemberKind.Voter, MayLead: true };

    private static bool IsFit(RaftState state, int place) =>
        place != state.Self && MayLead(state, place) && IsHeard(state, place) && state.Peers[place].Incarnation != 0;

    private static bool IsFitter(Progress one, Progress other) =>
        one.FlushMicros == 0 || other.FlushMicros == 0
            ? one.Match > other.Match
            : one.FlushMicros < other.FlushMicros;

    private static bool IsHeard(RaftState state, int place) =>
        state.NowNs - state.Peers[place].ContactNs < state.Options.ElectionMinNs;

    private static void Open(RaftState state, uint wanted, long withinNs)
    {
        TransferState transfer = state.Transfer;
        Invariant.Holds(!transfer.IsOpen);
        transfer.IsOpen = true;
        transfer.Id = 0;
        transfer.Asker = 0;
        transfer.AskerId = 0;
        transfer.Wanted = wanted;
        transfer.Target = 0;
        transfer.From = state.Leader;
        transfer.Term = state.Term;
        transfer.WithinNs = withinNs;
        transfer.DeadlineNs = state.NowNs + long.Min(withinNs, long.MaxValue - state.NowNs);
        transfer.HoldNs = state.NowNs + (withinNs / 2);
        transfer.IsHolding = false;
        transfer.IsSent = false;
        transfer.ResendNs = 0;
    }

    /// <summary>It did not happen: proposals go on at once.</summary>
    private static void Abort(RaftState state, Refusal refusal, Outputs outputs)
    {
        bool isToldToCampaign = state.Transfer.IsSent && state.Role == Role.Leader && state.Transfer.Term == state.Term;
        Close(state, refusal, outputs);

        // An entry behind the target's log: once a quorum holds it, the target cannot win by what it was told.
        if (isToldToCampaign && state.Log.Append(
            state.Term, state.Clock.Next(state.WallNs), EntryFlags.Anchor, default, default))
        {
            Durability.WriteEntries(state, state.LastIndex, outputs);
            Replication.PumpAll(state, outputs);
        }
    }

    private static void Close(RaftState state, Refusal refusal, Outputs outputs)
    {
        Lease.Resume(state);
        TransferState transfer = state.Transfer;
        Invariant.Holds(transfer.IsOpen);
        transfer.IsOpen = false;
        transfer.IsHolding = false;
        if (transfer.Id != 0)
        {
            outputs.AnswerTransfer(new TransferOutcome(transfer.Id, state.Leader, state.Term, refusal));
        }
        else if (transfer.Asker != 0 && refusal.Code != RefusalCode.None && state.Role == Role.Leader)
        {
            Refuse(state, transfer.Asker, transfer.AskerId, refusal, outputs);
        }
    }

    private static void Refuse(RaftState state, uint asker, ulong askerId, Refusal refusal, Outputs outputs)
    {
        int place = state.Quorum.PlaceOf(asker);
        if (place < 0)
        {
            return;
        }

        ref OutboundMessage message = ref outputs.Send();
        message.Header = state.HeaderTo(MessageType.Transfer, place, correlation: askerId);
        new TransferBody(0, 0, refusal).Write(message.Body);
        message.BodyLength = TransferBody.Bytes;
    }
}
