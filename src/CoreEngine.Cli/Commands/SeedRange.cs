using System;
using System.Collections.Generic;
using CoreEngine.Simulation;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Cli.Commands;

/// <summary>Seeds one after another, several at a time, with live progress.</summary>
internal sealed class SeedRange(ulong first, int count, int faultSeconds, int jobs, string directory)
{
    /// <returns>The exit code: 1 when a seed failed.</returns>
    internal int Run(TimeSpan limit)
    {
        var runs = new SeedRuns(new SeedRunsOptions
        {
            First = first,
            SeedsMax = count,
            WallMax = limit,
            Jobs = jobs,
            OptionsOf = OptionsOf,
            Progress = Console.WriteLine,
        });
        SimulationTotals totals = runs.Run();
        Console.WriteLine($"{runs.Describe()}; {totals.Coverage()}");
        Console.WriteLine(string.Join(Environment.NewLine, totals.Details()));
        if (totals.Failed is not { } failed)
        {
            IReadOnlyList<RareState> missing = totals.MissingOfSuite();
            if (missing.Count > 0)
            {
                Console.WriteLine($"never reached: {string.Join(", ", missing)}; a suite must reach every rare state");
            }

            return missing.Count > 0 ? ExitCode.Fault : ExitCode.Ok;
        }

        Console.WriteLine(SimulateCommand.Complaint(failed.Failure!));
        Console.WriteLine($"replay: {SimulateCommand.Replay(failed.Seed, faultSeconds)}");
        _ = FailureScript.Write(Console.Out, OptionsOf(failed.Seed), directory);
        return ExitCode.Fault;
    }

    private SimulatorOptions OptionsOf(ulong seed) =>
        new() { Seed = seed, FaultsNs = faultSeconds * SimulatorOptions.Second };
}
