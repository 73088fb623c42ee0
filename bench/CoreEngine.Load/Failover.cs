using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Load;

/// <summary>Kills the leader under load, again and again, and tells how long no write was accepted.</summary>
internal sealed class Failover(string directory, int rounds, Action<string> print)
{
    private const int Callers = 64;
    private const int Payload = 16;

    private uint _run = 1_000_000;

    /// <summary>Runs all rounds.</summary>
    /// <returns>True when the median is within twice the maximum election timeout and the machines agree at the
    /// end.</returns>
    internal async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(directory);
        try
        {
            string home = Path.Combine(directory, "cluster");
            await using LoadCluster cluster = LoadCluster.Start(home, pendingBytesMax: 0);
            await cluster.ReadyAsync(cancellationToken);
            var times = new List<double>();
            for (int round = 1; round <= rounds; round++)
            {
                double milliseconds = await KillAsync(cluster, round, cancellationToken);
                times.Add(milliseconds);
            }

            return Judge(times, await cluster.CompareAsync(cancellationToken));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static EngineOptions Defaults() => new ReplicaSettings(1, "unused", [1, 2, 3], 0).ToOptions(null);

    private async Task<double> KillAsync(LoadCluster cluster, int round, CancellationToken cancellationToken)
    {
        (ReplicaProcess leader, ReplicaStatus before) = await cluster.LeaderAsync(cancellationToken);
        var load = new ReplicaCommand
        {
            Verb = ReplicaVerb.Load,
            Payload = Payload,
            Outstanding = Callers,
            Run = ++_run,
        };
        await leader.AskAsync(load, cancellationToken);
        ReplicaProcess[] survivors = [.. cluster.Members.Where(member => member != leader)];

        long killed = (long)Stopwatch.GetElapsedTime(0).TotalNanoseconds;
        leader.Kill();
        var probes = new List<Task<ReplicaReply>>();
        foreach (ReplicaProcess survivor in survivors)
        {
            var probe = new ReplicaCommand { Verb = ReplicaVerb.Probe, Run = ++_run, Term = before.Term };
            probes.Add(survivor.AskAsync(probe, cancellationToken));
        }

        ReplicaReply[] replies = await Task.WhenAll(probes);
        double milliseconds = (replies.Min(static reply => reply.At) - killed) / 1e6;
        ReplicaStatus after = replies[0].Status!;
        await cluster.RestartAsync(leader.Replica, cancellationToken);
        string? difference = await cluster.CompareAsync(cancellationToken);
        print(string.Create(
            CultureInfo.InvariantCulture,
            $"{round,3}: leader {leader.Replica} of term {before.Term} killed; "
            + $"a write was accepted after {milliseconds:N1} ms in term {after.Term}; "
            + $"restarted and {difference ?? "caught up"}"));
        return milliseconds;
    }

    private bool Judge(List<double> times, string? difference)
    {
        times.Sort();
        double median = (times[(times.Count - 1) / 2] + times[times.Count / 2]) / 2;
        double limit = 2 * Defaults().ElectionMax.TotalMilliseconds;
        print(string.Create(
            CultureInfo.InvariantCulture,
            $"failover {(median <= limit ? "passed" : "MISSED")}: median of {times.Count} {median:N1} ms "
            + $"({times[0]:N1}-{times[^1]:N1}), wanted at most twice the maximum election timeout, {limit:N0} ms"));
        if (difference is not null)
        {
            print($"BROKEN: {difference}");
        }

        return median <= limit && difference is null;
    }
}
