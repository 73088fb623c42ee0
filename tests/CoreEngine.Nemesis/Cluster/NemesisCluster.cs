using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Cli.Demo;
using CoreEngine.Model;
using CoreEngine.Nemesis.Machine;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>Replicas in processes of their own, and what an observer may ask of them.</summary>
internal sealed class NemesisCluster : IDisposable
{
    /// <summary>How long a state is waited for before the test fails and names it.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private readonly ClusterShape _shape;
    private readonly ClusterId _cluster = ClusterId.Read(RandomNumberGenerator.GetBytes(ClusterId.Bytes));
    private readonly ReplicaViews _views;

    private NemesisCluster(ClusterShape shape, NemesisReplica[] replicas)
    {
        _shape = shape;
        Replicas = replicas;
        _views = new ReplicaViews(Endpoints, shape.Network is null ? null : shape.Network.OpenSocket);
    }

    internal ClusterShape Shape => _shape;

    internal IReadOnlyList<NemesisReplica> Replicas { get; }

    internal IReadOnlyList<IPEndPoint> Endpoints => [.. Replicas.Select(static replica => replica.Client)];

    /// <summary>Formats the data directories and writes the configurations.</summary>
    internal static NemesisCluster Format(Scratch scratch, ClusterShape shape)
    {
        int[] ports = shape.Network is null
            ? FreePorts.Find(2 * shape.Replicas)
            : [.. Enumerable.Repeat(7100, shape.Replicas), .. Enumerable.Repeat(7200, shape.Replicas)];
        var replicas = new NemesisReplica[shape.Replicas];
        for (int i = 0; i < replicas.Length; i++)
        {
            uint number = (uint)(i + 1);
            IPAddress address = AddressOf(shape, number);
            string place = shape.DataPlace?.Invoke(number) ?? scratch.Path;
            var client = new IPEndPoint(address, ports[shape.Replicas + i]);
            replicas[i] = new NemesisReplica(number, Path.Combine(place, $"data-{number}"), scratch.Path, client)
            {
                Through = shape.Network?.Through(number),
                TraceFile = shape.IsTraced ? Path.Combine(scratch.Path, $"trace-{number}.ndjson") : null,
            };
        }

        var cluster = new NemesisCluster(shape, replicas);
        foreach (NemesisReplica replica in replicas)
        {
            cluster.Format(replica);
            File.WriteAllText(replica.ConfigFile, cluster.Configuration(replica, ports));
        }

        return cluster;
    }

    /// <summary>Formats a replica's directory, which must be empty or missing.</summary>
    internal void Format(NemesisReplica replica) =>
        Engine.Format(replica.DataDirectory, _cluster, replica.Number, _shape.SegmentBytes);

    /// <summary>Starts the replicas that do not run.</summary>
    internal Task StartAllAsync() => Task.WhenAll(
        Replicas.Where(static replica => !replica.IsRunning).Select(static replica => replica.StartAsync()));

    internal Task KillAllAsync() => Task.WhenAll(Replicas.Select(static replica => replica.KillAsync()));

    internal NemesisReplica Replica(uint number) => Replicas[(int)number - 1];

    internal NemesisReplica[] Others(NemesisReplica one) => [.. Replicas.Where(replica => replica != one)];

    /// <summary>The replica that leads and that a majority knows as the leader of its term.</summary>
    /// <param name="otherThan">One that is not meant, such as the leader before.</param>
    internal async Task<NemesisReplica> FindLeaderAsync(NemesisReplica? otherThan = null)
    {
        ReplicaView? found = null;
        await WaitAsync(
            views =>
            {
                found = views.FirstOrDefault(view => view is { IsLeader: true } && view.Replica != otherThan?.Number
                    && views.Count(other => other?.Leader == view.Replica && other.Term == view.Term)
                        > views.Length / 2);
                return found is not null;
            },
            otherThan is null ? "no leader that a majority knows" : $"no leader other than replica {otherThan.Number}");
        return Replica(found!.Replica);
    }

    /// <summary>What one replica says of itself.</summary>
    internal async Task<ReplicaView> ViewAsync(NemesisReplica replica)
    {
        ReplicaView?[] views = await WaitAsync(
            views => views[(int)replica.Number - 1] is not null, $"replica {replica.Number} does not answer");
        return views[(int)replica.Number - 1]!;
    }

