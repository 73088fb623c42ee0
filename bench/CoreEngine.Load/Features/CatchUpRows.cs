using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Load.Features;

/// <summary>Adds an empty learner to an idle cluster: first the whole log is there, then only a snapshot.</summary>
internal static class CatchUpRows
{
    private const double MiB = 1024.0 * 1024;

    /// <summary>So much that the disk and the link decide, not the throttle.</summary>
    private const long SendBytesPerSecond = 8L * 1024 * 1024 * 1024;

    internal static async Task RunAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        await RunAsync(run, byLog: true, cancellationToken);
        await RunAsync(run, byLog: false, cancellationToken);
    }

    private static async Task RunAsync(FeatureRun run, bool byLog, CancellationToken cancellationToken)
    {
        var shape = new ReplicaShape
        {
            SnapshotsOnDemand = true,
            SendBytesPerSecond = SendBytesPerSecond,
            StateBytes = byLog ? 0 : run.Size,
        };
        string home = Path.Combine(run.Directory, byLog ? "log" : "snapshot");
        await using LoadCluster cluster = LoadCluster.Start(home, 0, shape);
        await cluster.ReadyAsync(cancellationToken);
        long filled = await Rows.FillAsync(cluster, byLog ? run.Size : 1, run: 1, cancellationToken);
        (ReplicaProcess leader, ReplicaStatus status) = await cluster.LeaderAsync(cancellationToken);
        long bytes = byLog ? filled : await SnapshotAsync(leader, cancellationToken);
        ReplicaProcess joiner = await cluster.JoinAsync(cancellationToken);
        var add = new ReplicaCommand
        {
            Verb = ReplicaVerb.Add,
            Learner = joiner.Replica,
            Port = joiner.Settings.Ports[^1],
        };
        long started = Stopwatch.GetTimestamp();
        await leader.AskAsync(add, cancellationToken);
        string? difference = await cluster.CompareAsync(cancellationToken);
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        run.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"catch-up by {(byLog ? "log (1 KiB commands, their bytes)" : "snapshot (bytes of its file)")}, "
            + $"{status.Durability}: {bytes / MiB:N0} MiB in {seconds:N2} s, {bytes / MiB / seconds:N1} MiB/s, "
            + $"durable and applied; {difference ?? "machines equal"}"));
        if (difference is not null)
        {
            throw new IOException(difference);
        }
    }

    private static async Task<long> SnapshotAsync(ReplicaProcess leader, CancellationToken cancellationToken)
    {
        var command = new ReplicaCommand { Verb = ReplicaVerb.Snapshot };
        ReplicaSnapshot taken = (await leader.AskAsync(command, cancellationToken)).Snapshot!;
        return taken.Refusal is null ? taken.Bytes : throw new IOException($"no snapshot: {taken.Refusal}");
    }
}
