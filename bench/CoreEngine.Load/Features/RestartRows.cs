using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Load.Features;

/// <summary>Kills a follower whose log is long, and starts it again: nothing of it is in a snapshot.</summary>
internal static class RestartRows
{
    private const double GiB = 1024.0 * 1024 * 1024;

    internal static async Task RunAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        var shape = new ReplicaShape { SnapshotsOnDemand = true };
        await using LoadCluster cluster = LoadCluster.Start(Path.Combine(run.Directory, "cluster"), 0, shape);
        await cluster.ReadyAsync(cancellationToken);
        await Rows.FillAsync(cluster, run.Size, run: 1, cancellationToken);
        (ReplicaProcess leader, ReplicaStatus status) = await cluster.LeaderAsync(cancellationToken);
        ReplicaProcess follower = cluster.Members.First(member => member != leader);
        foreach (string cache in new[] { "first", "again" })
        {
            uint number = follower.Replica;
            follower.Kill();
            long started = Stopwatch.GetTimestamp();
            ReplicaOpening opening = (await cluster.RestartAsync(number, cancellationToken)).Opening!;
            double openMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            follower = cluster.Members[(int)number - 1];
            string? difference = await cluster.CompareAsync(cancellationToken);
            double appliedMs = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            double gib = opening.LogBytes / GiB;
            run.Print(string.Create(
                CultureInfo.InvariantCulture,
                $"restart ({cache}, {status.Durability}, page cache as the kill left it): log {gib:N3} GiB of 1 KiB "
                + $"commands; engine open in {opening.EngineMs:N0} ms ({opening.EngineMs / gib:N0} ms per GiB), "
                + $"process ready in {openMs:N0} ms, all applied in {appliedMs:N0} ms "
                + $"({appliedMs / gib:N0} ms per GiB); {difference ?? "machines equal"}"));
            if (difference is not null)
            {
                throw new IOException(difference);
            }
        }
    }
}
