using System;
using System.Collections.Generic;
using System.Text;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>The outcome of a check of sequential consistency.</summary>
public sealed record SequentialVerdict
{
    /// <summary>The outcome.</summary>
    public required Judgement Judgement { get; init; }

    /// <summary>Why, in sentences.</summary>
    public required string Explanation { get; init; }

    /// <summary>Of a violation: per process the operation at which one of the longest orders stops.</summary>
    public IReadOnlyList<HistoryOperation> Stuck { get; init; } = Array.Empty<HistoryOperation>();

    /// <summary>Steps of the search.</summary>
    public long Steps { get; init; }
}

/// <summary>
/// Judges whether a history of register operations is sequentially consistent (Lamport 1979): one order of all
/// operations that keeps the order of each process and explains every reply. Real time does not matter.
/// </summary>
/// <remarks>
/// All keys are searched together: unlike linearizability, the property does not compose. Keys are absent at the start.
/// An operation of unknown outcome is the last of its process and takes effect at any time after the operations before
/// it, or never. A client that goes on under another process id goes on without its past. The question is NP-complete:
/// past its limits the checker answers Undecided. Deterministic.
/// </remarks>
public static class SequentialConsistencyChecker
{
    private const int ReportedMax = 12;

    /// <summary>Checks a history. Events that cannot be a history are Undecided, with the reason.</summary>
    public static SequentialVerdict Check(IReadOnlyList<HistoryEvent> events, CheckerLimits? limits = null) =>
        HistoryOperation.TryPair(events, out IReadOnlyList<HistoryOperation>? operations, out string? reason)
            ? Check(operations, limits)
            : new SequentialVerdict { Judgement = Judgement.Undecided, Explanation = $"Not a history: {reason}." };

    /// <summary>Checks paired operations; within a process their invocations give the order.</summary>
    public static SequentialVerdict Check(IReadOnlyList<HistoryOperation> operations, CheckerLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(operations);
        limits ??= new CheckerLimits();
        List<List<HistoryOperation>> programs = ProcessPrograms.Split(operations);
        foreach (List<HistoryOperation> program in programs)
        {
            int unknown = program.FindIndex(static operation => operation.IsUnknown);
            if (unknown >= 0 && unknown != program.Count - 1)
            {
                return new SequentialVerdict
                {
                    Judgement = Judgement.Undecided,
                    Explanation = $"Not a history: {program[unknown]} is followed by another of its process.",
                };
            }
        }

        var search = ProgramOrderSearch.TryBuild(programs, limits);
        if (search is null)
        {
            return new SequentialVerdict
            {
                Judgement = Judgement.Undecided,
                Explanation = $"Gave up: the values exceed {limits.ValueCharsMax} characters.",
            };
        }

        bool isFound = search.Run();
        return isFound ? new SequentialVerdict
        {
            Judgement = Judgement.Holds,
            Explanation = "One order of all operations keeps the order of each process and explains every reply.",
            Steps = search.Steps,
        }
            : search.GaveUp is not null ? new SequentialVerdict
            {
                Judgement = Judgement.Undecided,
                Explanation = $"Gave up: {search.GaveUp}.",
                Steps = search.Steps,
            }
            : Explain(programs, search);
    }

    private static SequentialVerdict Explain(List<List<HistoryOperation>> programs, ProgramOrderSearch search)
    {
        var stuck = new List<HistoryOperation>();
        for (int process = 0; process < programs.Count; process++)
        {
            int next = search.DeepestNext[process];
            if (next < programs[process].Count && !programs[process][next].IsUnknown)
            {
                stuck.Add(programs[process][next]);
            }
        }

        var text = new StringBuilder();
        text.Append("Not sequentially consistent: no order of all operations keeps the order of each process and ")
            .Append("explains every reply. One of the longest orders stops before:");
        for (int i = 0; i < stuck.Count && i < ReportedMax; i++)
        {
            text.Append("\n  key \"").Append(stuck[i].Key).Append("\": ").Append(stuck[i]);
        }

        return new SequentialVerdict
        {
            Judgement = Judgement.Violated,
            Explanation = text.ToString(),
            Stuck = stuck,
            Steps = search.Steps,
        };
    }
}
