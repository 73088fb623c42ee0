using System.Collections.Generic;
using System.Linq;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Checkers;

/// <summary>
/// Finds cycles of a dependency graph, at most one of each of Adya's kinds, the strictest name for each.
/// </summary>
/// <remarks>
/// An edge lies on a cycle exactly when both its ends are in one strongly connected component (Tarjan 1972). Only the
/// search for G-single is more than linear; past the bound it is left, and a cycle is still found and named.
/// </remarks>
internal sealed class AnomalySearch(DependencyGraph graph, List<HistoryTransaction> transactions, long stepsMax)
{
    private const Dependencies Flow = Dependencies.WriteWrite | Dependencies.WriteRead;
    private const Dependencies All = Flow | Dependencies.ReadWrite;

    private readonly List<FoundAnomaly> _found = [];
    private long _steps;

    internal List<FoundAnomaly> Run()
    {
        int[] all = StrongComponents.Find(graph, All);
        if (graph.Edges.Exists(edge => all[edge.From] == all[edge.To]))
        {
            AddFirst(TransactionAnomaly.G0, Dependencies.WriteWrite, Dependencies.WriteWrite);
            AddFirst(TransactionAnomaly.G1c, Dependencies.WriteRead, Flow);
            AddAntiDependent(all);
            Invariant.Holds(_found.Count > 0);
        }

        return _found;
    }

    /// <summary>Adds a cycle with an edge of the one kind, the rest of which is within the given kinds.</summary>
    private void AddFirst(TransactionAnomaly anomaly, Dependencies kind, Dependencies rest)
    {
        int[] components = StrongComponents.Find(graph, rest);
        foreach (Dependency edge in graph.Edges)
        {
            if (edge.Kind == kind && components[edge.From] == components[edge.To])
            {
                Add(anomaly, edge, Path(edge.To, edge.From, rest)!);
                return;
            }
        }
    }

    private void AddAntiDependent(int[] components)
    {
        bool hasSingle = false;
        bool hasItem = false;
        foreach (Dependency edge in graph.Edges)
        {
            if (edge.Kind != Dependencies.ReadWrite || components[edge.From] != components[edge.To] ||
                (hasSingle && hasItem) || (_steps > stepsMax && (hasSingle || hasItem)))
            {
                continue;
            }

            List<Dependency>? rest = _steps <= stepsMax ? Path(edge.To, edge.From, Flow) : null;
            rest ??= Path(edge.To, edge.From, All)!;
            bool isSingle = rest.TrueForAll(static other => other.Kind != Dependencies.ReadWrite);
            if (isSingle ? !hasSingle : !hasItem)
            {
                Add(isSingle ? TransactionAnomaly.GSingle : TransactionAnomaly.G2Item, edge, rest);
            }

            hasSingle |= isSingle;
            hasItem |= !isSingle;
        }
    }

    private void Add(TransactionAnomaly anomaly, Dependency first, List<Dependency> rest)
    {
        List<Dependency> cycle = [first, .. rest];
        HistoryTransaction[] members = [.. cycle.Select(edge => transactions[edge.From])];
        string text = $"{SerializabilityChecker.NameOf(anomaly)}: {string.Join(", ", cycle)}\n  "
            + string.Join("\n  ", members.Select(static member => member.ToString()));
        _found.Add(new FoundAnomaly(anomaly, text, cycle, members));
    }

    /// <summary>A shortest path over edges of the given kinds; null when there is none.</summary>
    private List<Dependency>? Path(int from, int to, Dependencies kinds)
    {
        var reached = new Dictionary<int, Dependency>();
        var queue = new Queue<int>([from]);
        while (queue.TryDequeue(out int at) && at != to)
        {
            foreach (Dependency edge in graph.Leaving[at])
            {
                _steps++;
                if ((edge.Kind & kinds) != 0 && edge.To != from && reached.TryAdd(edge.To, edge))
                {
                    queue.Enqueue(edge.To);
                }
            }
        }

        if (!reached.ContainsKey(to))
        {
            return null;
        }

        var path = new List<Dependency>();
        for (int at = to; at != from; at = path[^1].From)
        {
            path.Add(reached[at]);
        }

        path.Reverse();
        return path;
    }
}
