using System.Globalization;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Load.Features;

/// <summary>Writes at the leader while it takes a snapshot of a large state, against the same without.</summary>
internal static class SnapshotRows
{
    private const int Outstanding = 64;
    private const double MiB = 1024 * 1024;

    /// <summary>Many, in a run that is not reported: the JIT compiles anew what has become hot.</summary>
    private const int WarmOutstanding = 1024;

    internal static async Task RunAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        await RunAsync(run, isText: false, [false, true, false, true], cancellationToken);
        await RunAsync(run, isText: true, [false, true], cancellationToken);
    }

    private static async Task RunAsync(
        FeatureRun run, bool isText, bool[] measurements, CancellationToken cancellationToken)
    {
        var shape = new ReplicaShape { StateBytes = run.Size, IsStateText = isText, SnapshotsOnDemand = true };
        string directory = Path.Combine(run.Directory, isText ? "text" : "cluster");
        await using LoadCluster cluster = LoadCluster.Start(directory, 0, shape);
        await cluster.ReadyAsync(cancellationToken);
        (ReplicaProcess leader, ReplicaStatus status) = await cluster.LeaderAsync(cancellationToken);
        var command = new ReplicaCommand
        {
            Verb = ReplicaVerb.Run,
            Payload = 16,
            Outstanding = Outstanding,
            WarmSeconds = 1.5,
            Seconds = run.Seconds,
        };
        uint number = 1;
        await leader.AskAsync(command with { Run = number, Outstanding = WarmOutstanding }, cancellationToken);
        await leader.ReceiveAsync(cancellationToken);
        foreach (bool with in measurements)
        {
            await leader.AskAsync(command with { Run = ++number, WithSnapshot = with }, cancellationToken);
            ReplicaRun measured = (await leader.ReceiveAsync(cancellationToken)).Run!;
            string? difference = await cluster.CompareAsync(cancellationToken);
            string remark = measured.Snapshot is { } snapshot ? RemarkOf(run.Size, snapshot, isText) : "";
            string name = with ? "write-while-snapshot" : "write-without-snapshot";
            Measurement row = Rows.ToMeasurement(new RowKey(name, 16, Outstanding), measured, status.Durability);
            run.Add(row with
            {
                Remark = remark,
                Violation = measured.Violation ?? measured.Snapshot?.Refusal ?? difference,
            });
            if (remark.Length > 0)
            {
                run.Print($"  {remark}");
            }
        }
    }

    /// <summary>From the ask until the file is durable; the ratio is that of the state to the file.</summary>
    private static string RemarkOf(long size, ReplicaSnapshot snapshot, bool isText) => string.Create(
        CultureInfo.InvariantCulture,
        $"snapshot of {size / MiB:N0} MiB of {(isText ? "text" : "noise")} in {snapshot.Seconds:N2} s: {size / MiB
            / snapshot.Seconds:N0} MiB/s, {snapshot.Bytes:N0} bytes, ratio {size / (double)snapshot.Bytes:N2}");
}
