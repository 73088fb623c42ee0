using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Load.Cluster;

/// <summary>
/// Measures a row on a cluster that runs: the workload in the leader's process, the costs in all three.
/// </summary>
internal static class ClusterRows
{
    internal static string LayerOf(CallForm form) => form == CallForm.Awaited ? "cluster" : "cluster-ticket";

    /// <param name="cluster">Idle.</param>
    /// <param name="form">How callers wait.</param>
    /// <param name="command">Payload, outstanding, run and times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<Measurement> MeasureAsync(
        LoadCluster cluster, CallForm form, ReplicaCommand command, CancellationToken cancellationToken)
    {
        (ReplicaProcess leader, ReplicaStatus status) = await cluster.LeaderAsync(cancellationToken);
        ReplicaProcess[] followers = [.. cluster.Members.Where(member => member != leader)];
        await leader.AskAsync(command with { Verb = ReplicaVerb.Run, Form = form }, cancellationToken);
        foreach (ReplicaProcess follower in followers)
        {
            await follower.AskAsync(new ReplicaCommand { Verb = ReplicaVerb.Mark }, cancellationToken);
        }

        Task<ReplicaReply> over = leader.ReceiveAsync(cancellationToken);
        await Task.WhenAny(over, Task.Delay((int)(command.Seconds * 1000), cancellationToken));
        var costs = new List<ReplicaCosts>();
        foreach (ReplicaProcess follower in followers)
        {
            var sample = new ReplicaCommand { Verb = ReplicaVerb.Sample };
            costs.Add((await follower.AskAsync(sample, cancellationToken)).Costs!);
        }

        ReplicaRun run = (await over).Run!;
        string? difference = await cluster.CompareAsync(cancellationToken);
        return ToMeasurement(form, command, status, run, costs, difference);
    }

    private static Measurement ToMeasurement(
        CallForm form,
        ReplicaCommand command,
        ReplicaStatus status,
        ReplicaRun run,
        List<ReplicaCosts> followers,
        string? difference)
    {
        // The followers' stretch is a few milliseconds off the leader's: bring all to cost per second, then per
        // operation.
        double cpuPerSecond = run.Costs.CpuUs / run.Costs.Seconds;
        double writesPerSecond = run.Costs.Writes / run.Costs.Seconds;
        double followerBytes = 0;
        foreach (ReplicaCosts costs in followers)
        {
            cpuPerSecond += costs.CpuUs / costs.Seconds;
            writesPerSecond += costs.Writes / costs.Seconds;
            followerBytes = double.Max(followerBytes, costs.AllocatedBytes / costs.Seconds / run.Rate);
        }

        return new Measurement
        {
            Key = new RowKey(LayerOf(form), command.Payload, command.Outstanding),
            Rate = run.Rate,
            P50Us = run.P50Us,
            P99Us = run.P99Us,
            MeanUs = run.MeanUs,
            BytesPerOp = run.Costs.AllocatedBytes / (run.Rate * run.Costs.Seconds),
            FollowerBytesPerOp = followerBytes,
            Collections = run.Costs.Collections + followers.Sum(static costs => costs.Collections),
            CpuUsPerOp = cpuPerSecond / run.Rate,
            WritesPerSecond = writesPerSecond,
            Durability = status.Durability,
            Refused = run.Refused,
            Unknown = run.Unknown,
            Remark = run.RefusalText is null ? "" : $"refusals: {run.RefusalText}",
            Violation = run.Violation ?? difference,
        };
    }
}
