using System;
using CoreEngine.Model;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// Gets lost entries back from any peer by index and term, and ends doubt (Protocol-Aware Recovery, FAST'18, section
/// 3.4). The leader is not needed for it: two damaged replicas may make each other whole, and then elect one.
/// </summary>
internal static class RepairAsking
{
    /// <summary>Time moves: asks, and asks somebody else when no answer came.</summary>
    internal static void Tick(RaftState state, Outputs outputs)
    {
        if (!Claims.IsDamaged(state) || state.NowNs < state.Repair.DeadlineNs)
        {
            return;
        }

        RepairState repair = state.Repair;
        repair.DeadlineNs = state.NowNs + state.Options.HeartbeatNs;
        repair.Round++;
        if (repair.Doubt != Doubt.None)
        {
            for (int place = 0; place < state.Quorum.Count; place++)
            {
                if (place != state.Self)
                {
                    Ask(state, place, new RepairRequestBody(0, state.LastIndex, 0, 0), outputs);
                }
            }
        }

        if (state.Log.Holes.Count > 0 && repair.CopiesTicket == 0)
        {
            AskForEntries(state, outputs);
        }
    }

    /// <summary>A peer answered.</summary>
    internal static ReceiveResult OnReply(RaftState state, int place, in Message message, Outputs outputs)
    {
        if (!RepairReplyBody.TryRead(message.Body, out RepairReplyBody body, out ReadOnlySpan<byte> records))
        {
            return ReceiveResult.Malformed;
        }

        RepairState repair = state.Repair;
        MessageHeader header = message.Header;
        if (header.Sequence <= repair.FirstRound || header.Sequence > repair.Round)
        {
            return ReceiveResult.Stale;
        }

        NoteStanding(state, place, header, body, outputs);
        bool isAnswer = body.First != 0 && state.Log.Holes.Count > 0 && repair.CopiesTicket == 0
            && body.First == state.Log.Holes.Lowest.First;
        if (!isAnswer)
        {
            return ReceiveResult.Accepted;
        }

        ReceiveResult result = ReceiveResult.Accepted;
        RepairVerdict verdict = body.Verdict;
        if (verdict == RepairVerdict.Have && !TryTake(state, records, body.Count, outputs))
        {
            // It holds other bytes under the same name: whoever is wrong, these are not taken.
            verdict = RepairVerdict.Damaged;
            result = ReceiveResult.Malformed;
        }

        repair.Verdicts[place] = verdict;
        bool isNext = place == repair.Target && verdict is not (RepairVerdict.Have or RepairVerdict.Busy);
        if (isNext && !IsExhausted(state))
        {
            repair.DeadlineNs = state.NowNs;
        }

        return result;
    }

    /// <summary>Something is durable: copies that were written can be read from now on.</summary>
    internal static void OnPersisted(RaftState state)
    {
        RepairState repair = state.Repair;
        if (repair.CopiesTicket == 0 || repair.CopiesTicket > state.DurableTicket)
        {
            return;
        }

        (ulong first, ulong last) = repair.Copies;
        repair.CopiesTicket = 0;
        repair.Repaired += (long)(last - first) + 1;
        repair.DeadlineNs = state.NowNs;
        state.Log.FillFromCopies(first, last);
        ConfigurationRule.Follow(state);
        Array.Clear(repair.Verdicts);
    }

    /// <summary>Another configuration is in effect: what was noted by place may belong to another member.</summary>
    internal static void ForgetPlaces(RaftState state)
    {
        RepairState repair = state.Repair;
        Array.Clear(repair.Verdicts);
        repair.TermsHeard = 0;
        repair.Target = 0;
        repair.Served = (-1, 0, 0, 0, 0);
    }

    /// <summary>Ends the doubt about the log when the leader's was copied as far as it went when we asked.</summary>
    /// <remarks>
    /// What we acknowledged to earlier leaders and is committed stands in this leader's log (leader completeness:
    /// it was elected without us, or when our log was whole); what we acknowledged to this leader stands there too. So
    /// nothing that we forgot is missing here any more, and nothing that we say from now on contradicts it.
    /// </remarks>
    internal static void SettleIfWhole(RaftState state, Outputs outputs)
    {
        RepairState repair = state.Repair;
        bool isWhole = repair.Doubt == Doubt.Log
            && repair.SettleTerm == state.Term
            && state.Role == Role.Follower
            && state.Leader != 0
            && state.Log.Holes.Count == 0
            && ulong.Min(state.Frontiers.Durable, state.Matched) >= repair.SettleAt;
        if (isWhole)
        {
            repair.Doubt = Doubt.None;
            outputs.Write(new PersistItem(PersistKind.Settled, state.NextTicket++, state.Term, 0, 0, 0, 0));
        }
    }

    internal static MessageHeader HeaderTo(RaftState state, MessageType type, int place, ulong round)
    {
        MessageHeader header = state.HeaderTo(type, place, round);
        return header with { Term = ulong.Max(1, header.Term) };
    }

