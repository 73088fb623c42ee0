using System;
using System.Collections.Generic;
using System.Text;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>
/// Judges whether a history of reads and unique writes is causally consistent (CC), by the absence of the bad patterns
/// of Bouajjani, Enea, Guerraoui and Hamza, "On verifying causal consistency", POPL 2017.
/// </summary>
/// <remarks>
/// With unique writes a read tells its write, so the least causal order is program order with reads-from, made
/// transitive; the history is CC exactly when none of the four patterns occurs in it. It is the plain CC: concurrent
/// writes may be seen in different orders by different processes (neither CM nor CCv). Keys are absent at the start.
/// Deterministic; polynomial: clocks of operations x processes.
/// </remarks>
public static class CausalConsistencyChecker
{
    /// <summary>Checks a history. Events that cannot be a history are Undecided, with the reason.</summary>
    public static CausalVerdict Check(IReadOnlyList<HistoryEvent> events, CheckerLimits? limits = null) =>
        HistoryOperation.TryPair(events, out IReadOnlyList<HistoryOperation>? operations, out string? reason)
            ? Check(operations, limits)
            : Undecided($"Not a history: {reason}.");

    /// <summary>
    /// Checks paired operations; within a process their invocations give the order. Other functions than read and
    /// write,
    /// and two writes of one value to one key, are Undecided.
    /// </summary>
    public static CausalVerdict Check(IReadOnlyList<HistoryOperation> operations, CheckerLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(operations);
        limits ??= new CheckerLimits();
        var writes = new Dictionary<(string Key, string Value), HistoryOperation>();
        var used = new List<HistoryOperation>(operations.Count);
        foreach (HistoryOperation operation in operations)
        {
            if (operation.Function is not (HistoryFunction.Read or HistoryFunction.Write))
            {
                return Undecided($"Not a history of reads and writes: {operation}.");
            }

            if (operation.Function == HistoryFunction.Write &&
                !writes.TryAdd((operation.Key, operation.Value!), operation))
            {
                return Undecided($"Writes are not unique: {operation} of key \"{operation.Key}\".");
            }

            // An unknown read told nobody anything.
            if (!operation.IsUnknown || operation.Function == HistoryFunction.Write)
            {
                used.Add(operation);
            }
        }

        foreach (HistoryOperation operation in used)
        {
            if (operation is { Function: HistoryFunction.Read, Value: not null } &&
                !writes.ContainsKey((operation.Key, operation.Value)))
            {
                return Violated(CausalPattern.ThinAirRead, "nobody wrote what the read returned", [operation]);
            }
        }

        List<List<HistoryOperation>> programs = ProcessPrograms.Split(used);
        long bytes = (long)used.Count * programs.Count * sizeof(int);
        return bytes > limits.MemoryBytesMax
            ? Undecided($"Gave up: the clocks take {bytes} bytes, the bound is {limits.MemoryBytesMax}.")
            : Judge(new CausalOrder(programs));
    }

    private static CausalVerdict Judge(CausalOrder order)
    {
        if (order.Circle.Count > 0)
        {
            return Violated(CausalPattern.CyclicCO, "the causal order goes in a circle", order.Circle);
        }

        CausalVerdict? initial = null;
        CausalVerdict? stale = null;
        for (int read = 0; read < order.Count && stale is null; read++)
        {
            HistoryOperation operation = order[read];
            if (operation.Function != HistoryFunction.Read)
            {
                continue;
            }

            if (operation.Value is not null)
            {
                stale = FindStale(order, read);
            }
            else if (initial is null && order.FirstWriteBefore(read) is int write && write >= 0)
            {
                initial = Violated(
                    CausalPattern.WriteCOInitRead,
                    "the read returned the initial value, with a write of its key in its causal past",
                    [order[write], operation]);
            }
        }

        return initial ?? stale ?? new CausalVerdict
        {
            Judgement = Judgement.Holds,
            Explanation = "No bad pattern: the causal order explains every read.",
        };
    }

    private static CausalVerdict? FindStale(CausalOrder order, int read)
    {
        int source = order.SourceOf(read);
        foreach (int write in order.LatestWritesBefore(read))
        {
            if (write != source && order.Precedes(source, write))
            {
                return Violated(
                    CausalPattern.WriteCORead,
                    "the read returned the first write, which the second, also in its causal past, overwrote",
                    [order[source], order[write], order[read]]);
            }
        }

        return null;
    }

    private static CausalVerdict Undecided(string why) =>
        new() { Judgement = Judgement.Undecided, Explanation = why };

    private static CausalVerdict Violated(CausalPattern pattern, string why, IReadOnlyList<HistoryOperation> involved)
    {
        var text = new StringBuilder();
        text.Append(pattern).Append(": ").Append(why).Append(':');
        foreach (HistoryOperation operation in involved)
        {
            text.Append("\n  key \"").Append(operation.Key).Append("\": ").Append(operation);
        }

        return new CausalVerdict
        {
            Judgement = Judgement.Violated,
            Explanation = text.ToString(),
            Pattern = pattern,
            Involved = involved,
        };
    }
}
