using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Load;
using CoreEngine.Load.Cluster;
using CoreEngine.Model;

namespace CoreEngine.Allocation.Tests;

/// <summary>Three engines in this process, on loopback, with real durable writes beside the test's own files.</summary>
internal sealed class LocalCluster : IAsyncDisposable
{
    private const int Replicas = 3;
    private const long LeaderPatienceMs = 30_000;

    private readonly List<Engine> _engines = [];
    private readonly List<Group> _groups = [];
    private readonly string _directory =
        Path.Combine(AppContext.BaseDirectory, $"cluster-{Guid.NewGuid():n}");

    internal LocalCluster() => Directory.CreateDirectory(_directory);

    /// <summary>The group at the replica that leads.</summary>
    internal Group Leader { get; private set; } = null!;

    /// <summary>Opens the engines and waits for a leader.</summary>
    internal async Task OpenAsync(Func<IStateMachine> newMachine)
    {
        await OpenEnginesAsync(newMachine);
        await FindLeaderAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Engine engine in _engines)
        {
            await engine.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private async Task OpenEnginesAsync(Func<IStateMachine> newMachine)
    {
        var cluster = new ClusterId(0x616c6c6f63, 1);
        int[] ports = [.. LoopbackPorts.Take(Replicas).Select(static address => address.Port)];
        for (uint replica = 1; replica <= Replicas; replica++)
        {
            string home = Path.Combine(_directory, $"replica-{replica}");
            Engine.Format(home, cluster, replica);
            var settings = new ReplicaSettings(replica, home, ports, 4 * 1024 * 1024);
            _engines.Add(await Engine.OpenAsync(settings.ToOptions(log: null)));
            _groups.Add(await _engines[^1].OpenGroupAsync(
                ReplicaSettings.Group, newMachine(), settings.ToGroupOptions()));
        }

        if (Medium.Of(_directory).IsMemory)
        {
            throw new IOException($"{_directory} lies in memory: the test needs a disk");
        }
    }

    /// <summary>
    /// A committed proposal tells the term; whoever leads it is the leader. The call itself waits for an election.
    /// </summary>
    private async Task FindLeaderAsync()
    {
        long deadline = Environment.TickCount64 + LeaderPatienceMs;
        Receipt receipt;
        do
        {
            receipt = await _groups[0].ProposeAsync(new byte[16]);
        }
        while (receipt.Outcome != Outcome.Committed && Environment.TickCount64 < deadline);

        ulong term = receipt.Coordinate.LeaderEpoch;
        Leader = _groups.Find(group => group.Status is { Role: "Leader" } status && status.Term >= term)
            ?? throw new IOException($"no leader: {receipt}");
    }
}
