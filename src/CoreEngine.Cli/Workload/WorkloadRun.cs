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

    /// <summary>
    /// Works until the duration is over or the token stops it; every line of progress goes to <paramref
    /// name="report"/>.
    /// </summary>
    internal static async Task RunAsync(WorkloadOptions options, TextWriter report, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        if (options.Duration > TimeSpan.Zero)
        {
            over.CancelAfter(options.Duration);
        }

        var tally = new Tally();
        Task clients = RunClientsAsync(options, tally, over.CancelAsync, over.Token);
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

    private static async Task RunClientsAsync(
        WorkloadOptions options, Tally tally, Func<Task> end, CancellationToken over)
    {
        using HistoryWriter? history = options.History is null ? null : new HistoryWriter(options.History);
        var ids = new ProcessIds(options.ProcessBase);
        var tasks = new List<Task>();
        for (int i = 0; i < options.Clients; i++)
        {
            var mix = new OperationMix(options, new Prng(options.Seed ^ ((ulong)(uint)i << 40)));
            var client = new CheckedClient(options, mix, NewDialer(options, i), ids, history, tally);
            tasks.Add(GuardAsync(client.RunAsync, end, over));
        }

        for (int i = 0; i < options.LoadClients; i++)
        {
            var client = new LoadClient(options, options.ProcessBase + i, NewDialer(options, i), tally);
            tasks.Add(GuardAsync(client.RunAsync, end, over));
        }

        await Task.WhenAll(tasks);
    }

    private static ReplicaDialer NewDialer(WorkloadOptions options, int client) =>
        new(options.Endpoints, client, options.Patience, options.OpenSocket);

    /// <summary>A client that fails, as by a full disk under its history, ends the whole run.</summary>
    private static async Task GuardAsync(Func<CancellationToken, Task> run, Func<Task> end, CancellationToken over)
    {
        Task work = Task.Run(() => run(over), CancellationToken.None);
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (work.IsFaulted)
        {
            await end();
        }

        await work;
    }

    private static void Report(Tally tally, ProgressLine line, TextWriter report)
    {
        tally.MoveTo(line);
        report.WriteLine(line.Format());
        report.Flush();
    }
}
