using System;
using System.Collections.Generic;
using System.Text;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>
/// Judges whether a history of register operations is linearizable (Herlihy and Wing 1990), key by key.
/// </summary>
/// <remarks>
/// Keys are absent at the start, and nobody but the recorded clients touches them. A history is linearizable when each
/// key's part is (locality), so each key is searched alone. Deterministic; bounded by <see cref="CheckerLimits"/>.
/// </remarks>
public static class LinearizabilityChecker
{
    /// <summary>Operations placed last that a report shows.</summary>
    internal const int ReportedMax = 6;

    /// <summary>Checks a merged history. Events that cannot be a history are Undecided, with the reason.</summary>
    public static LinearizabilityVerdict Check(IReadOnlyList<HistoryEvent> events, CheckerLimits? limits = null)
    {
        return HistoryOperation.TryPair(events, out IReadOnlyList<HistoryOperation>? operations, out string? reason)
            ? Check(operations, limits)
            : new LinearizabilityVerdict { Verdict = Verdict.Undecided, Explanation = $"Not a history: {reason}." };
    }

    /// <summary>Checks paired operations.</summary>
    public static LinearizabilityVerdict Check(IReadOnlyList<HistoryOperation> operations, CheckerLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(operations);
        limits ??= new CheckerLimits();
        var states = new RegisterStates();
        var cache = new ConfigurationCache();
        List<List<HistoryOperation>> keys = Partition(operations);
        LinearizabilityVerdict? worst = null;
        long steps = 0;
        foreach (List<HistoryOperation> key in keys)
        {
            LinearizabilityVerdict? verdict = CheckKey(key, states, cache, limits, ref steps);
            if (verdict is not null && (worst is null || verdict.Verdict == Verdict.Violation))
            {
                worst = verdict;
            }

            if (verdict is { Verdict: Verdict.Violation })
            {
                break;
            }
        }

        worst ??= new LinearizabilityVerdict
        {
            Verdict = Verdict.Linearizable,
            Explanation = "Every key has an order of its operations that respects real time and explains every reply.",
        };
        return worst with
        {
            Operations = operations.Count,
            Unknowns = CountUnknowns(operations),
            Keys = keys.Count,
            Steps = steps,
        };
    }

    /// <summary>Parts by key, in the order of first appearance, each in the order of invocation.</summary>
    private static List<List<HistoryOperation>> Partition(IReadOnlyList<HistoryOperation> operations)
    {
        var keys = new List<List<HistoryOperation>>();
        var places = new Dictionary<string, List<HistoryOperation>>(StringComparer.Ordinal);
        foreach (HistoryOperation operation in operations)
        {
            if (!places.TryGetValue(operation.Key, out List<HistoryOperation>? part))
            {
                part = [];
                places.Add(operation.Key, part);
                keys.Add(part);
            }

            part.Add(operation);
        }

        foreach (List<HistoryOperation> part in keys)
        {
            part.Sort(static (a, b) => a.Invoked.CompareTo(b.Invoked));
        }

        return keys;
    }

    private static int CountUnknowns(IReadOnlyList<HistoryOperation> operations)
    {
        int count = 0;
        foreach (HistoryOperation operation in operations)
        {
            count += operation.IsUnknown ? 1 : 0;
        }

        return count;
    }

    /// <summary>Null when the key is linearizable.</summary>
    private static LinearizabilityVerdict? CheckKey(
        List<HistoryOperation> operations,
        RegisterStates states,
        ConfigurationCache cache,
        CheckerLimits limits,
        ref long steps)
    {
        string key = operations[0].Key;
        var problem = KeyProblem.TryBuild(operations, states, limits);
        if (problem is null)
        {
            return GiveUp(key, $"its values exceed {limits.ValueCharsMax} characters");
        }

        var search = new KeySearch(problem, cache, limits);
        bool isLinearizable = search.Run();
        steps += search.Steps;
        return search.GaveUp is not null ? GiveUp(key, search.GaveUp)
            : isLinearizable ? null
            : Explain(key, problem, search);
    }

    private static LinearizabilityVerdict GiveUp(string key, string why) =>
        new() { Verdict = Verdict.Undecided, Key = key, Explanation = $"Gave up on key \"{key}\": {why}." };

    private static LinearizabilityVerdict Explain(string key, KeyProblem problem, KeySearch search)
    {
        HistoryOperation stuck = problem.Known[search.Stuck];
        var involved = new List<HistoryOperation> { stuck };
        foreach (HistoryOperation operation in search.StuckWindow)
        {
            if (!involved.Contains(operation))
            {
                involved.Add(operation);
            }
        }

        string? value = problem.States.ValueOf(search.StuckState);
        var text = new StringBuilder();
        text.Append("Key \"").Append(key)
            .Append("\" is not linearizable: no order of its operations explains the first ")
            .Append(stuck.Returned + 1).Append(" events. What cannot be placed before its return: ").Append(stuck)
            .Append(". One of the longest orders ends with the value ")
            .Append(value is null ? "absent" : $"\"{value}\"").Append(". Around it:");
        foreach (HistoryOperation operation in involved)
        {
            text.Append("\n  ").Append(operation);
        }

        return new LinearizabilityVerdict
        {
            Verdict = Verdict.Violation,
            Key = key,
            Explanation = text.ToString(),
            PrefixEvents = stuck.Returned + 1,
            Involved = involved,
        };
    }
}
