using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Cli.Demo;

/// <summary>Three replicas in three processes on loopback, each with its own data directory.</summary>
internal sealed class DemoCluster : IDisposable
{
    internal const int ReplicaCount = 3;

    /// <summary>Longest silence of a leader before a replica campaigns: the measure of a failover.</summary>
    internal const int ElectionMaxMs = 600;

    private const int SegmentBytes = 16 * 1024 * 1024;

    /// <summary>Between two looks at the replicas.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(25);

    private readonly ViewSource _views;

    private DemoCluster(ReplicaProcess[] replicas)
    {
        Replicas = replicas;
        _views = new ViewSource(Endpoints);
    }

    internal IReadOnlyList<ReplicaProcess> Replicas { get; }

    internal IReadOnlyList<IPEndPoint> Endpoints => [.. Replicas.Select(static replica => replica.Client)];

    /// <summary>Formats the data directories and writes the configurations.</summary>
    internal static DemoCluster Format(DemoDirectory directory)
    {
        int[] ports = FreePorts.Find(2 * ReplicaCount);
        ClusterId cluster = ClusterId.Read(RandomNumberGenerator.GetBytes(ClusterId.Bytes));
        var replicas = new ReplicaProcess[ReplicaCount];
        for (int i = 0; i < ReplicaCount; i++)
        {
            var client = new IPEndPoint(IPAddress.Loopback, ports[ReplicaCount + i]);
            replicas[i] = new ReplicaProcess(directory, (uint)(i + 1), client);
            Engine.Format(replicas[i].DataDirectory, cluster, replicas[i].Replica, SegmentBytes);
            File.WriteAllText(replicas[i].ConfigFile, Config(replicas[i], cluster, ports));
        }

        return new DemoCluster(replicas);
    }

    /// <summary>Starts the replicas that do not run.</summary>
    internal Task StartAsync() =>
        Task.WhenAll(
            Replicas.Where(static replica => !replica.IsRunning).Select(static replica => replica.StartAsync()));

    /// <summary>The replica that leads, when a majority agrees about it.</summary>
    internal async Task<ReplicaProcess> FindLeaderAsync(TimeSpan patience, CancellationToken stop)
    {
        ReplicaView? found = null;
        await WaitAsync(
            views =>
            {
                found = views.FirstOrDefault(view => view is { IsLeader: true }
                    && views.Count(
                        other => other?.Leader == view.Replica && other.Term == view.Term) > ReplicaCount / 2);
                return found is not null;
            },
            "no leader that a majority knows",
            patience,
            stop);
        return Replicas.First(replica => replica.Replica == found!.Replica);
    }

    /// <summary>Looks at the replicas until they are as wanted.</summary>
    /// <exception cref="DemoException">They were not within the time.</exception>
    internal async Task<ReplicaView?[]> WaitAsync(
        Predicate<ReplicaView?[]> wanted, string otherwise, TimeSpan patience, CancellationToken stop)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            ReplicaView?[] views = await _views.LookAsync();
            if (wanted(views))
            {
                return views;
            }

            if (Environment.TickCount64 > deadline)
            {
                throw new DemoException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{otherwise} within {patience.TotalSeconds:0} s: {Describe(views)}"));
            }

            await Task.Delay(LookEvery, stop);
        }
    }

    /// <summary>Replicas in a few words.</summary>
    internal static string Describe(IEnumerable<ReplicaView?> views) =>
        string.Join("; ", views.Select(static view => view is null
        ? "no answer"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"replica {view.Replica} {view.Role} term {view.Term} E {view.Appended} D {view.Durable} A "
                + $"{view.Applied} C {view.Committed}")));

    public void Dispose()
    {
        _views.Dispose();
        foreach (ReplicaProcess replica in Replicas)
        {
            replica.Dispose();
        }
    }

    private static string Config(ReplicaProcess replica, ClusterId cluster, int[] ports)
    {
        var text = new StringBuilder();
        IFormatProvider invariant = CultureInfo.InvariantCulture;
        text.Append(invariant, $"{{\n  \"replica\": {replica.Replica},\n  \"directory\": "
            + $"\"{Path.GetFileName(replica.DataDirectory)}\",\n");
        text.Append(
            invariant, $"  \"cluster\": \"{cluster}\",\n  \"listen\": \"127.0.0.1:{ports[replica.Replica - 1]}\",\n");
        text.Append(invariant, $"  \"client\": \"{replica.Client}\",\n  \"segmentBytes\": {SegmentBytes},\n");
        text.Append(invariant, $"  \"electionMinMs\": {ElectionMaxMs / 2},\n  \"electionMaxMs\": {ElectionMaxMs},\n");
        text.Append(invariant, $"  \"proposalTimeoutMs\": 2000,\n  \"peers\": [\n");
        for (int other = 1; other <= ReplicaCount; other++)
        {
            if (other != replica.Replica)
            {
                text.Append(
                    invariant, $"    {{ \"replica\": {other}, \"address\": \"127.0.0.1:{ports[other - 1]}\" }},\n");
            }
        }

        return text.Append("  ],\n}\n").ToString();
    }
}
