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
        var arguments = new SimulateArguments();
        var command = new Command("simulate", "Runs clusters in virtual time under faults, and checks every step.");
        arguments.AddTo(command);
        command.SetAction(parsed => Run(arguments, parsed));
        return command;
    }

    /// <summary>How to see a seed again.</summary>
    internal static string Replay(ulong seed, int faultSeconds) => string.Create(
        CultureInfo.InvariantCulture, $"coreengine simulate --seed {seed} --seconds {faultSeconds} --trace");

    /// <summary>What was found, and what is broken by the name of the monitor that found it.</summary>
    internal static string Complaint(Violation failure) =>
        $"VIOLATION: {failure}{Environment.NewLine}monitor: {failure.Monitor.Name}, component: "
        + failure.Monitor.Component + (failure.Calls.Length > 0 ? Environment.NewLine : "") + failure.Calls;

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

    private static int Run(SimulateArguments arguments, ParseResult parsed)
    {
        int faultSeconds = parsed.GetValue(arguments.Seconds);
        int jobs = parsed.GetValue(arguments.Jobs);
        string directory = parsed.GetValue(arguments.Save)!;
        Check(faultSeconds >= 1 && jobs >= 1, "--seconds and --jobs must be at least 1");
        Check(Directory.Exists(directory), $"there is no directory '{directory}' for --save; make it first");
        if (parsed.GetValue(arguments.Gate))
        {
            double hours = parsed.GetValue(arguments.Hours);
            Check(hours > 0, "--hours must be above 0");
            return new ReleaseGate(parsed.GetValue(arguments.Notes)!, hours, jobs).Run();
        }

        if (OneOf(arguments, parsed, faultSeconds) is { } one)
        {
            string? shrunk = parsed.GetValue(arguments.Shrink) ? directory : null;
            return ProtocolTraceFile.Write(parsed.GetValue(arguments.Protocol), emit =>
                RunOne(one with { Protocol = emit }, parsed.GetValue(arguments.Trace), shrunk));
        }

        Check(
            parsed.GetValue(arguments.Protocol) is null,
            "--protocol-trace writes the steps of one run: say --seed S or --plan FILE");

        double? soak = parsed.GetValue(arguments.Minutes);
        int? count = parsed.GetValue(arguments.Seeds);
        Check(
            soak is not null || count is not null,
            "say --seed S, --plan FILE, --seeds N, --minutes M or --release-gate");
        bool isDrawn = soak is not null && parsed.GetResult(arguments.First) is null or { Implicit: true };
        ulong start = isDrawn ? (ulong)Stopwatch.GetTimestamp() : parsed.GetValue(arguments.First);
        var range = new SeedRange(start, count ?? int.MaxValue, faultSeconds, jobs, directory);
        return range.Run(soak is { } limit ? TimeSpan.FromMinutes(limit) : TimeSpan.MaxValue);
    }

    /// <summary>The one run that is asked for by seed or plan; null when neither is given.</summary>
    private static SimulatorOptions? OneOf(SimulateArguments arguments, ParseResult parsed, int faultSeconds)
    {
        ulong? seed = parsed.GetValue(arguments.Seed);
        string? path = parsed.GetValue(arguments.Plan);
        Check(seed is null || path is null, "--plan names its own seed; leave --seed away");
        long hashEvery = parsed.GetValue(arguments.HashEvery) ?? long.MaxValue;
        Check(hashEvery > 0, "--hash-every must be at least 1");
        SimulatorOptions? one = path is not null ? OptionsOfPlan(path)
            : seed is { } number ? new SimulatorOptions { Seed = number, FaultsNs = faultSeconds * Second }
            : null;
        return one is null ? null : one with
        {
            EventsMax = parsed.GetValue(arguments.Steps) ?? long.MaxValue,
            HashEvery = hashEvery,
            HashWriter = static (events, hash) => Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"after {events} events: hash {hash:x16}")),
        };
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
        Console.WriteLine(totals.Progress(Stopwatch.GetElapsedTime(start), Environment.CpuUsage.TotalTime));
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
