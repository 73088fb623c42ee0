using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Load.Features;

/// <summary>Reads per second at each level, at the leader and at a follower, beside one writer at the leader.</summary>
internal static class ReadRows
{
    private const int Outstanding = 1024;
    private const long StateBytes = 1024 * 1024;
    private const double WarmSeconds = 1;

    private static readonly ReadLevel[] Levels =
        [ReadLevel.Linearizable, ReadLevel.Lease, ReadLevel.Stale, ReadLevel.AtLeast, ReadLevel.Local];

    internal static async Task RunAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        var shape = new ReplicaShape { HasLease = true, StateBytes = StateBytes };
        await using LoadCluster cluster = LoadCluster.Start(Path.Combine(run.Directory, "cluster"), 0, shape);
        await cluster.ReadyAsync(cancellationToken);
        (ReplicaProcess leader, ReplicaStatus status) = await cluster.LeaderAsync(cancellationToken);
        ReplicaProcess follower = cluster.Members.First(member => member != leader);

        // One proposal under way at all times: boundaries and stamps move, nothing rests.
        var writer = new ReplicaCommand { Verb = ReplicaVerb.Load, Payload = 16, Outstanding = 1, Run = 1 };
        await leader.AskAsync(writer, cancellationToken);
        foreach (ReplicaProcess replica in new[] { leader, follower })
        {
            string place = replica == leader ? "leader" : "follower";

            // A lease is the leader's own: a follower has none to read by.
            ReadLevel[] levels = [.. Levels.Where(level => replica == leader || level != ReadLevel.Lease)];
            foreach (ReadLevel level in levels)
            {
                await ReadAsync(replica, level, WarmSeconds, cancellationToken);
            }

            foreach (ReadLevel level in levels)
            {
                ReplicaRun reads = await ReadAsync(replica, level, run.Seconds, cancellationToken);
                string name = $"read-{level.ToString().ToLowerInvariant()}@{place}";
                run.Add(Rows.ToMeasurement(new RowKey(name, 16, Outstanding), reads, status.Durability));
            }
        }

        await cluster.LeaderAsync(cancellationToken);
    }

    private static async Task<ReplicaRun> ReadAsync(
        ReplicaProcess replica, ReadLevel level, double seconds, CancellationToken cancellationToken)
    {
        var command = new ReplicaCommand
        {
            Verb = ReplicaVerb.Reads,
            Level = level,
            Outstanding = Outstanding,
            WarmSeconds = WarmSeconds / 2,
            Seconds = seconds,
        };
        return (await replica.AskAsync(command, cancellationToken)).Run!;
    }
}
