using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Cli.Demo;

/// <summary>The client processes, and what they have reported so far.</summary>
internal sealed class DemoClients : IDisposable
{
    private const int ProcessCount = 2;
    private const int CheckedPerProcess = 6;
    private const int LoadPerProcess = 3;
    private const int Pipeline = 64;
    private const int ProcessSpan = 1_000_000;

    private readonly List<ToolProcess> _processes = [];
    private readonly List<string> _histories = [];
    private readonly Lock _lock = new();
    private readonly ClientTotals _totals = new();
    private int _badLines;

    /// <summary>The histories that the processes write.</summary>
    internal IReadOnlyList<string> Histories => _histories;

    /// <summary>What they are, for the report.</summary>
    internal static string Description => string.Create(
        CultureInfo.InvariantCulture,
        $"{ProcessCount} processes with {CheckedPerProcess} checked clients (1 operation in flight) and "
            + $"{LoadPerProcess} load clients "
        + $"({Pipeline} in flight, 16-byte values) each");

    /// <summary>First process id that no client process uses.</summary>
    internal static int FreeProcessId => (ProcessCount + 1) * ProcessSpan;

    /// <summary>Starts the processes.</summary>
    internal static DemoClients Start(DemoDirectory directory, IReadOnlyList<IPEndPoint> endpoints)
    {
        var clients = new DemoClients();
        for (int i = 1; i <= ProcessCount; i++)
        {
            clients.Add(directory, endpoints, i);
        }

        return clients;
    }

    /// <summary>A copy of what was counted so far.</summary>
    internal ClientTotals Read()
    {
        lock (_lock)
        {
            return _totals.Copy();
        }
    }

    /// <summary>Throws when a process ended before it was asked to.</summary>
    internal void RequireAlive()
    {
        if (_processes.FirstOrDefault(static process => process.HasExited) is ToolProcess process)
        {
            throw new DemoException($"a client process ended early:\n{process.Tail()}");
        }
    }

    /// <summary>Ends the processes; every operation in flight is finished and recorded.</summary>
    internal async Task StopAsync()
    {
        RequireAlive();
        foreach (ToolProcess process in _processes)
        {
            process.CloseInput();
        }

        foreach (ToolProcess process in _processes)
        {
            int code = await process.WaitAsync();
            if (code != ExitCode.Ok)
            {
                throw new DemoException($"a client process ended with code {code}:\n{process.Tail()}");
            }
        }

        if (_badLines > 0)
        {
            throw new DemoException($"client processes wrote {_badLines} lines that are no progress");
        }
    }

    public void Dispose()
    {
        foreach (ToolProcess process in _processes)
        {
            process.Dispose();
        }
    }

    private void Add(DemoDirectory directory, IReadOnlyList<IPEndPoint> endpoints, int number)
    {
        string history = directory.File(string.Create(CultureInfo.InvariantCulture, $"history-{number}.jsonl"));
        string log = directory.File(string.Create(CultureInfo.InvariantCulture, $"client-{number}.log"));

        // Each process begins with another replica, so that all of them serve clients, followers too.
        string replicas = string.Join(',', endpoints.Skip(number).Concat(endpoints.Take(number)));
        string[] arguments =
        [
            "client", "--connect", replicas, "--seconds", "0", "--history", history,
            "--clients", Text(CheckedPerProcess), "--keys", "48", "--reads", "45", "--think-ms", "2",
            "--seed", Text(number), "--process-base", Text(number * ProcessSpan),
            "--load", Text(LoadPerProcess), "--pipeline", Text(Pipeline),
        ];
        _histories.Add(history);
        var line = new ProgressLine();
        _processes.Add(ToolProcess.Start(arguments, log, text => Take(line, text)));
    }

    private void Take(ProgressLine line, string text)
    {
        if (!line.TryRead(text))
        {
            Interlocked.Increment(ref _badLines);
            return;
        }

        lock (_lock)
        {
            _totals.Add(line);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Sums of what client processes reported.</summary>
internal sealed class ClientTotals
{
    private TallyCounts _counts;

    internal TallyCounts Counts => _counts;

    internal LatencyHistogram Single { get; } = new();

    internal LatencyHistogram Loaded { get; } = new();

    /// <summary>All operations answered.</summary>
    internal long Answered => _counts.Ok + _counts.Load;

    internal void Add(ProgressLine line)
    {
        _counts.Add(line.Counts);
        Single.Add(line.Single);
        Loaded.Add(line.Loaded);
    }

    internal ClientTotals Copy()
    {
        var copy = new ClientTotals { _counts = _counts };
        copy.Single.Add(Single);
        copy.Loaded.Add(Loaded);
        return copy;
    }

    /// <summary>What was counted since an earlier copy.</summary>
    internal ClientTotals Since(ClientTotals earlier)
    {
        var delta = Copy();
        delta._counts.Subtract(earlier._counts);
        delta.Single.Subtract(earlier.Single);
        delta.Loaded.Subtract(earlier.Loaded);
        return delta;
    }
}
