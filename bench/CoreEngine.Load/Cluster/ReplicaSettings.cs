using System;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Text.Json;

namespace CoreEngine.Load.Cluster;

/// <summary>What a replica's process is told on its command line.</summary>
/// <param name="Replica">From 1.</param>
/// <param name="Directory">Formatted.</param>
/// <param name="Ports">Ports of all replicas on loopback, in the order of their numbers.</param>
/// <param name="QueueBytes">Room of the group's queue.</param>
internal sealed record ReplicaSettings(uint Replica, string Directory, int[] Ports, int QueueBytes)
{
    internal const string Group = "ledger";

    /// <summary>What differs from the default.</summary>
    internal ReplicaShape Shape { get; init; } = new();

    /// <summary>Majority of the replicas.</summary>
    internal int Quorum => (Ports.Length / 2) + 1;

    internal EngineOptions ToOptions(Action<string>? log) => new()
    {
        Replica = Replica,
        Directory = Directory,
        Listen = AddressOf(Replica),
        Peers = [.. Enumerable.Range(1, Ports.Length)
            .Select(static number => (uint)number)
            .Where(number => number != Replica)
            .Select(number => new Peer(number, AddressOf(number)))],
        Join = Shape.IsJoining,
        DiskRing = Shape.Ring,
        Log = log,
    };

    internal GroupOptions ToGroupOptions() => Shape.ToOptions(QueueBytes);

    internal string[] ToArguments() =>
    [
        "--id", Replica.ToString(CultureInfo.InvariantCulture),
        "--directory", Directory,
        "--ports", string.Join(',', Ports),
        "--queue-bytes", QueueBytes.ToString(CultureInfo.InvariantCulture),
        "--shape", JsonSerializer.Serialize(Shape, ReplicaJson.Options),
    ];

    internal IPEndPoint AddressOf(uint replica) => new(IPAddress.Loopback, Ports[(int)replica - 1]);
}
