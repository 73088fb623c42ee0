using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Checkers;

/// <summary>The direct serialization graph of a history (Adya, section 3.2).</summary>
internal sealed class DependencyGraph
{
    private readonly VersionOrders _versions;
    private readonly bool[] _isMember;
    private readonly int _edgesMax;
    private readonly HashSet<Dependency> _known = [];

    private DependencyGraph(VersionOrders versions, int edgesMax)
    {
        _versions = versions;
        _edgesMax = edgesMax;
        _isMember = new bool[versions.Transactions.Count];
        Leaving = new List<Dependency>[_isMember.Length];
        for (int i = 0; i < _isMember.Length; i++)
        {
            Leaving[i] = [];
        }
    }

    /// <summary>Transactions that committed, surely or because their writes were seen.</summary>
    internal int Members { get; private set; }

    /// <summary>Every edge once, in a fixed order.</summary>
    internal List<Dependency> Edges { get; } = [];

    /// <summary>The edges that leave each transaction.</summary>
    internal List<Dependency>[] Leaving { get; }

    /// <summary>Builds the graph; null when it has more edges than the bound.</summary>
    internal static DependencyGraph? TryBuild(VersionOrders versions, int edgesMax)
    {
        var graph = new DependencyGraph(versions, edgesMax);
        graph.FindMembers();
        foreach (KeyVersions key in versions.Keys)
        {
            if (key.IsOrdered)
            {
                graph.AddKey(key);
            }
        }

        return graph.Edges.Count <= edgesMax ? graph : null;
    }

    private void FindMembers()
    {
        for (int i = 0; i < _isMember.Length; i++)
        {
            _isMember[i] = _versions.Transactions[i].Outcome == TransactionOutcome.Committed;
        }

        foreach (KeyVersions key in _versions.Keys)
        {
            foreach (long element in key.Longest)
            {
                if (key.Writers.TryGetValue(element, out int writer))
                {
                    _isMember[writer] |= _versions.Transactions[writer].Outcome == TransactionOutcome.Unknown;
                }
            }
        }

        foreach (bool isMember in _isMember)
        {
            Members += isMember ? 1 : 0;
        }
    }

    private void AddKey(KeyVersions key)
    {
        var seen = new HashSet<long>(key.Longest);
        var writers = new List<int>(key.Longest.Count);
        foreach (long element in key.Longest)
        {
            writers.Add(key.Writers.GetValueOrDefault(element, -1));
        }

        // Lists only grow: what a list that was read does not hold was appended after it.
        var unseen = new List<int>();
        foreach ((long element, int writer) in key.Appends)
        {
            if (!seen.Contains(element) && _isMember[writer] && (unseen.Count == 0 || unseen[^1] != writer))
            {
                unseen.Add(writer);
            }
        }

        int[] previous = Previous(writers);
        int[] next = Next(writers);
        for (int i = 0; i < writers.Count; i++)
        {
            Add(previous[i], writers[i], Dependencies.WriteWrite, key.Key);
        }

        foreach (int writer in unseen)
        {
            Add(previous[^1], writer, Dependencies.WriteWrite, key.Key);
        }

        foreach (VersionRead read in key.Reads)
        {
            Add(previous[read.Length], read.Reader, Dependencies.WriteRead, key.Key);
            if (next[read.Length] >= 0)
            {
                Add(read.Reader, next[read.Length], Dependencies.ReadWrite, key.Key);
            }
            else
            {
                AddToAll(read.Reader, unseen, key.Key);
            }
        }
    }

    /// <summary>
    /// Nobody orders the unseen among themselves: each of them overwrites the last version that was seen.
    /// </summary>
    private void AddToAll(int reader, List<int> unseen, string key)
    {
        foreach (int writer in unseen)
        {
            Add(reader, writer, Dependencies.ReadWrite, key);
        }
    }

    /// <summary>
    /// Per place the nearest member that wrote before it, -1 when none; one place more than elements.
    /// </summary>
    private int[] Previous(List<int> writers)
    {
        int[] previous = new int[writers.Count + 1];
        previous[0] = -1;
        for (int i = 0; i < writers.Count; i++)
        {
            previous[i + 1] = IsMember(writers[i]) ? writers[i] : previous[i];
        }

        return previous;
    }

    /// <summary>Per place the nearest member that wrote there or after it, -1 when none; one place more.</summary>
    private int[] Next(List<int> writers)
    {
        int[] next = new int[writers.Count + 1];
        next[^1] = -1;
        for (int i = writers.Count - 1; i >= 0; i--)
        {
            next[i] = IsMember(writers[i]) ? writers[i] : next[i + 1];
        }

        return next;
    }

    private bool IsMember(int transaction) => transaction >= 0 && _isMember[transaction];

    private void Add(int from, int to, Dependencies kind, string key)
    {
        // A transaction does not wait for itself; aborted ones are not part of the graph.
        if (from == to || !IsMember(from) || !IsMember(to) || Edges.Count > _edgesMax)
        {
            return;
        }

        var edge = new Dependency(from, to, kind, key);
        if (_known.Add(edge))
        {
            Edges.Add(edge);
            Leaving[from].Add(edge);
            Invariant.Holds(edge.From != edge.To);
        }
    }
}
