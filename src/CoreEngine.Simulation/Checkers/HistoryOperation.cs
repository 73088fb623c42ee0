using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>An operation with what is known about it. Failed operations are not among them.</summary>
/// <param name="Invoked">Index of the invocation in the history.</param>
/// <param name="Returned">Index of the ok event; <see cref="Never"/> when the outcome is unknown.</param>
/// <param name="Process">The client's process.</param>
/// <param name="Function">What it does.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">Read: the result. Write, append: the argument. Cas: the new value.</param>
/// <param name="Expected">Cas: the expected value.</param>
public readonly record struct HistoryOperation(
    int Invoked, int Returned, int Process, HistoryFunction Function, string Key, string? Value, string? Expected)
{
    /// <summary>The place of a return that never came: after everything.</summary>
    public const int Never = int.MaxValue;

    /// <summary>True when the operation may take effect at any time after its invocation, or never.</summary>
    public bool IsUnknown => Returned == Never;

    /// <summary>The operation as a line of a report.</summary>
    public override string ToString()
    {
        string when = IsUnknown ? $"[{Invoked}, unknown)" : $"[{Invoked}, {Returned}]";
        string what = Function switch
        {
            HistoryFunction.Read => $"read -> {Quote(Value)}",
            HistoryFunction.Write => $"write {Quote(Value)}",
            HistoryFunction.Cas => $"cas {Quote(Expected)} -> {Quote(Value)}",
            HistoryFunction.Append => $"append {Quote(Value)}",
            HistoryFunction.Delete => "delete",
            _ => $"function {(byte)Function}",
        };
        return $"process {Process} {when} {what}";
    }

    /// <summary>Pairs invocations with completions. Positions, not the Index fields, give the order.</summary>
    /// <returns>False with the reason when the events cannot be a history.</returns>
    public static bool TryPair(
        IReadOnlyList<HistoryEvent> events,
        [NotNullWhen(true)] out IReadOnlyList<HistoryOperation>? operations,
        [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(events);
        var paired = new List<HistoryOperation>(events.Count / 2);
        var open = new Dictionary<int, int>();
        var retired = new HashSet<int>();
        operations = null;
        reason = null;
        for (int i = 0; i < events.Count; i++)
        {
            HistoryEvent e = events[i];
            if (e.Type == HistoryEventType.Invoke)
            {
                reason = retired.Contains(e.Process) ? "its process was retired by an info"
                    : open.TryAdd(e.Process, i) ? null
                    : "its process has an operation open";
            }
            else if (!open.Remove(e.Process, out int invoked))
            {
                reason = "it completes nothing";
            }
            else
            {
                reason = Complete(events[invoked], invoked, e, i, paired, retired);
            }

            if (reason is not null)
            {
                reason = $"event {i}: {reason}";
                return false;
            }
        }

        foreach (int invoked in open.Values)
        {
            paired.Add(Make(events[invoked], invoked, Never, events[invoked].Value));
        }

        paired.Sort(static (a, b) => a.Invoked.CompareTo(b.Invoked));
        operations = paired;
        return true;
    }

    private static string? Complete(
        in HistoryEvent call,
        int invoked,
        in HistoryEvent end,
        int at,
        List<HistoryOperation> paired,
        HashSet<int> retired)
    {
        if (end.Function != call.Function || !string.Equals(end.Key, call.Key, StringComparison.Ordinal))
        {
            return "it completes another operation than its process invoked";
        }

        if (end.Type == HistoryEventType.Ok)
        {
            paired.Add(Make(call, invoked, at, call.Function == HistoryFunction.Read ? end.Value : call.Value));
        }
        else if (end.Type == HistoryEventType.Info)
        {
            retired.Add(end.Process);
            paired.Add(Make(call, invoked, Never, call.Value));
        }

        return null;
    }

    private static HistoryOperation Make(in HistoryEvent call, int invoked, int returned, string? value) =>
        new(invoked, returned, call.Process, call.Function, call.Key, value, call.Expected);

    private static string Quote(string? value) =>
        value is null ? "absent" : value.Length <= 64 ? $"\"{value}\"" : $"\"{value[..64]}...\" ({value.Length} chars)";
}
