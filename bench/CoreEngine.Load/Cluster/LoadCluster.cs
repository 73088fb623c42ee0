using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>Three replicas, three processes, three directories on one disk.</summary>
internal sealed class LoadCluster : IAsyncDisposable
{
    private const int Replicas = 3;
    private const int QueueBytesMin = 4 * 1024 * 1024;

    private static readonly TimeSpan LeaderPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollPace = TimeSpan.FromMilliseconds(20);

    private readonly List<ReplicaProcess> _replicas;
    private readonly ClusterId _cluster;
    private readonly string _directory;

    private LoadCluster(string directory, ClusterId cluster, List<ReplicaProcess> replicas)
    {
        _cluster = cluster;
        _directory = directory;
        _replicas = replicas;
    }

    /// <summary>The replicas by number, the first is 1.</summary>
    internal IReadOnlyList<ReplicaProcess> Members => _replicas;

    /// <summary>Formats the directories and starts the processes: see <see cref="ReadyAsync"/>.</summary>
    /// <param name="directory">Belongs to this cluster alone; removed at the end.</param>
    /// <param name="pendingBytesMax">Bytes of commands that may wait at a time.</param>
    /// <param name="shape">What the replicas are; null for the default.</param>
    internal static LoadCluster Start(string directory, long pendingBytesMax, ReplicaShape? shape = null)
    {
        byte[] id = RandomNumberGenerator.GetBytes(ClusterId.Bytes);
        ClusterId cluster = ClusterId.Read(id);
        int[] ports = [.. LoopbackPorts.Take(Replicas).Select(static address => address.Port)];
        int queueBytes = (int)BitOperations.RoundUpToPowerOf2((uint)long.Max(QueueBytesMin, 2 * pendingBytesMax));
        var settings = new List<ReplicaSettings>(Replicas);
        for (uint replica = 1; replica <= Replicas; replica++)
        {
            string home = Path.Combine(directory, $"replica-{replica}");
            Engine.Format(home, cluster, replica);
            settings.Add(new ReplicaSettings(replica, home, ports, queueBytes) { Shape = shape ?? new() });
        }

        return new LoadCluster(directory, cluster, [.. settings.Select(ReplicaProcess.Start)]);
    }

    /// <summary>Waits until every replica has opened its engine.</summary>
    internal async Task ReadyAsync(CancellationToken cancellationToken)
    {
        foreach (ReplicaProcess replica in _replicas)
        {
            await replica.ReceiveAsync(cancellationToken);
        }
    }

    /// <summary>Starts an empty replica that no group knows yet; it is a member of this cluster from here on.</summary>
    internal async Task<ReplicaProcess> JoinAsync(CancellationToken cancellationToken)
    {
        ReplicaSettings first = _replicas[0].Settings;
        uint number = (uint)_replicas.Count + 1;
        string home = Path.Combine(_directory, $"replica-{number}");
        Engine.Format(home, _cluster, number);
        ReplicaSettings settings = first with
        {
            Replica = number,
            Directory = home,
            Ports = [.. first.Ports, LoopbackPorts.Take(1)[0].Port],
            Shape = first.Shape with { IsJoining = true },
        };
        var joiner = ReplicaProcess.Start(settings);
        _replicas.Add(joiner);
        await joiner.ReceiveAsync(cancellationToken);
        return joiner;
    }

    /// <summary>Waits until the running replicas agree on a leader.</summary>
    internal async Task<(ReplicaProcess Leader, ReplicaStatus Status)> LeaderAsync(CancellationToken cancellationToken)
    {
        using var pace = new PeriodicTimer(PollPace);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(LeaderPatience);
        var question = new ReplicaCommand { Verb = ReplicaVerb.Status };
        var seen = new List<ReplicaStatus>();
        do
        {
            seen.Clear();
            foreach (ReplicaProcess replica in _replicas.Where(static replica => replica.IsRunning))
            {
                ReplicaReply reply = await replica.AskAsync(question, cancellationToken);
                seen.Add(Checked(replica, reply.Status!));
            }

            ReplicaStatus? leader = seen.Find(static status => status.Role == "Leader");
            if (leader is not null
                && seen.TrueForAll(status => status.Term == leader.Term && status.Leader == leader.Leader))
            {
                return (_replicas[(int)leader.Leader - 1], leader);
            }
        }
        while (await WaitAsync(pace, patience.Token));

        throw new IOException($"no leader within {LeaderPatience.TotalSeconds} s: {string.Join("; ", seen)}");
    }

    /// <summary>
    /// Waits until all running replicas have applied what the leader has committed, and compares their machines.
    /// </summary>
    /// <returns>What differs; null when nothing does.</returns>
    internal async Task<string?> CompareAsync(CancellationToken cancellationToken)
    {
        (ReplicaProcess leader, _) = await LeaderAsync(cancellationToken);
        var question = new ReplicaCommand { Verb = ReplicaVerb.Boundaries };
        ulong[] committed = (await leader.AskAsync(question, cancellationToken)).Indexes!;
        var ledgers = new List<ReplicaLedger>();
        foreach (ReplicaProcess replica in _replicas.Where(static replica => replica.IsRunning))
        {
            var command = new ReplicaCommand { Verb = ReplicaVerb.Ledger, Indexes = committed };
            ledgers.Add((await replica.AskAsync(command, cancellationToken)).Ledger!);
        }

        ReplicaLedger first = ledgers[0];
        bool equal = ledgers.TrueForAll(ledger =>
            ledger.Count == first.Count && ledger.Digest == first.Digest && ledger.Index == first.Index);
        return equal ? null : $"the machines differ: {string.Join("; ", ledgers)}";
    }

    /// <summary>Starts a killed replica again on its directory.</summary>
    /// <returns>What it says when it has opened.</returns>
    internal async Task<ReplicaReply> RestartAsync(uint replica, CancellationToken cancellationToken)
    {
        ReplicaProcess dead = _replicas[(int)replica - 1];
        Invariant.Holds(!dead.IsRunning);
        await dead.DisposeAsync();
        _replicas[(int)replica - 1] = ReplicaProcess.Start(dead.Settings);
        return await _replicas[(int)replica - 1].ReceiveAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_replicas.Select(static replica => replica.DisposeAsync().AsTask()));
        Directory.Delete(_directory, recursive: true);
    }

    private static ReplicaStatus Checked(ReplicaProcess replica, ReplicaStatus status) =>
        status.Fault is null ? status : throw new IOException($"replica {replica.Replica} has stopped: {status.Fault}");

    private static async Task<bool> WaitAsync(PeriodicTimer pace, CancellationToken patience)
    {
        try
        {
            return await pace.WaitForNextTickAsync(patience);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
