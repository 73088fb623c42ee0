using System;
using System.Collections.Generic;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>
/// What a serializable history does not contain. G-names are Adya's own ("Weak consistency", thesis, MIT 1999).
/// </summary>
public enum TransactionAnomaly
{
    /// <summary>G0, write cycle: a circle of write dependencies alone.</summary>
    G0,

    /// <summary>G1a, aborted read: a committed transaction read what an aborted one wrote.</summary>
    G1a,

    /// <summary>G1b, intermediate read: a committed transaction read what its writer overwrote itself.</summary>
    G1b,

    /// <summary>G1c, circular information flow: a circle of write and read dependencies, at least one a read.</summary>
    G1c,

    /// <summary>G-single: a circle with exactly one anti-dependency.</summary>
    GSingle,

    /// <summary>G2-item: a circle with anti-dependencies on items, here two or more.</summary>
    G2Item,

    /// <summary>Not Adya's: a transaction contradicts its own earlier steps.</summary>
    Internal,

    /// <summary>
    /// Not Adya's: two reads of a key are not one the beginning of the other, so it has no version order.
    /// </summary>
    IncompatibleOrder,

    /// <summary>Not Adya's: a read returned an element that nobody appended, or one element twice.</summary>
    UnwrittenRead,
}

/// <summary>
/// How a transaction depends on another (Adya, section 3.1). Bits, so that a set of them is one value.
/// </summary>
[Flags]
public enum Dependencies
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>ww: the other installed the next version.</summary>
    WriteWrite = 1,

    /// <summary>wr: the other read the version.</summary>
    WriteRead = 2,

    /// <summary>rw, anti-dependency: the other overwrote the version that the one read.</summary>
    ReadWrite = 4,
}

/// <summary>An edge of the dependency graph: the one must stand before the other in every serial order.</summary>
/// <param name="From">Number of the one among the transactions of the history.</param>
/// <param name="To">Number of the other.</param>
/// <param name="Kind">Exactly one kind.</param>
/// <param name="Key">The key over which they depend.</param>
public readonly record struct Dependency(int From, int To, Dependencies Kind, string Key)
{
    /// <summary>The edge as in a report.</summary>
    public override string ToString()
    {
        string kind = Kind switch
        {
            Dependencies.WriteWrite => "ww",
            Dependencies.WriteRead => "wr",
            _ => "rw",
        };
        return $"T{From} -{kind} {Key}-> T{To}";
    }
}

/// <summary>What is known of a transaction's end.</summary>
public enum TransactionOutcome
{
    /// <summary>It surely committed.</summary>
    Committed,

    /// <summary>It surely did not and will not commit.</summary>
    Aborted,

    /// <summary>Nobody knows; it committed when somebody has seen its writes.</summary>
    Unknown,
}

/// <summary>A transaction with what is known about it.</summary>
/// <param name="Number">Its place among all, by invocation, from 0.</param>
/// <param name="Process">The client's process.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Steps">Its steps; reads are filled in when it committed.</param>
public sealed record HistoryTransaction(
    int Number, int Process, TransactionOutcome Outcome, IReadOnlyList<TransactionStep> Steps)
{
    /// <summary>The transaction as a line of a report.</summary>
    public override string ToString() => $"T{Number} (process {Process}, {Outcome}): {string.Join(", ", Steps)}";
}

/// <summary>An anomaly found.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Explanation">In a sentence, with the cycle or the read.</param>
/// <param name="Cycle">The edges in their order; empty when the anomaly is no cycle.</param>
/// <param name="Transactions">The transactions in it.</param>
public sealed record FoundAnomaly(
    TransactionAnomaly Kind,
    string Explanation,
    IReadOnlyList<Dependency> Cycle,
    IReadOnlyList<HistoryTransaction> Transactions);

/// <summary>The outcome of a check of serializability.</summary>
public sealed record SerializabilityVerdict
{
    /// <summary>The outcome.</summary>
    public required Judgement Judgement { get; init; }

    /// <summary>Why, in sentences.</summary>
    public required string Explanation { get; init; }

    /// <summary>At most one anomaly of each kind, in the order of the kinds.</summary>
    public IReadOnlyList<FoundAnomaly> Anomalies { get; init; } = Array.Empty<FoundAnomaly>();

    /// <summary>Transactions in the graph.</summary>
    public int Transactions { get; init; }

    /// <summary>Edges of the graph.</summary>
    public int Edges { get; init; }
}
