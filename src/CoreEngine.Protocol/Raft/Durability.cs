using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>What must be on the medium before what may be said (Raft paper, figure 2: "updated on stable storage
/// before responding").</summary>
/// <remarks>Tickets rise by one in the order of the writes, and completions are cumulative.</remarks>
internal static class Durability
{
    /// <summary>Writes term, vote and commit index.</summary>
    internal static void WriteHardState(RaftState state, Outputs outputs)
    {
        state.HardStateTicket = state.NextTicket++;
        Measure(state, state.HardStateTicket);
        outputs.Write(new PersistItem(
            PersistKind.HardState, state.HardStateTicket, state.Term, state.Vote, state.CommitIndex, 0, 0));
    }

    /// <summary>Writes the entries from <paramref name="first"/> to the end of the log; one write with those appended
    /// just before.</summary>
    internal static void WriteEntries(RaftState state, ulong first, Outputs outputs)
    {
        ulong last = state.LastIndex;
        Invariant.Holds(first <= last);
        state.Frontiers.Append(new AppendTicket(last));
        if (outputs.TryExtendEntries(first, last))
        {
            state.Appends.Add(state.NextTicket - 1, last);
            return;
        }

        ulong ticket = state.NextTicket++;
        state.Appends.Add(ticket, last);
        Measure(state, ticket);
        outputs.Write(new PersistItem(PersistKind.Entries, ticket, state.Term, 0, 0, first, last));
    }

    /// <summary>Writes the first configuration; every later write follows it.</summary>
    internal static void WriteFounding(RaftState state, Outputs outputs) => outputs.Write(
        new PersistItem(PersistKind.Founding, state.NextTicket++, state.Term, 0, 0, 0, 0));

    /// <summary>Voids everything above <paramref name="index"/>, in memory at once and on the medium by a
    /// marker.</summary>
    internal static void Truncate(RaftState state, ulong index, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Follower);
        Invariant.Holds(index >= state.CommitIndex);
        Invariant.Holds(index >= state.Matched);
        outputs.VoidEntries(index);
        state.Log.TruncateTo(index);
        ConfigurationRule.Follow(state);
        state.Frontiers.Truncate(index);
        state.Appends.CapTo(index);
        outputs.Write(new PersistItem(PersistKind.Truncate, state.NextTicket++, state.Term, 0, 0, 0, index));
    }

    /// <summary>A place for a reply in our term: it may leave at once when the term is durable, and else waits for
    /// that.</summary>
    internal static ref OutboundMessage Reply(RaftState state, Outputs outputs)
    {
        if (state.HardStateTicket > state.DurableTicket)
        {
            return ref outputs.SendAfter(state.HardStateTicket);
        }

        return ref outputs.Send();
    }

    /// <summary>Everything up to <paramref name="ticket"/> is on the medium: D rises, and what waited for it is
    /// said.</summary>
    internal static void OnPersisted(RaftState state, ulong ticket, Outputs outputs)
    {
        Invariant.Holds(ticket < state.NextTicket);
        if (ticket <= state.DurableTicket)
        {
            return;
        }

        state.DurableTicket = ticket;
        state.Flush.End(ticket, state.NowNs);
        state.MediumMovedNs = state.NowNs;
        state.Frontiers.Persist(new SyncCompletion(state.Appends.Complete(ticket)));
        RepairAsking.OnPersisted(state);
        RepairAsking.SettleIfWhole(state, outputs);
        switch (state.Role)
        {
            case Role.Candidate:
                Election.OnVoteDurable(state, outputs);
                break;
            case Role.Leader:
                Replication.AdvanceCommit(state, outputs);
                break;
            default:
                Following.AcknowledgeDurable(state, outputs);
                break;
        }
    }

    private static void Measure(RaftState state, ulong ticket)
    {
        if (state.Options.SlowFlushFactor != 0)
        {
            state.Flush.Begin(ticket, state.NowNs);
        }
    }
}
