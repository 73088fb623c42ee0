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

        // The process, the JIT and the links cost the same with a short log: they are no part of the time per GiB.
        Restart fixedCost = await RestartAsync(cluster, cancellationToken);
        await Rows.FillAsync(cluster, run.Size, run: 1, cancellationToken);
        (_, ReplicaStatus status) = await cluster.LeaderAsync(cancellationToken);
        for (int round = 1; round <= 2; round++)
        {
            Restart restart = await RestartAsync(cluster, cancellationToken);
            double gib = (restart.LogBytes - fixedCost.LogBytes) / GiB;
            run.Print(string.Create(
                CultureInfo.InvariantCulture,
                $"restart {round} ({status.Durability}, page cache as the kill left it): log {gib:N3} GiB of 1 KiB "
                + $"commands; engine open in {restart.EngineMs:N0} ms ({fixedCost.EngineMs:N0} with a short log; "
                + $"{(restart.EngineMs - fixedCost.EngineMs) / gib:N0} ms per GiB); all applied in "
                + $"{restart.AppliedMs:N0} ms ({fixedCost.AppliedMs:N0}; "
                + $"{(restart.AppliedMs - fixedCost.AppliedMs) / gib:N0} ms per GiB); machines equal"));
        }
    }

    /// <summary>Kills a follower and starts it again.</summary>
    private static async Task<Restart> RestartAsync(LoadCluster cluster, CancellationToken cancellationToken)
    {
        (ReplicaProcess leader, _) = await cluster.LeaderAsync(cancellationToken);
        ReplicaProcess follower = cluster.Members.First(member => member != leader);
        follower.Kill();
        long started = Stopwatch.GetTimestamp();
        ReplicaOpening opening = (await cluster.RestartAsync(follower.Replica, cancellationToken)).Opening!;
        string? difference = await cluster.CompareAsync(cancellationToken);
        return difference is null
            ? new Restart(opening.EngineMs, Stopwatch.GetElapsedTime(started).TotalMilliseconds, opening.LogBytes)
            : throw new IOException(difference);
    }

    private readonly record struct Restart(double EngineMs, double AppliedMs, long LogBytes);
}