    /// <summary>Waits until a replica has applied as much as was committed anywhere when this began.</summary>
    internal async Task CaughtUpAsync(NemesisReplica replica)
    {
        ReplicaView?[] now = await WaitAsync(static _ => true, string.Empty);
        ulong goal = now.Max(static view => view?.Committed ?? 0);
        await WaitAsync(
            views => views[(int)replica.Number - 1] is ReplicaView mine && mine.Applied >= goal,
            $"replica {replica.Number} has not applied index {goal}");
    }

    /// <summary>Waits until these replicas stand still at one index with everything durable and applied.</summary>
    internal async Task<ReplicaView[]> AtRestAsync(IReadOnlyList<NemesisReplica> replicas)
    {
        ReplicaView?[] Pick(ReplicaView?[] views) => [.. replicas.Select(replica => views[(int)replica.Number - 1])];
        ReplicaView?[] found = await WaitAsync(
            all =>
            {
                ReplicaView?[] views = Pick(all);
                return views.Any(static view => view is { IsLeader: true }) && views.All(
                    view => view is not null && view.Applied == views[0]?.Applied && view.Committed == view.Applied
                        && view.Durable == view.Appended && view.Appended == view.Committed
                        && view.StateIndex == views[0]?.StateIndex);
            },
            "the replicas did not come to rest at one index");
        return [.. Pick(found).Select(static view => view!)];
    }

    /// <summary>Looks at the replicas until they are as wanted.</summary>
    /// <param name="wanted">True when they are.</param>
    /// <param name="missing">What the failure says when they are not in time.</param>
    /// <param name="detail">What it says besides, as of then.</param>
    /// <exception cref="NemesisException">They were not in time; says what was missing and what there was.</exception>
    internal async Task<ReplicaView?[]> WaitAsync(
        Predicate<ReplicaView?[]> wanted, string missing, Func<string>? detail = null)
    {
        long deadline = Environment.TickCount64 + (long)Patience.TotalMilliseconds;
        while (true)
        {
            ReplicaView?[] views = await _views.LookAsync();
            if (wanted(views))
            {
                return views;
            }

            if (Environment.TickCount64 > deadline)
            {
                string said = string.Join('\n', Replicas.Select(one => $"replica {one.Number}: {one.Tail()}"));
                throw new NemesisException(
                    $"{missing} within {Patience.TotalSeconds:0} s: {DemoCluster.Describe(views)}"
                    + $"{detail?.Invoke()}\n{said}");
            }

            await Task.Delay(LookEvery);
        }
    }

    public void Dispose()
    {
        _views.Dispose();
        foreach (NemesisReplica replica in Replicas)
        {
            replica.Dispose();
        }
    }

    private static IPAddress AddressOf(ClusterShape shape, uint number) =>
        shape.Network is null ? IPAddress.Loopback : NetworkLab.AddressOf(number);

    private string Configuration(NemesisReplica replica, int[] ports)
    {
        var text = new StringBuilder();
        IFormatProvider invariant = CultureInfo.InvariantCulture;
        IPEndPoint Listen(uint number) => new(AddressOf(_shape, number), ports[number - 1]);
        text.Append(invariant, $"{{ \"replica\": {replica.Number}, \"directory\": \"{replica.DataDirectory}\",\n");
        text.Append(invariant, $"  \"cluster\": \"{_cluster}\", \"listen\": \"{Listen(replica.Number)}\",\n");
        text.Append(invariant, $"  \"client\": \"{replica.Client}\", \"segmentBytes\": {_shape.SegmentBytes},\n");
        text.Append(invariant, $"  \"heartbeatMs\": {_shape.HeartbeatMs}, ");
        text.Append(invariant, $"\"electionMinMs\": {_shape.ElectionMinMs}, ");
        text.Append(invariant, $"\"electionMaxMs\": {_shape.ElectionMaxMs},\n");
        text.Append(invariant, $"  \"diskRing\": \"{(_shape.AreCallsSeen ? "portable" : "auto")}\",\n");
        text.Append(invariant, $"  \"proposalTimeoutMs\": {_shape.ProposalTimeoutMs}, \"peers\": [\n");
        foreach (NemesisReplica other in Others(replica))
        {
            text.Append(
                invariant, $"    {{ \"replica\": {other.Number}, \"address\": \"{Listen(other.Number)}\" }},\n");
        }

        return text.Append("  ] }\n").ToString();
    }
}
