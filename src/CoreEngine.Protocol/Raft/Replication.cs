using CoreEngine.Model;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>What a leader does with entries (Raft paper, 5.3): appends, sends, hears what became of them.</summary>
internal static class Replication
{
    /// <summary>Takes in as many proposals as its bounds allow, and sends them beside the own write.</summary>
    internal static ProposeResult Propose(RaftState state, ProposalReader proposals, Outputs outputs)
    {
        if (state.Role != Role.Leader)
        {
            return new ProposeResult(0, 0, state.Term, state.Leader == 0
                ? new Refusal(RefusalCode.NoLeader)
                : new Refusal(RefusalCode.NotLeader, state.Leader));
        }

        if (LeaderTransfer.IsHolding(state))
        {
            var held = new Refusal(RefusalCode.TransferInProgress, state.Transfer.Target);
            return new ProposeResult(0, 0, state.Term, held);
        }

        ulong first = state.LastIndex + 1;
        ulong entries = state.LastIndex - state.CommitIndex;
        long bytes = state.Log.BytesAfter(state.CommitIndex);
        int accepted = 0;
        Refusal refusal = default;
        while (proposals.TryRead(out Proposal proposal))
        {
            EntryFlags flags = proposal.Kind | (proposal.Origin.Replica != 0 ? EntryFlags.Origin : EntryFlags.None);
            int size = EntryCodec.RecordSize(flags, proposal.Payload.Length);
            bool fits = entries < (ulong)state.Options.UncommittedEntriesMax
                && (bytes == 0 || bytes + size <= state.Options.UncommittedBytesMax);
            if (!fits || !state.Log.Append(
                state.Term, state.Clock.Next(state.WallNs), flags, proposal.Origin, proposal.Payload))
            {
                refusal = new Refusal(RefusalCode.UncommittedFull, (ulong)bytes);
                break;
            }

            NoteAwaited(state, proposal.Origin);
            accepted++;
            entries++;
            bytes += size;
        }

        if (!proposals.IsSound)
        {
            refusal = new Refusal(RefusalCode.EntryTooLarge, 0, Limits.EntryBytesMax);
        }

        if (accepted > 0)
        {
            Durability.WriteEntries(state, first, outputs);
            PumpAll(state, outputs);
        }

        return new ProposeResult(accepted, first, state.Term, refusal);
    }

    /// <summary>Sends every follower what it may be sent now.</summary>
    internal static void PumpAll(RaftState state, Outputs outputs)
    {
        for (int i = 0; i < state.Peers.Length; i++)
        {
            if (i != state.Self)
            {
                Pump(state, i, outputs);
            }
        }
    }

    /// <summary>Sends one follower what it may be sent now: one probe, or entries while the window is open.</summary>
    internal static void Pump(RaftState state, int place, Outputs outputs)
    {
        Progress peer = state.Peers[place];
        if (peer.State != ProgressState.Snapshot && SnapshotRule.IsBelowCliff(state, peer))
        {
            peer.BecomeSnapshot();
        }

        if (peer.State == ProgressState.Probe && !peer.IsProbeSent)
        {
            if (!TrySendEntries(state, place, outputs))
            {
                SendEmpty(state, place, outputs);
                peer.IsProbeSent = true;
            }

            return;
        }

        while (peer.State == ProgressState.Replicate
            && peer.Next <= state.LastIndex
            && peer.Inflights.HasRoom(state.InflightCreditBytes))
        {
            if (!TrySendEntries(state, place, outputs))
            {
                AskLoad(state, place, outputs);
            }
        }
    }

    /// <summary>The heartbeat: to all, with the newest round and certificate, and the moment to notice what was
    /// lost.</summary>
    internal static void Heartbeat(RaftState state, Outputs outputs)
    {
        for (int i = 0; i < state.Peers.Length; i++)
        {
            Progress peer = state.Peers[i];
            if (i == state.Self || Quiescence.HasAgreed(state, peer))
            {
                continue;
            }

            // A message that a full link dropped leaves no trace but silence: start again where the follower stands.
            bool isStuck = peer.State == ProgressState.Replicate
                && peer.Received + 1 < peer.Next
                && state.NowNs - peer.ReceivedMovedNs >= state.Options.ElectionMinNs;
            if (isStuck)
            {
                peer.BecomeProbe(ulong.Max(peer.Match, peer.Received) + 1, state.NowNs);
            }

            SendEmpty(state, i, outputs);
        }
    }

    /// <summary>Tells followers of a risen C, where no entries have done it since: at once those whose hosts wait for
    /// it,
    /// the others when nothing came for a while.</summary>
    /// <remarks>Under load the next entries carry the certificate anyway; a message of its own per commit, with its
    /// answer,
    /// doubled the traffic and stood in the way of the next proposal.</remarks>
    internal static void SendNotices(RaftState state, Outputs outputs)
    {
        bool isDue = state.NowNs >= state.NoticeDeadlineNs;
        for (int i = 0; i < state.Peers.Length; i++)
        {
            Progress peer = state.Peers[i];
            if (i != state.Self && peer.CommitSent < state.CommitIndex && (isDue || peer.CommitSent < peer.Awaited))
            {
                SendEmpty(state, i, outputs);
            }
        }

        state.IsNoticeOwed = !isDue;
        state.IsNoticeAwaited = false;
    }

