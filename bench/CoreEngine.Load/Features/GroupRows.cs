using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Load.Features;

/// <summary>Many groups in one shard: under load against one group, and at rest.</summary>
internal static class GroupRows
{
    private const int Outstanding = 1024;

    /// <summary>Groups at rest that are written to.</summary>
    private const int WokenMax = 500;

    internal static async Task RunAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        foreach (int groups in new[] { 1, (int)run.Size })
        {
            string home = Path.Combine(run.Directory, string.Create(CultureInfo.InvariantCulture, $"groups-{groups}"));
            await using LoadCluster cluster = LoadCluster.Start(home, 0, new ReplicaShape { Groups = groups });
            await cluster.ReadyAsync(cancellationToken);

            // One process proposes: were the leaders spread, most proposals would go a longer way.
            (ReplicaProcess leader, _) = await cluster.LeaderAsync(cancellationToken);
            await leader.AskAsync(new ReplicaCommand { Verb = ReplicaVerb.Lead }, cancellationToken);
            var command = new ReplicaCommand
            {
                Payload = 16,
                Outstanding = Outstanding,
                Run = 1,
                WarmSeconds = 2,
                Seconds = run.Seconds,
            };
            Measurement measured = await ClusterRows.MeasureAsync(
                cluster, CallForm.Awaited, command, cancellationToken);
            string name = string.Create(CultureInfo.InvariantCulture, $"cluster-{groups}-groups");
            run.Add(measured with { Key = measured.Key with { Layer = name } });
        }
    }

    internal static async Task RunIdleAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        int groups = (int)run.Size;
        string home = Path.Combine(run.Directory, "idle");
        long started = Stopwatch.GetTimestamp();
        await using LoadCluster cluster = LoadCluster.Start(home, 0, new ReplicaShape { Groups = groups });
        ReplicaReply[] ready = await Task.WhenAll(
            cluster.Members.Select(member => member.ReceiveAsync(cancellationToken)));
        double openedAfter = Stopwatch.GetElapsedTime(started).TotalSeconds;
        ReplicaIdle[] settled = await SettleAsync(run, cluster, cancellationToken);
        double settledAfter = Stopwatch.GetElapsedTime(started).TotalSeconds;
        ReplicaIdle[] idle = await IdleAsync(cluster, run.Seconds, true, cancellationToken);
        run.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"{groups:N0} groups on three replicas: all open after {openedAfter:N1} s (processes started), "
            + $"all led and at rest after {settledAfter:N1} s; leaderless {settled.Sum(static r => r.Leaderless)}"));
        for (int i = 0; i < idle.Length; i++)
        {
            ReplicaOpening opening = ready[i].Opening!;
            run.Print(string.Create(
                CultureInfo.InvariantCulture,
                $"replica {i + 1}: opened in {opening.GroupsMs:N0} ms; leads {idle[i].Led:N0}; "
                + $"CPU {idle[i].CpuPercent:N2} % of a core; frames {idle[i].FramesPerSecond:N1}/s, "
                + $"beats {idle[i].BeatsPerSecond:N1}/s; "
                + $"bytes per group {(idle[i].LiveBytes - opening.BeforeBytes) / groups:N0} managed, "
                + $"{(idle[i].ResidentBytes - opening.BeforeResidentBytes) / groups:N0} resident"));
        }

        _ = await SettleAsync(run, cluster, cancellationToken);
        for (int i = 0; i < idle.Length; i++)
        {
            var command = new ReplicaCommand { Verb = ReplicaVerb.Wake, Outstanding = WokenMax };
            ReplicaWake woken = (await cluster.Members[i].AskAsync(command, cancellationToken)).Wake!;
            run.Print(string.Create(
                CultureInfo.InvariantCulture,
                $"replica {i + 1}: first write of {woken.Groups:N0} groups at rest, one after the other: "
                + $"p50 {woken.P50Us:N0} us, p99 {woken.P99Us:N0} us, longest {woken.MaxUs:N0} us"));
        }
    }

    /// <summary>A group with a thousand large writes under way beside one with few small ones.</summary>
    internal static async Task RunHogAsync(FeatureRun run, CancellationToken cancellationToken)
    {
        string home = Path.Combine(run.Directory, "hog");
        await using LoadCluster cluster = LoadCluster.Start(
            home, Outstanding * run.Size, new ReplicaShape { Groups = 2 });
        await cluster.ReadyAsync(cancellationToken);
        (ReplicaProcess leader, _) = await cluster.LeaderAsync(cancellationToken);
        await leader.AskAsync(new ReplicaCommand { Verb = ReplicaVerb.Lead }, cancellationToken);
        var command = new ReplicaCommand
        {
            Verb = ReplicaVerb.Hog,
            Payload = (int)run.Size,
            Outstanding = Outstanding,
            Run = 1,
            WarmSeconds = 1,
            Seconds = run.Seconds,
        };
        ReplicaHog seen = (await leader.AskAsync(command, cancellationToken)).Hog!;
        run.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"small writes alone: p50 {seen.AloneP50Us:N0} us, p99 {seen.AloneP99Us:N0} us"));
        run.Print(string.Create(
            CultureInfo.InvariantCulture,
            $"beside {Outstanding:N0} writes of {run.Size:N0} B under way in another group ({seen.HogRate:N0}/s): "
            + $"p50 {seen.BesideP50Us:N0} us, p99 {seen.BesideP99Us:N0} us, {seen.BesideRate:N0}/s; "
            + $"ratio of the p99 {seen.BesideP99Us / seen.AloneP99Us:N1}"));
        if (seen.Violation is { } violation)
        {
            throw new IOException(violation);
        }
    }

    /// <summary>Waits until every group has a leader and nobody sends for a group.</summary>
    private static async Task<ReplicaIdle[]> SettleAsync(
        FeatureRun run, LoadCluster cluster, CancellationToken cancellationToken)
    {
        const double LookSeconds = 1;
        const int LooksMax = 600;
        for (int look = 0; look < LooksMax; look++)
        {
            ReplicaIdle[] seen = await IdleAsync(cluster, LookSeconds, false, cancellationToken);
            if (seen.All(static replica => replica.Leaderless == 0 && replica.FramesPerSecond == 0))
            {
                return seen;
            }

            if (look % 5 == 4)
            {
                run.Print(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {look + 1} looks: leaderless {seen.Sum(static r => r.Leaderless):N0}, "
                    + $"frames {seen.Sum(static r => r.FramesPerSecond):N0}/s, "
                    + $"CPU {seen.Sum(static r => r.CpuPercent):N0} %"));
            }
        }

        throw new IOException($"the groups did not come to rest within {LooksMax * LookSeconds} s");
    }

    private static async Task<ReplicaIdle[]> IdleAsync(
        LoadCluster cluster, double seconds, bool collects, CancellationToken cancellationToken)
    {
        var command = new ReplicaCommand { Verb = ReplicaVerb.Idle, Seconds = seconds, Collects = collects };
        ReplicaReply[] replies = await Task.WhenAll(
            cluster.Members.Select(member => member.AskAsync(command, cancellationToken)));
        return [.. replies.Select(static reply => reply.Idle!)];
    }
}
