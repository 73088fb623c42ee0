using System.Collections.Generic;

namespace CoreEngine.Simulation.Tracing;

/// <summary>What the specification knows of one replica.</summary>
internal sealed class SpecReplica
{
    internal ulong Incarnation;
    internal ulong Term;
    internal uint Vote;
    internal ulong Commit;
    internal string Role = EventNames.Follower;

    internal ulong DurableTerm;
    internal uint DurableVote;
    internal ulong DurableIndex;

    /// <summary>The event of the call in hand, when a message caused it.</summary>
    internal ProtocolEvent? Receiving;

    /// <summary>Terms of the log in memory, from index 1.</summary>
    internal List<ulong> Log { get; } = [];

    /// <summary>Every pair of term and vote that it was ever in, and those known to be durable.</summary>
    internal HashSet<(ulong Term, uint Vote)> Held { get; } = [];

    internal HashSet<(ulong Term, uint Vote)> Durable { get; } = [];

    /// <summary>To whom it said yes, by term.</summary>
    internal Dictionary<ulong, uint> Granted { get; } = [];

    /// <summary>End of its log when it became candidate, by term.</summary>
    internal Dictionary<ulong, (ulong Index, ulong Term)> Candidacies { get; } = [];

    /// <summary>Who said yes to it in this term.</summary>
    internal HashSet<uint> Grants { get; } = [];

    /// <summary>What followers have acknowledged to it in this term.</summary>
    internal Dictionary<uint, ulong> Acknowledged { get; } = [];

    internal ulong LastTerm => Log.Count == 0 ? 0 : Log[^1];

    /// <summary>0 before the log; false behind it.</summary>
    internal bool TryTermAt(ulong index, out ulong term)
    {
        term = index == 0 || index > (ulong)Log.Count ? 0 : Log[(int)index - 1];
        return index <= (ulong)Log.Count;
    }

    internal void EnterTerm(ulong term, uint vote)
    {
        if (term != Term)
        {
            Grants.Clear();
            Acknowledged.Clear();
        }

        Term = term;
        Vote = vote;
        Held.Add((term, vote));
    }
}

/// <summary>What the specification knows of the group.</summary>
internal sealed class SpecGroup
{
    /// <summary>Who led each term.</summary>
    internal Dictionary<ulong, uint> Leaders { get; } = [];

    /// <summary>The log of each term's leader: it only grows.</summary>
    internal Dictionary<ulong, List<ulong>> LeaderLogs { get; } = [];

    /// <summary>Committed entries from index 1: their term, and the term in which they were first committed.</summary>
    internal List<(ulong Term, ulong CommitTerm)> Committed { get; } = [];

    /// <summary>Every message that was ever sent.</summary>
    internal HashSet<(TracedMessage Message, ulong Terms)> Sent { get; } = [];
}

/// <summary>A step that the specification does not allow.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Rule">Its name.</param>
/// <param name="Text">What was found.</param>
internal sealed record SpecViolation(long Line, string Rule, string Text)
{
    public override string ToString() => $"line {Line}: {Rule}: {Text}";
}
