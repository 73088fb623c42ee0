using System;
using System.Globalization;

namespace CoreEngine.Simulation.Tracing;

/// <summary>What must be on the medium before what is said, and what comes back (Raft paper, figure 2).</summary>
internal static class SpecDurability
{
    /// <summary>What an event says of the medium.</summary>
    internal static (string, string)? Judge(SpecReplica replica, ProtocolEvent e)
    {
        if (e.Name == EventNames.Persisted)
        {
            return JudgeWrite(replica, e);
        }

        if ((e.DurableTerm, e.DurableVote) != (replica.DurableTerm, replica.DurableVote))
        {
            return ("persisted", "term or vote became durable without a write");
        }

        // A leader's message may take back the end of the log, on the medium too.
        bool isTakenBack = e.DurableIndex < replica.DurableIndex
            && replica.Receiving?.Name == EventNames.ReceiveAppend;
        return isTakenBack || e.DurableIndex == replica.DurableIndex
            ? null
            : ("persisted", Text($"durable to {e.DurableIndex} after {replica.DurableIndex} without a write"));
    }

    /// <summary>Nothing is said in a term that a crash could take back.</summary>
    internal static (string, string)? Send(SpecReplica replica, TracedMessage message) =>
        message.Term > replica.DurableTerm
            ? ("persisted-first", Text($"{message.Type} in term {message.Term}, durable is {replica.DurableTerm}"))
            : null;

    /// <summary>A restart brings back what was durable.</summary>
    internal static (string, string)? Recover(SpecReplica replica, ProtocolEvent e)
    {
        if (e.Term < replica.DurableTerm)
        {
            return ("recovery", Text($"term {e.Term} came back, {replica.DurableTerm} was durable"));
        }

        if (e.Term == replica.DurableTerm && replica.DurableVote != 0 && e.Vote != replica.DurableVote)
        {
            return ("recovery", Text($"vote {e.Vote} came back, {replica.DurableVote} was durable in term {e.Term}"));
        }

        if ((ulong)e.Terms.Count < replica.DurableIndex)
        {
            return ("recovery", Text($"{e.Terms.Count} entries came back, {replica.DurableIndex} were durable"));
        }

        for (int i = 0; i < (int)replica.DurableIndex; i++)
        {
            if (e.Terms[i] != replica.Log[i])
            {
                return ("recovery", Text($"entry {i + 1} came back with term {e.Terms[i]}, not {replica.Log[i]}"));
            }
        }

        return null;
    }

    private static (string, string)? JudgeWrite(SpecReplica replica, ProtocolEvent e)
    {
        if (e.DurableTerm < replica.DurableTerm || !replica.Held.Contains((e.DurableTerm, e.DurableVote)))
        {
            return ("persisted", Text($"term {e.DurableTerm}, vote {e.DurableVote} became durable and was never held"));
        }

        if (e.DurableIndex < replica.DurableIndex || e.DurableIndex > (ulong)replica.Log.Count)
        {
            return ("persisted", Text($"durable to {e.DurableIndex} of {replica.Log.Count} entries"));
        }

        replica.Durable.Add((e.DurableTerm, e.DurableVote));
        return null;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
