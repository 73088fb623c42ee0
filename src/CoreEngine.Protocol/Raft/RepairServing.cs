using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>Gives entries to a replica that has lost them: any peer may, since index and term name an entry.</summary>
internal static class RepairServing
{
    /// <summary>A peer asks for entries, or for what we know of the group.</summary>
    internal static ReceiveResult OnRequest(RaftState state, int place, in Message message, Outputs outputs)
    {
        if (!RepairRequestBody.TryRead(message.Body, out RepairRequestBody body))
        {
            return ReceiveResult.Malformed;
        }

        if (body.First == 0 && state.Role == Role.Leader)
        {
            state.Peers[place].ForgetAbove(body.Last, state.NowNs);
        }

        RepairVerdict verdict = body.First == 0 ? RepairVerdict.None : Judge(state, body.First, body.Last, body.Term);
        ulong round = message.Header.Sequence;
        if (verdict == RepairVerdict.Trimmed)
        {
            SnapshotRule.NoteLostBelowBase(state, place);
        }

        if (verdict != RepairVerdict.Have)
        {
            Answer(state, place, round, body.First, verdict, outputs);
        }
        else if (state.Log.TryRange(
            body.First, body.Last, state.Options.AppendEntriesMax, body.BytesMax, out SuffixRange range))
        {
            state.Log.Pin(range.First);
            Give(state, place, round, range.First, range.Count, EntrySource.Suffix, outputs);
        }
        else if (state.Repair.Served.Place >= 0)
        {
            Answer(state, place, round, body.First, RepairVerdict.Busy, outputs);
        }
        else
        {
            state.Repair.Served = (place, body.First, body.Last, body.Term, round);
            ulong last = ulong.Min(body.Last, body.First + (ulong)state.Options.AppendEntriesMax - 1);
            outputs.Load(new LoadRequest(state.Options.Replica, body.First, last, body.BytesMax));
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>The loop has read entries for the request that waits.</summary>
    internal static void OnLoaded(RaftState state, ulong first, ulong last, Outputs outputs)
    {
        (int place, ulong wanted, ulong wantedLast, ulong term, ulong round) = state.Repair.Served;
        state.Repair.Served = (-1, 0, 0, 0, 0);
        if (place < 0)
        {
            return;
        }

        // Truncated, or found damaged, while it was being read.
        RepairVerdict verdict = Judge(state, wanted, wantedLast, term);
        if (verdict == RepairVerdict.Have && first == wanted && last >= first)
        {
            Give(state, place, round, first, (int)(last - first) + 1, EntrySource.OwnWindow, outputs);
        }
        else
        {
            RepairVerdict other = verdict == RepairVerdict.Have ? RepairVerdict.Busy : verdict;
            Answer(state, place, round, wanted, other, outputs);
        }
    }

    private static RepairVerdict Judge(RaftState state, ulong first, ulong last, ulong term)
    {
        if (last > state.LastIndex)
        {
            return RepairVerdict.NeverHad;
        }

        if (first <= state.Log.BaseIndex)
        {
            return RepairVerdict.Trimmed;
        }

        if (state.Log.TermAt(last) != term)
        {
            return RepairVerdict.NeverHad;
        }

        return state.Log.Holes.Touches(first, last) ? RepairVerdict.Damaged : RepairVerdict.Have;
    }

    private static void Answer(
        RaftState state, int place, ulong round, ulong first, RepairVerdict verdict, Outputs outputs) =>
        Fill(state, ref Durability.Reply(state, outputs), place, round, first, verdict, 0);

    private static void Give(
        RaftState state, int place, ulong round, ulong first, int count, EntrySource source, Outputs outputs)
    {
        // Entries are gathered at the end of this turn: the message cannot wait for a write. It vouches for nothing.
        ref OutboundMessage message = ref outputs.Send();
        Fill(state, ref message, place, round, first, RepairVerdict.Have, count);
        message.Source = source;
        message.FirstEntry = first;
        message.EntryCount = count;
    }

    private static void Fill(
        RaftState state,
        ref OutboundMessage message,
        int place,
        ulong round,
        ulong first,
        RepairVerdict verdict,
        int count)
    {
        RepairStanding standing = RepairStanding.None;
        if (verdict != RepairVerdict.Have)
        {
            standing |= state.Role == Role.Leader ? RepairStanding.Leads : RepairStanding.None;
            standing |= (state.Repair.Doubt & Doubt.Vote) == 0 ? RepairStanding.KnowsItsTerm : RepairStanding.None;
        }

        message.Header = RepairAsking.HeaderTo(state, MessageType.RepairReply, place, round);
        new RepairReplyBody(first, state.LastIndex, verdict, count, standing, state.ConfigEpoch).Write(message.Body);
        message.BodyLength = RepairReplyBody.Bytes;
    }
}