    /// <summary>A follower's answer to AppendEntries.</summary>
    internal static ReceiveResult OnAppendReply(RaftState state, int place, in Message message, Outputs outputs)
    {
        MessageHeader header = message.Header;
        if (!AppendReplyBody.TryRead(message.Body, out AppendReplyBody body))
        {
            return ReceiveResult.Malformed;
        }

        if (header.Term > state.Term)
        {
            Election.AdoptTerm(state, header.Term, 0, outputs);
            return ReceiveResult.Accepted;
        }

        // OldTerm in our own term: it answers what we sent when we led an earlier one.
        if (header.Term < state.Term || state.Role != Role.Leader || body.Verdict == AppendVerdict.OldTerm)
        {
            return ReceiveResult.Stale;
        }

        if (body.Received > state.LastIndex || header.Sequence > state.Round)
        {
            return ReceiveResult.Malformed;
        }

        Progress peer = state.Peers[place];
        if (!ConfigurationRule.IsLifeOf(state, place, body.Incarnation)
            || (peer.Incarnation != 0 && peer.Incarnation != body.Incarnation))
        {
            return ReceiveResult.Stranger;
        }

        peer.Incarnation = body.Incarnation;
        peer.ContactNs = state.NowNs;
        peer.FlushMicros = body.FlushMicros;
        peer.Level = (int)ulong.Min(header.Correlation, int.MaxValue);
        peer.RoundEchoed = ulong.Max(peer.RoundEchoed, header.Sequence);
        if (peer.Acknowledged(body.Durable, body.Received, state.NowNs))
        {
            CatchUp.Note(state, place);
            AdvanceCommit(state, outputs);
        }

        if (body.Verdict == AppendVerdict.Rejected)
        {
            Repair(state, peer, body);
        }
        else
        {
            Advance(state, peer, body.Received);
        }

        Pump(state, place, outputs);
        LeaderReads.Confirm(state, outputs);
        LeaderTransfer.Advance(state, outputs);
        return ReceiveResult.Accepted;
    }

    /// <summary>How far a follower has come with a snapshot. The loop sends on; here it is a sign of life.</summary>
    internal static ReceiveResult OnInstallReply(RaftState state, int place, in Message message, Outputs outputs)
    {
        if (!InstallReplyBody.TryRead(message.Body, out InstallReplyBody body))
        {
            return ReceiveResult.Malformed;
        }

        if (message.Header.Term > state.Term)
        {
            Election.AdoptTerm(state, message.Header.Term, 0, outputs);
            return ReceiveResult.Stale;
        }

        if (message.Header.Term < state.Term || state.Role != Role.Leader)
        {
            return ReceiveResult.Stale;
        }

        Progress peer = state.Peers[place];
        if (!ConfigurationRule.IsLifeOf(state, place, body.Incarnation)
            || (peer.Incarnation != 0 && peer.Incarnation != body.Incarnation))
        {
            return ReceiveResult.Stranger;
        }

        peer.Incarnation = body.Incarnation;
        peer.ContactNs = state.NowNs;
        return ReceiveResult.Accepted;
    }

    /// <summary>The message fitted: a probe has found where the logs agree; a follower that holds what our log begins
    /// with needs no snapshot any more.</summary>
    private static void Advance(RaftState state, Progress peer, ulong received)
    {
        ulong held = ulong.Max(peer.Match, received);
        if (peer.State == ProgressState.Probe)
        {
            peer.BecomeReplicate(held + 1);
        }
        else if (peer.State == ProgressState.Snapshot && peer.Match >= state.Log.BaseIndex)
        {
            peer.BecomeProbe(held + 1, state.NowNs);
        }
    }

    /// <summary>Moves C when a quorum allows it, and lets waiting reads know.</summary>
    internal static void AdvanceCommit(RaftState state, Outputs outputs)
    {
        if (CommitRule.TryAdvance(state, outputs))
        {
            OweNotice(state);
            LeaderReads.Confirm(state, outputs);
            Lease.Settle(state, outputs);
        }
    }

    /// <summary>An entry that a follower handed on: its host waits for that follower's C.</summary>
    private static void NoteAwaited(RaftState state, in EntryOrigin origin)
    {
        int place = origin.Replica == 0 ? -1 : state.Quorum.PlaceOf(origin.Replica);
        if (place >= 0)
        {
            state.Peers[place].Awaited = state.LastIndex;
        }
    }

    private static void OweNotice(RaftState state)
    {
        state.IsNoticeOwed = true;
        state.NoticeDeadlineNs = state.NowNs + state.Options.NoticeDelayNs;
        for (int i = 0; i < state.Peers.Length; i++)
        {
            state.IsNoticeAwaited |= i != state.Self && state.Peers[i].CommitSent < state.Peers[i].Awaited;
        }
    }

