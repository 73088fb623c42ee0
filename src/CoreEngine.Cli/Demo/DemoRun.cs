using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Commands;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Demo;

/// <summary>The phases of the demonstration, in their order.</summary>
internal sealed class DemoRun(DemoOptions options, DemoDirectory directory, DemoScreen screen) : IDisposable
{
    private const double WarmUpPart = 0.12;
    private const double SteadyPart = 0.38;
    private const double WithoutOnePart = 0.14;
    private const double AllBackPart = 0.12;
    private const double AfterAllPart = 0.24;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DemoResults _results = new();
    private DemoCluster? _cluster;
    private DemoClients? _clients;

    private DemoCluster Cluster => _cluster!;

    private DemoClients Clients => _clients!;

    /// <summary>Runs all phases.</summary>
    /// <exception cref="DemoException">Something did not happen in time, or ended that should not.</exception>
    internal async Task<DemoResults> RunAsync(CancellationToken stop)
    {
        _cluster = DemoCluster.Format(directory);
        screen.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"formatted {Cluster.Replicas.Count} data directories in {directory.Path} ({directory.FileSystem})"));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task display = screen.RunAsync(Cluster.Endpoints, () => _clients?.Read(), end.Token);
        try
        {
            await StartAsync(stop);
            await LoadAsync(stop);
            await KillLeaderAsync(stop);
            await KillAllAsync(stop);
            await FinishAsync(stop);
        }
        finally
        {
            await end.CancelAsync();
            await display;
        }

        return _results;
    }

    public void Dispose()
    {
        _clients?.Dispose();
        _cluster?.Dispose();
    }

    private async Task StartAsync(CancellationToken stop)
    {
        await Cluster.StartAsync();
        ReplicaProcess leader = await Cluster.FindLeaderAsync(Patience, stop);
        screen.Note($"three replicas run as three processes; replica {leader.Replica} leads");
        _clients = DemoClients.Start(directory, Cluster.Endpoints);
        screen.Note($"clients: {DemoClients.Description}");
    }

    /// <summary>Warm-up, then the phase whose throughput is reported.</summary>
    private async Task LoadAsync(CancellationToken stop)
    {
        await Task.Delay(options.Part(WarmUpPart), stop);
        Clients.RequireAlive();
        ClientTotals before = Clients.Read();
        long start = Stopwatch.GetTimestamp();
        await Task.Delay(options.Part(SteadyPart), stop);
        _results.Steady = Clients.Read().Since(before);
        _results.SteadyTime = Stopwatch.GetElapsedTime(start);
    }

    private async Task KillLeaderAsync(CancellationToken stop)
    {
        ReplicaProcess leader = await Cluster.FindLeaderAsync(Patience, stop);
        long killed = FailoverWindow.Now();
        await leader.KillAsync();
        screen.Note($"SIGKILL to the leader, replica {leader.Replica}");
        await MeasureAsync($"leader (replica {leader.Replica}) killed", killed,
            [.. Others(leader).Select(static other => other.Client)], stop);
        ReplicaProcess next = await Cluster.FindLeaderAsync(Patience, stop);
        screen.Note($"replica {next.Replica} leads now");
        await Task.Delay(options.Part(WithoutOnePart), stop);
        await RestartAsync(leader, stop);
        await Task.Delay(options.Part(AllBackPart), stop);
        Clients.RequireAlive();
    }

    private IEnumerable<ReplicaProcess> Others(ReplicaProcess one) => Cluster.Replicas.Where(replica => replica != one);

    private async Task RestartAsync(ReplicaProcess replica, CancellationToken stop)
    {
        ReplicaView?[] views = await Cluster.WaitAsync(
            static views => views.Any(static view => view is { IsLeader: true }), "no leader", Patience, stop);
        ulong goal = views.Max(static view => view?.Committed ?? 0);
        long start = Stopwatch.GetTimestamp();
        await replica.StartAsync();
        ulong first = 0;
        await Cluster.WaitAsync(
            now =>
            {
                ReplicaView? mine = now[replica.Replica - 1];
                first = first == 0 ? mine?.Applied ?? 0 : first;
                return mine is not null && mine.Applied >= goal && mine.Durable >= goal;
            },
            $"replica {replica.Replica} did not catch up to {goal}",
            Patience,
            stop);
        _results.CatchUp = Stopwatch.GetElapsedTime(start);
        _results.CatchUpEntries = goal;
        screen.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"replica {replica.Replica} restarted and holds all {goal} entries committed before, "
                + $"{_results.CatchUp.TotalSeconds:0.00} s after its start"));
    }

    private async Task KillAllAsync(CancellationToken stop)
    {
        ulong held = (await Cluster.WaitAsync(static _ => true, string.Empty, Patience, stop))
            .Max(static view => view?.Committed ?? 0);
        long killed = FailoverWindow.Now();
        await Task.WhenAll(Cluster.Replicas.Select(static replica => replica.KillAsync()));
        screen.Note("SIGKILL to all three replicas");
        await Cluster.StartAsync();
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"all three killed and restarted, {held:N0} entries to be applied again by each");
        await MeasureAsync(name, killed, Cluster.Endpoints, stop);
        await Task.Delay(options.Part(AfterAllPart), stop);
    }

    private async Task MeasureAsync(
        string name, long killed, IReadOnlyList<System.Net.IPEndPoint> endpoints, CancellationToken stop)
    {
        long written = await LeaderProbe.WaitForWriteAsync(endpoints, Patience, stop);
        var window = new FailoverWindow(name, killed, written);
        _results.Windows.Add(window);
        screen.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"writes are acknowledged again {window.Length.TotalMilliseconds:0} ms after the kill"));
    }

    /// <summary>Stops the clients, reads everything back, compares the replicas, judges the history.</summary>
    private async Task FinishAsync(CancellationToken stop)
    {
        await Clients.StopAsync();
        List<string> files = [.. Clients.Histories];
        List<string> keys =
            [.. HistoryFiles.Load(files).Select(static e => e.Key).Distinct().Order(StringComparer.Ordinal)];
        string last = directory.File("history-final.jsonl");
        _results.FinalReads =
            await FinalReads.RecordAsync(last, keys, Cluster.Endpoints, DemoClients.FreeProcessId, stop);
        files.Add(last);
        ReplicaView?[] views = await Cluster.WaitAsync(
            static views => views.All(
                view => view is not null && view.Applied == views[0]?.Applied && view.Committed == view.Applied
                && view.Durable == view.Appended && view.Appended == view.Committed),
            "the replicas did not come to rest at one index",
            Patience,
            stop);
        _results.Final = [.. views.Select(static view => view!)];
        screen.Note($"clients stopped; {keys.Count} keys read back at every replica; judging the history");
        IReadOnlyList<HistoryEvent> events = HistoryFiles.Load(files);
        _results.HistoryPath = options.History ?? directory.File("history.jsonl");
        HistoryFiles.Save(_results.HistoryPath, events);
        _results.Judgement = await Task.Run(() => HistoryJudgement.Of(events, _results.Windows), stop);
    }
}
