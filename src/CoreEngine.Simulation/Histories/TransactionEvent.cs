using System.Collections.Generic;

namespace CoreEngine.Simulation.Histories;

/// <summary>What a step of a transaction does to its key, which holds a list of numbers.</summary>
public enum TransactionFunction : byte
{
    /// <summary>Puts an element at the end of the list.</summary>
    Append,

    /// <summary>Returns the whole list.</summary>
    Read,
}

/// <summary>One step of a list-append transaction.</summary>
/// <param name="Function">What it does.</param>
/// <param name="Key">The key. A number as key is kept as its decimal text.</param>
/// <param name="Element">Append: the element. Read: 0.</param>
/// <param name="List">Read that is ok: the list, first element first. Else null.</param>
public readonly record struct TransactionStep(
    TransactionFunction Function, string Key, long Element, IReadOnlyList<long>? List)
{
    /// <summary>The step as in a report.</summary>
    public override string ToString() =>
        Function == TransactionFunction.Append ? $"append {Key} {Element}"
            : List is null ? $"r {Key} ?"
            : $"r {Key} [{string.Join(' ', List)}]";
}

/// <summary>One line of a history of transactions.</summary>
/// <param name="Index">Place in its history, from 0.</param>
/// <param name="Time">Nanoseconds; only for the reader.</param>
/// <param name="Process">The client's logical process: one transaction at a time, never used again after an
/// info.</param>
/// <param name="Type">What the event says; fail: surely aborted.</param>
/// <param name="Steps">The steps in their order; reads are filled in on ok.</param>
public sealed record TransactionEvent(
    long Index, long Time, int Process, HistoryEventType Type, IReadOnlyList<TransactionStep> Steps);
