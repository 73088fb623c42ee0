using System;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Simulation;

/// <summary>Which seeds are run, and until when.</summary>
internal sealed record SeedRunsOptions
{
    /// <summary>The first seed; the others follow one by one.</summary>
    public ulong First { get; init; } = 1;

    /// <summary>No more seeds than this.</summary>
    public int SeedsMax { get; init; } = int.MaxValue;

    /// <summary>No more virtual time than this, over all seeds; the last ones are run to their ends.</summary>
    public long VirtualNsMax { get; init; } = long.MaxValue;

    /// <summary>No new seed after so much real time.</summary>
    public TimeSpan WallMax { get; init; } = TimeSpan.MaxValue;

    /// <summary>Seeds at a time, each in a thread of its own.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>How a seed is run; any thread may ask.</summary>
    public required Func<ulong, SimulatorOptions> OptionsOf { get; init; }

    /// <summary>Is given a line every few seconds, by one thread at a time; null for nobody.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>Seeds one after another, several at a time, until the first that fails. To be used once.</summary>
/// <remarks>A world is one thread, and seeds share nothing: how threads take turns decides nothing.</remarks>
internal sealed class SeedRuns(SeedRunsOptions options)
{
    private static readonly TimeSpan ProgressPeriod = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly SimulationTotals _totals = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly TimeSpan _cpuAtStart = Environment.CpuUsage.TotalTime;
    private TimeSpan _shown;
    private int _next;

    /// <summary>Real time since the start.</summary>
    internal TimeSpan Wall => Stopwatch.GetElapsedTime(_start);

    /// <summary>Processor time of this process since the start, in all its threads.</summary>
    internal TimeSpan Cpu => Environment.CpuUsage.TotalTime - _cpuAtStart;

    /// <summary>Runs all; seeds that have begun are run to their ends.</summary>
    /// <exception cref="AggregateException">A run threw: a bug of the simulator, or of a host's machine.</exception>
    internal SimulationTotals Run()
    {
        var workers = new Task[options.Jobs];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = Task.Factory.StartNew(
                Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        Task.WaitAll(workers);
        return _totals;
    }

    /// <summary>One line: how far and how fast, by the clock and by the processor's time.</summary>
    internal string Describe() => _totals.Progress(Wall, Cpu);

    private void Work()
    {
        using var memory = new SimulationMemory();
        while (TryTake(out ulong seed))
        {
            Note(Simulator.Run(options.OptionsOf(seed) with { Memory = memory }));
        }
    }

    private bool TryTake(out ulong seed)
    {
        lock (_lock)
        {
            seed = unchecked(options.First + (ulong)_next);
            bool goesOn = _next < options.SeedsMax && _totals.Failed is null
                && _totals.VirtualNs < options.VirtualNsMax && Wall < options.WallMax;
            _next += goesOn ? 1 : 0;
            return goesOn;
        }
    }

    private void Note(SeedResult result)
    {
        lock (_lock)
        {
            _totals.Add(result);
            TimeSpan now = Wall;
            if (now - _shown >= ProgressPeriod)
            {
                _shown = now;
                options.Progress?.Invoke($"{Describe()}; {_totals.Coverage()}");
            }
        }
    }
}
