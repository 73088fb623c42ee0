using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;
using CoreEngine.Nemesis.Machine;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>
/// Concurrent clients of a cluster: checked ones, whose history is judged, and writers of unique keys.
/// </summary>
internal sealed class Load : IDisposable
{
    private const int Writers = 3;

    /// <summary>A client that waits for a stopped replica goes elsewhere after this.</summary>
    private static readonly TimeSpan ClientPatience = TimeSpan.FromSeconds(3);

    /// <summary>Between two batches of a writer: the processors belong to the replicas.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(4);

    private readonly NemesisCluster _cluster;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;

    private Load(NemesisCluster cluster, string history, int pipeline, int valueBytes)
    {
        _cluster = cluster;
        History = history;
        Func<System.Net.Sockets.Socket>? open = cluster.Shape.Network is null ? null : cluster.Shape.Network.OpenSocket;
        var options = new WorkloadOptions
        {
            Endpoints = cluster.Endpoints,
            Clients = 5,
            Keys = 24,
            ReadPercent = 45,
            Think = TimeSpan.FromMilliseconds(3),
            History = history,
            Patience = ClientPatience,
            OpenSocket = open,
        };
        IEnumerable<Task> writers = Enumerable.Range(0, Writers).Select(number => Task.Run(() => new UniqueWriter(
            string.Create(CultureInfo.InvariantCulture, $"unique:{number}:"),
            pipeline,
            valueBytes,
            Pace,
            new ReplicaDialer(cluster.Endpoints, number, ClientPatience, open),
            Book).RunAsync(_stop.Token)));
        _work = Task.WhenAll([WorkloadRun.RunAsync(options, TextWriter.Null, _stop.Token), .. writers]);
    }

    /// <summary>Where the checked clients record what they do.</summary>
    internal string History { get; }

    internal WriteBook Book { get; } = new();

    internal static Load Start(NemesisCluster cluster, Scratch scratch, int pipeline = 6, int valueBytes = 24) =>
        new(cluster, scratch.Sub("history.jsonl"), pipeline, valueBytes);

    /// <summary>Waits until so many more unique writes have been acknowledged: the cluster goes on.</summary>
    internal async Task GoesOnAsync(int writes = 60)
    {
        int goal = Book.Acknowledged.Count + writes;
        await _cluster.WaitAsync(
            _ => _work.IsCompleted || Book.Acknowledged.Count >= goal,
            $"no {writes} more writes were acknowledged",
            () => $"; last refusal: {Book.Refused.LastOrDefault().Reason}, {Book.Unknown} undecided");
        if (_work.IsCompleted)
        {
            await _work;
        }
    }

    /// <summary>
    /// Waits until so many writes were denied, and demands that none is acknowledged meanwhile: nobody may go on.
    /// </summary>
    internal async Task StandsStillAsync(int denials = 20)
    {
        // Those that were on their way when the last quorum broke are let through first.
        await DeniedAsync(5);
        int acknowledged = Book.Acknowledged.Count;
        await DeniedAsync(denials);
        int more = Book.Acknowledged.Count - acknowledged;
        if (more > 0)
        {
            throw new NemesisException($"{more} writes were acknowledged where no quorum could be");
        }
    }

    private async Task DeniedAsync(int more)
    {
        int goal = Book.Denied + more;
        await _cluster.WaitAsync(_ => Book.Denied >= goal, $"no {more} more writes were refused or left undecided");
    }

    /// <summary>Stops the clients; every operation in flight is finished and recorded.</summary>
    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }
}
