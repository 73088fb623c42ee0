using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Cli.Commands;
using CoreEngine.Cli.Demo;
using CoreEngine.Cli.Workload;
using CoreEngine.Nemesis.Machine;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>The end of every run: all replicas are killed and started, then judged by what they still know.</summary>
internal static class Judgement
{
    private const int ProcessBase = 100_000_000;
    private const int Batch = 200;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Demands that nothing acknowledged is lost, nothing refused is there, and every answer was right.
    /// </summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="load">Its clients; they are stopped.</param>
    /// <param name="scratch">Where the histories are.</param>
    /// <param name="members">The replicas that must know everything; null means all of them.</param>
    /// <returns>What was found, in one line.</returns>
    /// <exception cref="NemesisException">Names what is wrong.</exception>
    internal static async Task<string> PassAsync(
        NemesisCluster cluster, Load load, Scratch scratch, IReadOnlyList<NemesisReplica>? members = null)
    {
        members ??= cluster.Replicas;
        await load.StopAsync();
        await Task.WhenAll(members.Select(static member => member.KillAsync()));
        await Task.WhenAll(members.Select(static member => member.StartAsync()));
        ReplicaView[] views = await cluster.AtRestAsync(members);
        if (views.Any(view => view.StateDigest != views[0].StateDigest))
        {
            throw new NemesisException(
                "replicas at one index differ: " + string.Join(", ", views.Select(static view => view.StateDigest)));
        }

        foreach (NemesisReplica member in members)
        {
            await VerifyUniqueAsync(cluster, member, load.Book);
        }

        LinearizabilityVerdict verdict = await JudgeHistoryAsync(cluster, load.History, members, scratch);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"linearizable: {verdict.Operations} operations ({verdict.Unknowns} unknown); "
            + $"{load.Book.Acknowledged.Count} acknowledged unique writes there, "
            + $"{load.Book.Refused.Count} refused ones absent, {load.Book.Unknown} unknown; "
            + $"longest silence {load.Book.LongestSilence.TotalMilliseconds:0} ms; "
            + $"all {views.Length} at index {views[0].Applied}");
    }

    /// <summary>Asks one replica for every unique write.</summary>
    internal static async Task VerifyUniqueAsync(NemesisCluster cluster, NemesisReplica replica, WriteBook book)
    {
        var wanted = book.Acknowledged.Select(static one => (one.Key, Value: (string?)one.Value))
            .Concat(book.Refused.Select(static one => (one.Key, Value: (string?)null)));
        using RespConnection connection = await RespConnection.ConnectAsync(
            replica.Client, Patience, default, cluster.Shape.Network is null ? null : cluster.Shape.Network.OpenSocket);
        foreach ((string Key, string? Value)[] batch in wanted.Chunk(Batch))
        {
            foreach ((string key, _) in batch)
            {
                connection.Begin(2);
                connection.Add("GET");
                connection.Add(key);
            }

            await connection.FlushAsync();
            foreach ((string key, string? value) in batch)
            {
                RespReply reply = await connection.ReadAsync();
                if (reply.Type == RespReplyType.Error || reply.String != value)
                {
                    string was = value is null ? "was refused" : "was acknowledged";
                    string found = reply.String ?? "nothing";
                    throw new NemesisException(
                        $"replica {replica.Number}: the write of {key} {was}, but it reads {found}");
                }
            }
        }
    }

    private static async Task<LinearizabilityVerdict> JudgeHistoryAsync(
        NemesisCluster cluster, string history, IReadOnlyList<NemesisReplica> members, Scratch scratch)
    {
        string last = scratch.Sub("history-final.jsonl");
        string[] keys =
            [.. HistoryFiles.Load([history]).Select(static e => e.Key).Distinct().Order(StringComparer.Ordinal)];
        await FinalReads.RecordAsync(
            last,
            keys,
            [.. members.Select(static member => member.Client)],
            ProcessBase,
            default,
            cluster.Shape.Network is null ? null : cluster.Shape.Network.OpenSocket);
        IReadOnlyList<HistoryEvent> events = HistoryFiles.Load([history, last]);
        LinearizabilityVerdict verdict = LinearizabilityChecker.Check(events);
        if (verdict.Verdict == Verdict.Linearizable)
        {
            return verdict;
        }

        string kept = Path.Combine(Scratch.Root, $"history-{scratch.Name[Scratch.Prefix.Length..]}.jsonl");
        HistoryFiles.Save(kept, events);
        throw new NemesisException($"{verdict.Verdict}: {verdict.Explanation}\nthe history is kept in {kept}");
    }
}
