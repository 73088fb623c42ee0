using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Workload;

/// <summary>Runs the clients of one process and reports what they do, line by line.</summary>
internal static class WorkloadRun
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>Works until the duration is over or the token stops it; every line of progress goes to <paramref name="report"/>.</summary>
    internal static async Task RunAsync(WorkloadOptions options, TextWriter report, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using HistoryWriter? history = options.History is null ? null : new HistoryWriter(options.History);
        if (options.Duration > TimeSpan.Zero)
        {
            over.CancelAfter(options.Duration);
        }

        var tally = new Tally();
        Task clients = StartAll(options, history, tally, over.Token);
        var line = new ProgressLine();
        using var ticks = new PeriodicTimer(ReportEvery);
        while (!clients.IsCompleted)
        {
            Task<bool> tick = ticks.WaitForNextTickAsync(CancellationToken.None).AsTask();
            await Task.WhenAny(clients, tick);
            if (tick.IsCompletedSuccessfully)
            {
                Report(tally, line, report);
            }
        }

        await clients;
        Report(tally, line, report);
    }

    private static Task StartAll(WorkloadOptions options, HistoryWriter? history, Tally tally, CancellationToken stop)
    {
        var tasks = new List<Task>();
        var ids = new ProcessIds(options.ProcessBase);
        for (int i = 0; i < options.Clients; i++)
        {
            var prng = new Prng(options.Seed ^ ((ulong)(uint)i << 40));
            var dialer = new ReplicaDialer(options.Endpoints, i, options.Patience);
            var client = new CheckedClient(options, new OperationMix(options, prng), dialer, ids, history, tally);
            tasks.Add(Task.Run(() => client.RunAsync(stop), CancellationToken.None));
        }

        for (int i = 0; i < options.LoadClients; i++)
        {
            var dialer = new ReplicaDialer(options.Endpoints, i, options.Patience);
            var client = new LoadClient(options, options.ProcessBase + i, dialer, tally);
            tasks.Add(Task.Run(() => client.RunAsync(stop), CancellationToken.None));
        }

        return Task.WhenAll(tasks);
    }

    private static void Report(Tally tally, ProgressLine line, TextWriter report)
    {
        tally.MoveTo(line);
        report.WriteLine(line.Format());
        report.Flush();
    }
}
