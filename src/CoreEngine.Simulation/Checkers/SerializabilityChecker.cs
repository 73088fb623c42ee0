using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>
/// Judges whether a history of list-append transactions is serializable, by its dependency graph (Adya 1999), which
/// appended lists reveal (Kingsbury and Alvaro, "Elle", VLDB 2020).
/// </summary>
/// <remarks>
/// Every element is appended to a key once. A list that was read is the order of its key's writes; an append that was
/// never seen in it stands after all that was. Transactions of unknown outcome count when somebody saw their writes.
/// The history is serializable exactly when nothing of <see cref="TransactionAnomaly"/> is found; real time does not
/// matter. There are no predicates, so phantoms (G2 proper) cannot be recorded. Deterministic.
/// </remarks>
public static class SerializabilityChecker
{
    /// <summary>Checks a history. Events that cannot be a list-append history are Undecided, with the reason.</summary>
    public static SerializabilityVerdict Check(IReadOnlyList<TransactionEvent> events, CheckerLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(events);
        limits ??= new CheckerLimits();
        if (!TransactionPairing.TryPair(events, out List<HistoryTransaction>? transactions, out string? reason))
        {
            return Undecided($"Not a history: {reason}.");
        }

        var versions = new VersionOrders(transactions);
        if (versions.Fault is not null)
        {
            return Undecided($"Not a list-append history: {versions.Fault}.");
        }

        var graph = DependencyGraph.TryBuild(versions, limits.EdgesMax);
        if (graph is null)
        {
            return Undecided($"Gave up: more than {limits.EdgesMax} dependencies.");
        }

        var found = new List<FoundAnomaly>(versions.Anomalies);
        found.AddRange(new AnomalySearch(graph, transactions, limits.StepsMax).Run());
        FoundAnomaly[] anomalies =
        [
            .. found.GroupBy(static one => one.Kind).Select(static same => same.First())
                .OrderBy(static one => one.Kind),
        ];
        return new SerializabilityVerdict
        {
            Judgement = anomalies.Length == 0 ? Judgement.Holds : Judgement.Violated,
            Explanation = anomalies.Length == 0
                ? "The dependency graph has no cycle: its order is a serial one that explains every read."
                : string.Join('\n', anomalies.Select(static one => one.Explanation)),
            Anomalies = anomalies,
            Transactions = graph.Members,
            Edges = graph.Edges.Count,
        };
    }

    /// <summary>The name of an anomaly as in the literature.</summary>
    public static string NameOf(TransactionAnomaly anomaly) => anomaly switch
    {
        TransactionAnomaly.GSingle => "G-single",
        TransactionAnomaly.G2Item => "G2-item",
        TransactionAnomaly.IncompatibleOrder => "incompatible order",
        TransactionAnomaly.UnwrittenRead => "unwritten read",
        TransactionAnomaly.Internal => "internal",
        _ => anomaly.ToString(),
    };

    private static SerializabilityVerdict Undecided(string why) =>
        new() { Judgement = Judgement.Undecided, Explanation = why };
}