    /// <summary>Copies and the marker before them go to the log in one piece.</summary>
    internal static int CopyBytesMax(RaftState state) =>
        int.Max(1, int.Min(state.Options.AppendBytesMax, Limits.AppendBytesMax - RecordHeader.Bytes));

    /// <summary>Everybody was asked for the lowest hole, and nobody has it.</summary>
    internal static bool IsExhausted(RaftState state)
    {
        for (int place = 0; place < state.Quorum.Count; place++)
        {
            if (place != state.Self && state.Repair.Verdicts[place] is RepairVerdict.None or RepairVerdict.Busy)
            {
                return false;
            }
        }

        return true;
    }

    private static void AskForEntries(RaftState state, Outputs outputs)
    {
        RepairState repair = state.Repair;
        Hole hole = state.Log.Holes.Lowest;
        if (state.Quorum.Count <= 1 || state.Self < 0)
        {
            return;
        }

        do
        {
            repair.Target = (repair.Target + 1) % state.Quorum.Count;
        }
        while (repair.Target == state.Self);
        Ask(
            state,
            repair.Target,
            new RepairRequestBody(hole.First, hole.Last, hole.Term, CopyBytesMax(state)),
            outputs);
    }

    private static void Ask(RaftState state, int place, in RepairRequestBody body, Outputs outputs)
    {
        ref OutboundMessage message = ref outputs.Send();
        message.Header = HeaderTo(state, MessageType.RepairRequest, place, state.Repair.Round);
        body.Write(message.Body);
        message.BodyLength = RepairRequestBody.Bytes;
    }

    private static void NoteStanding(
        RaftState state, int place, in MessageHeader header, in RepairReplyBody body, Outputs outputs)
    {
        RepairState repair = state.Repair;
        bool knows = (body.Standing & RepairStanding.KnowsItsTerm) != 0 && body.ConfigEpoch <= state.ConfigEpoch;
        if ((repair.Doubt & Doubt.Vote) != 0 && knows)
        {
            repair.TermsHeard |= 1UL << place;
            repair.TermMax = ulong.Max(repair.TermMax, header.Term);
            EndVoteDoubt(state, outputs);
        }

        bool isLeader = (body.Standing & RepairStanding.Leads) != 0 && header.Term == state.Term;
        if (repair.Doubt == Doubt.Log && isLeader && repair.SettleTerm != state.Term)
        {
            repair.SettleTerm = state.Term;
            repair.SettleAt = body.LastIndex;
        }

        SettleIfWhole(state, outputs);
    }

    /// <summary>
    /// A candidate's term is durable at the candidate before it asks for a vote. So once every other voter has told its
    /// term, the greatest of them bounds the term of the vote that was forgotten; in that term no other vote is given.
    /// </summary>
    private static void EndVoteDoubt(RaftState state, Outputs outputs)
    {
        RepairState repair = state.Repair;
        ulong all = state.Quorum.Count == 64 ? ulong.MaxValue : (1UL << state.Quorum.Count) - 1;
        if ((repair.TermsHeard | state.SelfBit) != all)
        {
            return;
        }

        repair.Doubt &= ~Doubt.Vote;
        if (repair.TermMax > state.Term)
        {
            Election.AdoptTerm(state, repair.TermMax, state.Options.Replica, outputs);
        }
        else
        {
            state.Vote = state.Vote == 0 ? state.Options.Replica : state.Vote;
            Durability.WriteHardState(state, outputs);
        }
    }

    /// <summary>Checks every record by group, index, term and checksum, and writes copies of them.</summary>
    /// <returns>False when they are not the entries that were lost.</returns>
    private static bool TryTake(RaftState state, ReadOnlySpan<byte> records, int count, Outputs outputs)
    {
        Hole hole = state.Log.Holes.Lowest;
        ulong index = hole.First;
        uint checksum = 0;
        ReadOnlySpan<byte> rest = records;
        for (int i = 0; i < count; i++)
        {
            bool fits = RecordHeader.TryRead(rest, out RecordHeader header, out ReadOnlySpan<byte> record)
                && EntryCodec.TryRead(header, record, out _)
                && header.Group == state.Options.Group
                && header.Index == index
                && header.Term == hole.Term
                && index <= hole.Last;
            if (!fits)
            {
                return false;
            }

            checksum = RecordChain.Add(checksum, header.Checksum);
            rest = rest[record.Length..];
            index++;
        }

        bool isOther = hole.IsChecked && index - 1 == hole.Last && checksum != hole.Checksum;
        if (!rest.IsEmpty || isOther)
        {
            return false;
        }

        state.Repair.Copies = (hole.First, index - 1);
        state.Repair.CopiesTicket = state.NextTicket++;
        state.Log.KeepCopies(hole.First, index - 1, records);
        outputs.Write(new PersistItem(
            PersistKind.Copies, state.Repair.CopiesTicket, state.Term, 0, 0, hole.First, index - 1));
        return true;
    }
}
