using System.Collections.Generic;
using System.Linq;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>
/// The definition of serializability, tried out: every order of the committed, with or without unknown ones.
/// </summary>
internal static class SerialBruteForce
{
    /// <summary>Judges completions: one event per transaction, ok, fail or info.</summary>
    internal static bool IsSerializable(IReadOnlyList<TransactionEvent> ends) =>
        Extend(ends, new bool[ends.Count], []);

    private static bool Extend(
        IReadOnlyList<TransactionEvent> ends, bool[] isPlaced, Dictionary<string, List<long>> state)
    {
        if (!Enumerable.Range(0, ends.Count).Any(i => !isPlaced[i] && ends[i].Type == HistoryEventType.Ok))
        {
            return true;
        }

        for (int i = 0; i < ends.Count; i++)
        {
            var copy = state.ToDictionary(static pair => pair.Key, static pair => pair.Value.ToList());
            if (isPlaced[i] || ends[i].Type == HistoryEventType.Fail || !Runs(ends[i], copy))
            {
                continue;
            }

            isPlaced[i] = true;
            bool isFound = Extend(ends, isPlaced, copy);
            isPlaced[i] = false;
            if (isFound)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Runs(TransactionEvent transaction, Dictionary<string, List<long>> state)
    {
        foreach (TransactionStep step in transaction.Steps)
        {
            List<long> list = state.TryGetValue(step.Key, out List<long>? found) ? found : [];
            state[step.Key] = list;
            if (step.Function == TransactionFunction.Append)
            {
                list.Add(step.Element);
            }
            else if (step.List is not null && !step.List.SequenceEqual(list))
            {
                return false;
            }
        }

        return true;
    }
}
