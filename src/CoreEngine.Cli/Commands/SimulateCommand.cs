using System;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Threading;
using CoreEngine.Simulation;
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
        var steps = new Option<long?>("--steps") { Description = "With --seed: ends after so many events." };
        var trace = new Option<bool>("--trace") { Description = "With --seed: prints every event." };
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
        var command = new Command("simulate", "Runs clusters in virtual time under faults, and checks every step.")
        {
            seed, steps, trace, seeds, first, seconds, minutes, jobs,
        };
        command.SetAction(parsed =>
        {
            int faultSeconds = parsed.GetValue(seconds);
            if (faultSeconds < 1 || parsed.GetValue(jobs) < 1)
            {
                throw new BadInputException("--seconds and --jobs must be at least 1");
            }

            if (parsed.GetValue(seed) is { } one)
            {
                return RunOne(one, faultSeconds, parsed.GetValue(steps), parsed.GetValue(trace));
            }

            double? soak = parsed.GetValue(minutes);
            int? count = parsed.GetValue(seeds);
            if (soak is null && count is null)
            {
                throw new BadInputException("say --seed S, --seeds N or --minutes M");
            }

            bool isDrawn = soak is not null && parsed.GetResult(first) is null or { Implicit: true };
            ulong start = isDrawn ? (ulong)Stopwatch.GetTimestamp() : parsed.GetValue(first);
            var range = new SeedRange(start, count ?? int.MaxValue, faultSeconds, parsed.GetValue(jobs));
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

    private static int RunOne(ulong seed, int faultSeconds, long? steps, bool isTraced)
    {
        long start = Stopwatch.GetTimestamp();
        SeedResult result = Simulator.Run(new SimulatorOptions
        {
            Seed = seed,
            FaultsNs = faultSeconds * Second,
            EventsMax = steps ?? long.MaxValue,
            Writer = isTraced ? Console.WriteLine : null,
        });
        var totals = new SimulationTotals();
        totals.Add(result);
        Console.WriteLine(totals.Progress(Stopwatch.GetElapsedTime(start)));
        Console.WriteLine(string.Join(Environment.NewLine, totals.Details()));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"seed {seed}: hash {result.Hash:x16} after {result.Events} events"));
        if (result.Failure is not null)
        {
            Console.WriteLine(Complaint(result.Failure));
            return ExitCode.Fault;
        }

        return ExitCode.Ok;
    }
}

/// <summary>Seeds one after another, several at a time, with live progress.</summary>
internal sealed class SeedRange(ulong first, int count, int faultSeconds, int jobs)
{
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly SimulationTotals _totals = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private TimeSpan _shown;
    private int _next;

    /// <returns>The exit code: 1 when a seed failed.</returns>
    internal int Run(TimeSpan limit)
    {
        // A world is one thread; seeds share nothing.
        var workers = new Thread[jobs];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = new Thread(() => RunSeeds(limit)) { Name = "simulate" };
            workers[i].Start();
        }

        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        Console.WriteLine(_totals.Progress(Stopwatch.GetElapsedTime(_start)));
        Console.WriteLine(string.Join(Environment.NewLine, _totals.Details()));
        if (_totals.Failed is not { } failed)
        {
            return ExitCode.Ok;
        }

        Console.WriteLine(SimulateCommand.Complaint(failed.Failure!));
        Console.WriteLine($"replay: {SimulateCommand.Replay(failed.Seed, faultSeconds)}");
        return ExitCode.Fault;
    }

    private void RunSeeds(TimeSpan limit)
    {
        using var memory = new SimulationMemory();
        while (TryTake(limit, out ulong seed))
        {
            SeedResult result = Simulator.Run(
                new SimulatorOptions { Seed = seed, FaultsNs = faultSeconds * 1_000_000_000L, Memory = memory });
            lock (_lock)
            {
                _totals.Add(result);
                TimeSpan now = Stopwatch.GetElapsedTime(_start);
                if (now - _shown >= ProgressPeriod)
                {
                    _shown = now;
                    Console.WriteLine(_totals.Progress(now));
                }
            }
        }
    }

    private bool TryTake(TimeSpan limit, out ulong seed)
    {
        lock (_lock)
        {
            seed = unchecked(first + (ulong)_next);
            bool goesOn = _next < count && _totals.Failed is null && Stopwatch.GetElapsedTime(_start) < limit;
            _next += goesOn ? 1 : 0;
            return goesOn;
        }
    }
}
