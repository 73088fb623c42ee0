using System;
using System.Collections.Generic;
using System.Diagnostics;
using CoreEngine.Simulation;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Mutants;

/// <summary>What seeds have made of one mutant.</summary>
/// <param name="Mutant">The mutant.</param>
/// <param name="Kill">What the expected monitor found; null when it found nothing.</param>
/// <param name="Seed">The seed in which it did; without meaning when it did not.</param>
/// <param name="Seeds">How many seeds were run.</param>
/// <param name="Others">What other monitors found in seeds before, by their names.</param>
/// <param name="Elapsed">Wall time.</param>
internal sealed record TrialResult(
    Mutant Mutant,
    Violation? Kill,
    ulong Seed,
    int Seeds,
    IReadOnlyDictionary<string, int> Others,
    TimeSpan Elapsed);

/// <summary>Runs the woven simulation with one mutant active.</summary>
internal static class MutantTrial
{
    /// <summary>Under faults, for each seed.</summary>
    internal const long FaultsNs = 10 * SimulatorOptions.Second;

    /// <summary>A sound seed has tens of thousands of events; more than this means that time stands still.</summary>
    private const long EventsMax = 3_000_000;

    /// <summary>Runs seeds in order until the expected monitor fires.</summary>
    internal static TrialResult Run(Mutant mutant, IEnumerable<ulong> seeds)
    {
        long start = Stopwatch.GetTimestamp();
        var others = new SortedDictionary<string, int>(StringComparer.Ordinal);
        int count = 0;
        foreach (ulong seed in seeds)
        {
            count++;
            Violation? failure = RunSeed(mutant, seed);
            if (failure is not null && IsExpected(mutant, failure.Monitor))
            {
                return new TrialResult(mutant, failure, seed, count, others, Stopwatch.GetElapsedTime(start));
            }

            if (failure is not null)
            {
                others[failure.Monitor.Name] = others.GetValueOrDefault(failure.Monitor.Name) + 1;
            }
        }

        return new TrialResult(mutant, null, 0, count, others, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Runs one seed of the engine as it is; without mutant, without the other build.</summary>
    internal static SeedResult RunSound(ulong seed) => Simulator.Run(Options(seed));

    private static bool IsExpected(Mutant mutant, Monitor monitor) =>
        monitor.Name == mutant.Monitor && monitor.Component == mutant.Component;

    private static Violation? RunSeed(Mutant mutant, ulong seed)
    {
        Mutation.Activate(mutant);
        try
        {
            return Simulator.Run(Options(seed)).Failure;
        }
        catch (Exception error)
        {
            // A mutant may break anything. What it throws through the simulation is no kill, and is named.
            return new Violation(Monitor.OfFault(error), error.ToString());
        }
        finally
        {
            Mutation.Deactivate();
        }
    }

    private static SimulatorOptions Options(ulong seed) =>
        new() { Seed = seed, FaultsNs = FaultsNs, EventsMax = EventsMax };
}
