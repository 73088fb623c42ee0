using System;
using System.Collections.Generic;
using System.Diagnostics;

namespace CoreEngine.Simulation.Faults;

/// <summary>How long a failing run may be shrunk. Ends with what was reached when either is used up.</summary>
/// <param name="RunsMax">Runs of a candidate.</param>
/// <param name="WallMax">Wall time.</param>
internal readonly record struct ShrinkBudget(int RunsMax, TimeSpan WallMax)
{
    internal static ShrinkBudget Usual { get; } = new(2000, TimeSpan.FromSeconds(90));
}

/// <summary>A failing run made small.</summary>
/// <param name="Result">Of the smallest run that still fails.</param>
/// <param name="Original">The plan as it was recorded.</param>
/// <param name="Runs">Candidates tried.</param>
/// <param name="IsExhausted">The budget ended first: a smaller one may exist.</param>
internal sealed record ShrinkResult(SeedResult Result, FaultPlan Original, int Runs, bool IsExhausted)
{
    internal FaultPlan Plan => Result.Plan!;
}

/// <summary>
/// Makes a failing run small: shorter, fewer replicas, fewer faults and operations, quieter disks and network, as long
/// as the same monitor fires (delta debugging, Zeller and Hildebrandt 2002).
/// </summary>
internal sealed class Shrinker
{
    private const int RoundsMax = 4;
    private const long MarginNs = 1_000_000;

    private readonly SimulatorOptions _options;
    private readonly ShrinkBudget _budget;
    private readonly string _monitor;
    private readonly long _start = Stopwatch.GetTimestamp();
    private SeedResult _best;
    private int _runs;

    private Shrinker(SimulatorOptions options, SeedResult failed, ShrinkBudget budget)
    {
        _options = options;
        _budget = budget;
        _best = failed;
        _monitor = failed.Failure!.Monitor.Name;
    }

    private FaultPlan Plan => _best.Plan!;

    private bool IsExhausted => _runs >= _budget.RunsMax || Stopwatch.GetElapsedTime(_start) >= _budget.WallMax;

    /// <summary>Shrinks what these options run into.</summary>
    /// <returns>Null when the seed does not fail.</returns>
    internal static ShrinkResult? Run(SimulatorOptions options, ShrinkBudget budget)
    {
        SeedResult failed = Simulator.Run(options with { IsRecorded = true, Writer = null });
        if (failed.Failure is null)
        {
            return null;
        }

        var shrinker = new Shrinker(options, failed, budget);
        FaultPlan original = failed.Plan!;
        shrinker.Shrink();
        return new ShrinkResult(shrinker._best, original, shrinker._runs, shrinker.IsExhausted);
    }

    private void Shrink()
    {
        int before = int.MaxValue;
        for (int round = 0; round < RoundsMax && Size() < before; round++)
        {
            before = Size();
            CutTime();
            DropReplicas();
            Reduce(static plan => plan.Faults, static (plan, faults) => plan with { Faults = faults });
            Reduce(static plan => plan.Operations, static (plan, kept) => plan with { Operations = kept });
            _ = Fails(Plan with { Network = new NetworkFaults() });
            _ = Fails(Plan with { Disk = new DiskTiming() });
        }

        CutTime();
        RoundTimes();
    }

    private int Size() => Plan.Faults.Count + Plan.Operations.Count + Plan.Replicas;

    /// <summary>Nothing after the failure can have caused it; nothing has to happen between the last thing done and
    /// the end.</summary>
    private void CutTime()
    {
        if (_best.VirtualNs < Plan.FaultsNs)
        {
            _ = Fails(Until(_best.VirtualNs + MarginNs));
            return;
        }

        long last = 0;
        foreach (Fault fault in Plan.Faults)
        {
            last = long.Max(last, fault.At.Ns);
        }

        foreach (Operation operation in Plan.Operations)
        {
            last = long.Max(last, operation.At.Ns);
        }

        if (last + MarginNs < Plan.FaultsNs)
        {
            _ = Fails(Until(last + MarginNs));
        }
    }

    private FaultPlan Until(long end) => Plan with
    {
        FaultsNs = end,
        Faults = [.. Where(Plan.Faults, fault => fault.At.Ns <= end)],
        Operations = [.. Where(Plan.Operations, operation => operation.At.Ns <= end)],
    };

    private void DropReplicas()
    {
        for (int replicas = 3; replicas < Plan.Replicas; replicas++)
        {
            int kept = replicas;
            if (Fails(Plan with
            {
                Replicas = kept,
                Founders = int.Min(kept, Plan.Founders),
                Core = [],
                Faults = [.. Where(Plan.Faults, fault => fault.Replica <= kept && fault.Other <= kept)],
                Operations = [.. Where(Plan.Operations, operation => operation.Replica <= kept)],
            }))
            {
                return;
            }
        }
    }

    /// <summary>Leaves pieces out, large ones first, for as long as any can go.</summary>
    private void Reduce<T>(
        Func<FaultPlan, IReadOnlyList<T>> of, Func<FaultPlan, IReadOnlyList<T>, FaultPlan> with)
    {
        int piece = of(Plan).Count;
        while (piece > 0 && !IsExhausted)
        {
            bool any = false;
            for (int end = of(Plan).Count; end > 0; end = int.Min(end - piece, of(Plan).Count))
            {
                var rest = new List<T>(of(Plan));
                int from = int.Max(0, end - piece);
                rest.RemoveRange(from, end - from);
                any |= Fails(with(Plan, rest));
            }

            piece = any && piece == 1 ? 1 : piece / 2;
        }
    }

    /// <summary>Whole milliseconds read better, where they do as well.</summary>
    private void RoundTimes()
    {
        var faults = new List<Fault>();
        foreach (Fault fault in Plan.Faults)
        {
            faults.Add(fault with { At = Rounded(fault.At), DurationNs = Rounded(fault.DurationNs) });
        }

        _ = Fails(Plan with { Faults = faults });
        var operations = new List<Operation>();
        foreach (Operation operation in Plan.Operations)
        {
            operations.Add(operation with { At = Rounded(operation.At) });
        }

        _ = Fails(Plan with { Operations = operations });
    }

    private static Instant Rounded(Instant at) => new(Rounded(at.Ns), 0);

    private static long Rounded(long nanoseconds) => nanoseconds / MarginNs * MarginNs;

    /// <summary>Runs a candidate and keeps it when the same monitor fires.</summary>
    private bool Fails(FaultPlan candidate)
    {
        if (IsExhausted)
        {
            return false;
        }

        _runs++;
        SeedResult result = Simulator.Run(_options with
        {
            Plan = candidate,
            FaultsNs = candidate.FaultsNs,
            Writer = null,
            IsRecorded = true,
        });
        if (result.Failure?.Monitor.Name != _monitor)
        {
            return false;
        }

        // What was recorded is what happened: a fault that found nothing to hurt is left out. Parts that are not
        // reached in a shorter run stay away for good.
        _best = result;
        return true;
    }

    private static IEnumerable<T> Where<T>(IReadOnlyList<T> items, Predicate<T> isKept)
    {
        foreach (T item in items)
        {
            if (isKept(item))
            {
                yield return item;
            }
        }
    }
}
