using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;
using CoreEngine.Model;

namespace CoreEngine.Load.Features;

/// <summary>The cluster's row at every level of durability; Memory is the twin without a flush.</summary>
internal static class LevelRows
{
    internal static async Task RunAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        foreach (Durability level in new[] { Durability.QuorumDurable, Durability.LocalDurable, Durability.Memory })
        {
            var shape = new ReplicaShape { Durability = level };
            string home = Path.Combine(run.Directory, string.Create(CultureInfo.InvariantCulture, $"level-{level}"));
            await using LoadCluster cluster = LoadCluster.Start(home, 0, shape);
            await cluster.ReadyAsync(cancellationToken);
            foreach (int outstanding in new[] { 1, 1024 })
            {
                var command = new ReplicaCommand
                {
                    Payload = 16,
                    Outstanding = outstanding,
                    Run = (uint)outstanding,
                    WarmSeconds = 1.5,
                    Seconds = run.Seconds,
                };
                Measurement measured = await ClusterRows.MeasureAsync(
                    cluster, CallForm.Awaited, command, cancellationToken);
                string name = $"cluster-{level.ToString().ToLowerInvariant()}";
                run.Add(measured with { Key = measured.Key with { Layer = name } });
            }
        }
    }
}