    /// <summary>The loop read entries for a follower into its window.</summary>
    internal static void OnLoaded(RaftState state, int place, ulong first, ulong last, Outputs outputs)
    {
        Progress peer = state.Peers[place];
        peer.IsLoadOwed = false;
        if (state.Role != Role.Leader || peer.State != ProgressState.Loading)
        {
            return;
        }

        peer.BecomeReplicate(peer.Next);
        if (SnapshotRule.IsBelowCliff(state, peer))
        {
            Pump(state, place, outputs);
            return;
        }

        if (peer.LoadTerm == state.Term && first == peer.Next && last < first)
        {
            // Nothing could be read: the next heartbeat tries again.
            peer.BecomeProbe(peer.Next, state.NowNs);
            peer.IsProbeSent = true;
            return;
        }

        if (peer.LoadTerm == state.Term && first == peer.Next)
        {
            Invariant.Holds(last <= state.LastIndex);
            Invariant.Holds(last - first < (ulong)state.Options.AppendEntriesMax);
            SendAppend(state, place, first, (int)(last - first) + 1, EntrySource.Window, outputs);
            peer.Sent(last, state.Options.AppendBytesMax, state.NowNs);
        }

        Pump(state, place, outputs);
    }

    /// <summary>What was in flight on a link may be lost.</summary>
    internal static void OnLinkChanged(RaftState state, int place, bool connected, Outputs outputs)
    {
        Progress peer = state.Peers[place];
        if (state.Role != Role.Leader)
        {
            return;
        }

        // Another build may answer when it comes back.
        peer.Level = connected ? peer.Level : 0;

        // Of a member that has not answered in this term nothing is known: it is asked at the log's beginning before it
        // is taken for one that needs a snapshot (the cliff theorem, S0 4.4).
        peer.BecomeProbe(ulong.Max(peer.Match, state.Log.BaseIndex) + 1, state.NowNs);
        if (connected)
        {
            Pump(state, place, outputs);
        }
    }

    private static void Repair(RaftState state, Progress peer, in AppendReplyBody body)
    {
        // Late answers: below Match we know better, and a probe waits for the answer to itself.
        bool isLate = body.RejectedPrev <= peer.Match
            || body.RejectedPrev >= peer.Next
            || (peer.State == ProgressState.Probe && body.RejectedPrev != peer.Next - 1);
        if (isLate)
        {
            return;
        }

        // Our last entry at or before the hint whose term is not above the follower's: everything between surely
        // differs.
        ulong agreed = state.Log.LastAtMost(ulong.Min(body.HintIndex, body.RejectedPrev - 1), body.HintTerm);
        peer.BecomeProbe(ulong.Max(peer.Match, agreed) + 1, state.NowNs);
    }

    private static void AskLoad(RaftState state, int place, Outputs outputs)
    {
        Progress peer = state.Peers[place];
        peer.BecomeLoading();
        if (peer.IsLoadOwed)
        {
            return;
        }

        Invariant.Holds(peer.Next < state.Log.FirstCached);
        ulong last = ulong.Min(state.Log.FirstCached - 1, peer.Next + (ulong)state.Options.AppendEntriesMax - 1);
        peer.IsLoadOwed = true;
        peer.LoadTerm = state.Term;
        outputs.Load(new LoadRequest(state.Quorum.VoterAt(place), peer.Next, last, state.Options.AppendBytesMax));
    }

    private static bool TrySendEntries(RaftState state, int place, Outputs outputs)
    {
        Progress peer = state.Peers[place];
        RaftOptions options = state.Options;
        if (!state.Log.TryRange(
            peer.Next, state.LastIndex, options.AppendEntriesMax, options.AppendBytesMax, out SuffixRange range))
        {
            return false;
        }

        state.Log.Pin(range.First);
        SendAppend(state, place, range.First, range.Count, EntrySource.Suffix, outputs);
        peer.Sent(range.First + (ulong)range.Count - 1, range.Length, state.NowNs);
        return true;
    }

    /// <summary>Without entries: overtakes those on their way, so it must fit whatever the follower holds of
    /// them.</summary>
    private static void SendEmpty(RaftState state, int place, Outputs outputs)
    {
        Progress peer = state.Peers[place];
        ulong next = peer.State == ProgressState.Probe ? peer.Next : peer.Match + 1;

        // Of what lies before the log's beginning nothing is known but that everybody has its very start.
        next = next - 1 < state.Log.BaseIndex ? 1 : next;
        SendAppend(state, place, next, 0, EntrySource.None, outputs);
    }

    private static void SendAppend(
        RaftState state, int place, ulong first, int count, EntrySource source, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        ulong prev = first - 1;
        ref OutboundMessage message = ref outputs.Send();
        message.Header = state.HeaderTo(MessageType.AppendEntries, place, state.Round);
        new AppendEntriesBody(prev, state.Log.TermAt(prev), count, state.CommitProof).Write(message.Body);
        message.BodyLength = AppendEntriesBody.Bytes;
        message.Source = source;
        message.FirstEntry = count > 0 ? first : 0;
        message.EntryCount = count;
        state.Peers[place].CommitSent = state.CommitIndex;
    }
}
