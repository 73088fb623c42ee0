using System;
using System.Diagnostics;
using System.Threading;
using CoreEngine.Simulation;

namespace CoreEngine.Cli.Commands;

/// <summary>Seeds one after another, several at a time, with live progress.</summary>
internal sealed class SeedRange(ulong first, int count, int faultSeconds, int jobs, string directory)
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
        _ = FailureScript.Write(Console.Out, OptionsOf(failed.Seed), directory);
        return ExitCode.Fault;
    }

    private void RunSeeds(TimeSpan limit)
    {
        using var memory = new SimulationMemory();
        while (TryTake(limit, out ulong seed))
        {
            SeedResult result = Simulator.Run(OptionsOf(seed) with { Memory = memory });
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

    private SimulatorOptions OptionsOf(ulong seed) =>
        new() { Seed = seed, FaultsNs = faultSeconds * SimulatorOptions.Second };

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
