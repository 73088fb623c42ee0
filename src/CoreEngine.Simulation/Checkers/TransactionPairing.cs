using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>Makes transactions of events.</summary>
internal static class TransactionPairing
{
    /// <summary>
    /// Pairs invocations with completions. False with the reason when the events cannot be a history.
    /// </summary>
    internal static bool TryPair(
        IReadOnlyList<TransactionEvent> events,
        [NotNullWhen(true)] out List<HistoryTransaction>? transactions,
        [NotNullWhen(false)] out string? reason)
    {
        var paired = new List<HistoryTransaction>(events.Count / 2);
        var open = new Dictionary<int, int>();
        var retired = new HashSet<int>();
        transactions = null;
        reason = null;
        for (int i = 0; i < events.Count; i++)
        {
            TransactionEvent e = events[i];
            if (e.Type == HistoryEventType.Invoke)
            {
                reason = retired.Contains(e.Process) ? "its process was retired by an info"
                    : open.TryAdd(e.Process, paired.Count) ? null
                    : "its process has a transaction open";
                paired.Add(new HistoryTransaction(paired.Count, e.Process, TransactionOutcome.Unknown, e.Steps));
            }
            else if (!open.Remove(e.Process, out int number))
            {
                reason = "it completes nothing";
            }
            else
            {
                reason = Complete(paired, number, e);
                _ = e.Type == HistoryEventType.Info && retired.Add(e.Process);
            }

            if (reason is not null)
            {
                reason = $"event {i}: {reason}";
                return false;
            }
        }

        transactions = paired;
        return true;
    }

    private static string? Complete(List<HistoryTransaction> paired, int number, TransactionEvent end)
    {
        HistoryTransaction call = paired[number];
        if (end.Type != HistoryEventType.Ok)
        {
            bool isAborted = end.Type == HistoryEventType.Fail;
            paired[number] = call with { Outcome = isAborted ? TransactionOutcome.Aborted : call.Outcome };
            return null;
        }

        bool isSame = call.Steps.Count == end.Steps.Count;
        for (int i = 0; isSame && i < call.Steps.Count; i++)
        {
            TransactionStep asked = call.Steps[i];
            TransactionStep done = end.Steps[i];
            isSame = (asked.Function, asked.Key, asked.Element) == (done.Function, done.Key, done.Element);
            if (done is { Function: TransactionFunction.Read, List: null })
            {
                return "a read of a committed transaction has no list";
            }
        }

        paired[number] = call with { Outcome = TransactionOutcome.Committed, Steps = end.Steps };
        return isSame ? null : "it completes another transaction than its process invoked";
    }
}
