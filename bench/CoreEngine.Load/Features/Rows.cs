using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Load.Features;

/// <summary>What the rows of the features share.</summary>
internal static class Rows
{
    /// <summary>A row whose costs are those of one process only.</summary>
    internal static Measurement ToMeasurement(RowKey key, ReplicaRun run, string durability) => new()
    {
        Key = key,
        Rate = run.Rate,
        P50Us = run.P50Us,
        P99Us = run.P99Us,
        MeanUs = run.MeanUs,
        BytesPerOp = run.Costs.AllocatedBytes / (run.Rate * run.Costs.Seconds),
        Collections = run.Costs.Collections,
        CpuUsPerOp = run.Costs.CpuUs / run.Costs.Seconds / run.Rate,
        WritesPerSecond = run.Costs.Writes / run.Costs.Seconds,
        Durability = durability,
        Refused = run.Refused,
        Unknown = run.Unknown,
        Remark = run.RefusalText is null ? "" : $"refusals: {run.RefusalText}",
        Violation = run.Violation,
    };

    /// <summary>Proposes until the first group's log has grown by so many bytes of commands.</summary>
    /// <returns>By how many it has.</returns>
    internal static async Task<long> FillAsync(
        LoadCluster cluster, long bytes, uint run, CancellationToken cancellationToken)
    {
        const int Payload = 1024;
        const int Outstanding = 256;
        (ReplicaProcess leader, _) = await cluster.LeaderAsync(cancellationToken);
        long done = 0;
        while (done < bytes)
        {
            var command = new ReplicaCommand
            {
                Verb = ReplicaVerb.Run,
                Payload = Payload,
                Outstanding = Outstanding,
                Run = run++,
                Seconds = 1,
            };
            await leader.AskAsync(command, cancellationToken);
            ReplicaRun filled = (await leader.ReceiveAsync(cancellationToken)).Run!;
            done += filled.Committed * Payload;
        }

        return done;
    }
}
