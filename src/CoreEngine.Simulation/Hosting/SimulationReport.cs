using System;
using System.Collections.Generic;
using System.Globalization;

namespace CoreEngine.Simulation;

/// <summary>What a simulation of a host's machine has done and found. Immutable.</summary>
/// <param name="Seeds">Clusters that ran to their end, the failed one included.</param>
/// <param name="Simulated">Virtual time of all of them together.</param>
/// <param name="Operations">Proposals and reads of the load.</param>
/// <param name="Acknowledged">Commands that were answered Committed.</param>
/// <param name="Faults">Crashes, partitions, pauses, disk faults and the like that were done.</param>
/// <param name="FailedSeed">The lowest seed that failed; null when none did.</param>
/// <param name="Failure">What was wrong in that seed; null when none failed.</param>
public sealed record SimulationReport(
    int Seeds,
    TimeSpan Simulated,
    long Operations,
    long Acknowledged,
    long Faults,
    ulong? FailedSeed,
    string? Failure)
{
    /// <summary>Nothing was found wrong.</summary>
    public bool IsSound => FailedSeed is null;

    /// <summary>One line for a test's message.</summary>
    public override string ToString()
    {
        string done = string.Create(
            CultureInfo.InvariantCulture,
            $"{Seeds} seeds, {Simulated.TotalSeconds:F0} simulated seconds, {Operations} operations "
            + $"({Acknowledged} acknowledged), {Faults} faults");
        return FailedSeed is null
            ? done + ": sound"
            : string.Create(CultureInfo.InvariantCulture, $"{done}; seed {FailedSeed} failed: {Failure}");
    }

    internal static SimulationReport Of(IReadOnlyList<SeedResult?> results)
    {
        int seeds = 0;
        long nanoseconds = 0;
        long operations = 0;
        long acknowledged = 0;
        long faults = 0;
        foreach (SeedResult? result in results)
        {
            // Seeds above a failed one may have run or not: they are no part of the report.
            if (result is null)
            {
                break;
            }

            seeds++;
            nanoseconds += result.VirtualNs;
            operations += result.Operations;
            acknowledged += result.Acknowledged;
            foreach (long count in result.Faults)
            {
                faults += count;
            }

            if (result.Failure is not null)
            {
                return new SimulationReport(
                    seeds, Time(nanoseconds), operations, acknowledged, faults, result.Seed, $"{result.Failure}");
            }
        }

        return new SimulationReport(seeds, Time(nanoseconds), operations, acknowledged, faults, null, null);
    }

    private static TimeSpan Time(long nanoseconds) => TimeSpan.FromTicks(nanoseconds / 100);
}
