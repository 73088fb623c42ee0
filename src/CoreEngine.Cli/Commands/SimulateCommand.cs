using System;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using CoreEngine.Simulation;
using CoreEngine.Simulation.Faults;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Cli.Commands;

/// <summary>
/// <c>coreengine simulate</c>: whole clusters in one thread, from a seed: one seed with its trace, a range, or a soak.
/// </summary>
internal static class SimulateCommand
{
    private const long Second = 1_000_000_000;

    internal static Command Create()
    {
        var seed = new Option<ulong?>("--seed") { Description = "Runs this seed alone and prints its hash." };
        var plan = new Option<string?>("--plan")
        {
            Description = "Runs exactly what this file says, as a shrunk failure was saved.",
        };
        var shrink = new Option<bool>("--shrink")
        {
            Description = "With --seed: when it fails, looks for the smallest plan that fails alike.",
        };
        var steps = new Option<long?>("--steps") { Description = "With --seed or --plan: ends after so many events." };
        var trace = new Option<bool>("--trace") { Description = "With --seed or --plan: prints every event." };
        var seeds = new Option<int?>("--seeds") { Description = "Runs so many seeds, one after another." };
        var first = new Option<ulong>("--first")
        {
            Description = "The first seed of a range.",
            DefaultValueFactory = _ => 1,
        };
        var seconds = new Option<int>("--seconds")
        {
            Description = "Virtual seconds under faults for each seed.",
            DefaultValueFactory = _ => 20,
        };
        var minutes = new Option<double?>("--minutes")
        {
            Description = "Soaks for so long, from a random first seed unless --first is given.",
        };
        var jobs = new Option<int>("--jobs") { Description = "Seeds at a time.", DefaultValueFactory = _ => 1 };
        var save = new Option<string>("--save")
        {
            Description = "Directory for the script of a failure.",
            DefaultValueFactory = _ => ".",
        };
        var command = new Command("simulate", "Runs clusters in virtual time under faults, and checks every step.")
        {
            seed, plan, shrink, steps, trace, seeds, first, seconds, minutes, jobs, save,
        };
        command.SetAction(parsed =>
        {
            int faultSeconds = parsed.GetValue(seconds);
            string directory = parsed.GetValue(save)!;
            Check(faultSeconds >= 1 && parsed.GetValue(jobs) >= 1, "--seconds and --jobs must be at least 1");
            Check(Directory.Exists(directory), $"there is no directory '{directory}' for --save; make it first");
            Check(
                parsed.GetValue(seed) is null || parsed.GetValue(plan) is null,
                "--plan names its own seed; leave --seed away");
            SimulatorOptions? one = parsed.GetValue(plan) is { } path ? OptionsOfPlan(path)
                : parsed.GetValue(seed) is { } number
                    ? new SimulatorOptions { Seed = number, FaultsNs = faultSeconds * Second }
                    : null;
            if (one is not null)
            {
                one = one with { EventsMax = parsed.GetValue(steps) ?? long.MaxValue };
                return RunOne(one, parsed.GetValue(trace), parsed.GetValue(shrink) ? directory : null);
            }

            double? soak = parsed.GetValue(minutes);
            int? count = parsed.GetValue(seeds);
            Check(soak is not null || count is not null, "say --seed S, --plan FILE, --seeds N or --minutes M");
            bool isDrawn = soak is not null && parsed.GetResult(first) is null or { Implicit: true };
            ulong start = isDrawn ? (ulong)Stopwatch.GetTimestamp() : parsed.GetValue(first);
            var range = new SeedRange(start, count ?? int.MaxValue, faultSeconds, parsed.GetValue(jobs), directory);
            return range.Run(soak is { } limit ? TimeSpan.FromMinutes(limit) : TimeSpan.MaxValue);
        });
        return command;
    }

    /// <summary>How to see a seed again.</summary>
    internal static string Replay(ulong seed, int faultSeconds) => string.Create(
        CultureInfo.InvariantCulture, $"coreengine simulate --seed {seed} --seconds {faultSeconds} --trace");

    /// <summary>What was found, and what is broken by the name of the monitor that found it.</summary>
    internal static string Complaint(Violation failure) =>
        $"VIOLATION: {failure}{Environment.NewLine}monitor: {failure.Monitor.Name}, component: "
        + failure.Monitor.Component;

    /// <exception cref="BadInputException">The file cannot be read or is no plan.</exception>
    internal static SimulatorOptions OptionsOfPlan(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"cannot read the plan: {error.Message}", error);
        }

        return PlanTextReader.TryRead(text, out FaultPlan? plan, out string reason)
            ? new SimulatorOptions { Seed = plan!.Seed, FaultsNs = plan.FaultsNs, Plan = plan }
            : throw new BadInputException($"{path}: {reason}");
    }

    private static void Check(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new BadInputException(complaint);
        }
    }

    /// <param name="directory">For the script, when a failure is to be shrunk; null when not.</param>
    private static int RunOne(SimulatorOptions options, bool isTraced, string? directory)
    {
        long start = Stopwatch.GetTimestamp();
        SeedResult result = Simulator.Run(options with { Writer = isTraced ? Console.WriteLine : null });
        var totals = new SimulationTotals();
        totals.Add(result);
        Console.WriteLine(totals.Progress(Stopwatch.GetElapsedTime(start)));
        Console.WriteLine(string.Join(Environment.NewLine, totals.Details()));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"seed {result.Seed}: hash {result.Hash:x16} after {result.Events} events"));
        if (result.Failure is null)
        {
            return ExitCode.Ok;
        }

        Console.WriteLine(Complaint(result.Failure));
        if (directory is not null)
        {
            _ = FailureScript.Write(Console.Out, options, directory);
        }

        return ExitCode.Fault;
    }
}
