using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>Transactions as text, a line each: <c>ok append x 1, r x [1]</c>, or fail, or info.</summary>
internal static class TransactionText
{
    /// <summary>Each transaction is a process of its own; all of them are invoked before the first completes.</summary>
    internal static List<TransactionEvent> Parse(string text)
    {
        var calls = new List<TransactionEvent>();
        var ends = new List<TransactionEvent>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            HistoryEventType type = Enum.Parse<HistoryEventType>(line[..space], ignoreCase: true);
            TransactionStep[] steps = [.. line[space..].Split(',').Select(Step)];
            TransactionStep[] asked = [.. steps.Select(static step => step with { List = null })];
            int process = calls.Count;
            calls.Add(new TransactionEvent(process, 0, process, HistoryEventType.Invoke, asked));
            bool isOk = type == HistoryEventType.Ok;
            ends.Add(new TransactionEvent(process, 1, process, type, isOk ? steps : asked));
        }

        return [.. calls, .. ends];
    }

    private static TransactionStep Step(string text)
    {
        string[] words = text.Split([' ', '[', ']'], StringSplitOptions.RemoveEmptyEntries);
        long[] numbers = [.. words[2..].Select(static word => long.Parse(word, CultureInfo.InvariantCulture))];
        return words[0] == "append"
            ? new TransactionStep(TransactionFunction.Append, words[1], numbers[0], null)
            : new TransactionStep(TransactionFunction.Read, words[1], 0, numbers);
    }
}
