using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Tests.Support;

/// <summary>
/// Engines of one cluster in this process, on loopback, each with a directory of its own on a real disk.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly ClusterId Id = new(0xC0DE, 0x1);

    private readonly ScratchDirectory _scratch = new();
    private readonly IPEndPoint[] _addresses;
    private readonly Engine?[] _engines;
    private readonly Group?[] _groups;
    private readonly RecordingMachine?[] _machines;

    private Cluster(int replicas)
    {
        _addresses = FreeAddresses(replicas);
        _engines = new Engine?[replicas];
        _groups = new Group?[replicas];
        _machines = new RecordingMachine?[replicas];
    }

    /// <summary>Changes the options of every engine opened from now on.</summary>
    internal Func<EngineOptions, EngineOptions> Options { get; set; } = static options => options;

    internal GroupOptions GroupOptions { get; set; } = GroupOptions.Raft();

    internal static IPEndPoint FreeAddress() => FreeAddresses(1)[0];

    internal static async Task<Cluster> OpenAsync(
        int replicas,
        Func<EngineOptions, EngineOptions>? options = null,
        int joiners = 0,
        GroupOptions? group = null)
    {
        var cluster = new Cluster(replicas + joiners) { Founders = replicas };
        cluster.Options = options ?? cluster.Options;
        cluster.GroupOptions = group ?? cluster.GroupOptions;
        for (uint replica = 1; replica <= replicas; replica++)
        {
            cluster.Format(replica);
            await cluster.StartAsync(replica);
        }

        return cluster;
    }

    /// <summary>Those from 1 on that found the group; the others are to join it.</summary>
    internal int Founders { get; private init; }

    internal void Format(uint replica) =>
        CoreEngine.Engine.Format(Directory(replica), Id, replica, 1024 * 1024, OptionsOf(replica).Shards);

    internal IPEndPoint Address(uint replica) => _addresses[replica - 1];

    internal string Directory(uint replica) => _scratch.Sub($"r{replica}");

    internal Engine Engine(uint replica) => _engines[replica - 1]!;

    internal Group Group(uint replica) => _groups[replica - 1]!;

    internal Loop.GroupRuntime Runtime(uint replica) => Group(replica).Runtime;

    internal RecordingMachine Machine(uint replica) => _machines[replica - 1]!;

    internal EngineOptions OptionsOf(uint replica) => Options(new EngineOptions
    {
        Replica = replica,
        Directory = Directory(replica),
        Cluster = Id,
        Listen = _addresses[replica - 1],
        SegmentBytes = 1024 * 1024,
        Join = replica > Founders,
        Peers = [.. Enumerable.Range(1, replica > Founders ? 1 : Founders).Where(other => other != replica)
            .Select(other => new Peer((uint)other, _addresses[other - 1]))],
    });

    [SuppressMessage("Reliability", "CA2000", Justification = "the cluster owns the engine")]
    internal async Task StartAsync(uint replica, RecordingMachine? machine = null)
    {
        Engine engine = await CoreEngine.Engine.OpenAsync(OptionsOf(replica));
        _engines[replica - 1] = engine;
        _machines[replica - 1] = machine ?? new RecordingMachine();
        _groups[replica - 1] = await engine.OpenGroupAsync("test", Machine(replica), GroupOptions);
    }

    internal async Task StopAsync(uint replica)
    {
        await Engine(replica).DisposeAsync();
        _engines[replica - 1] = null;
    }

    /// <summary>Proposes until the first proposal commits: from then on there is a leader.</summary>
    internal async Task<uint> LeaderAsync(uint through = 1)
    {
        using var patience = new System.Threading.CancellationTokenSource(Patience);
        Receipt receipt;
        do
        {
            receipt = await Group(through).ProposeAsync(RecordingMachine.Command(0), patience.Token);
        }
        while (receipt.Outcome != Outcome.Committed);

        return Group(through).Status.Leader;
    }

    /// <summary>Proposes and demands that it commits.</summary>
    internal async Task<Receipt> CommitAsync(ulong head, int length = 8, uint replica = 1)
    {
        Receipt receipt = await Group(replica).ProposeAsync(RecordingMachine.Command(head, length));
        Assert.True(receipt.Outcome == Outcome.Committed, receipt.ToString());
        return receipt;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Engine? engine in _engines)
        {
            if (engine is not null)
            {
                await engine.DisposeAsync();
            }
        }

        _scratch.Dispose();
    }

    /// <summary>
    /// Ports below the range of outgoing connections, one of which could take a port between its finding and its use.
    /// </summary>
    private static IPEndPoint[] FreeAddresses(int count)
    {
        var listeners = new List<TcpListener>();
        while (listeners.Count < count)
        {
            var listener = new TcpListener(IPAddress.Loopback, Random.Shared.Next(10_000, 30_000));
            try
            {
                listener.Start();
                listeners.Add(listener);
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                listener.Dispose();
            }
        }

        IPEndPoint[] addresses = [.. listeners.Select(static listener => (IPEndPoint)listener.LocalEndpoint)];
        listeners.ForEach(static listener => listener.Dispose());
        return addresses;
    }
}
