using System;
using System.Collections.Generic;
using System.Net;
using CoreEngine.Model;

namespace CoreEngine.Cli.Config;

/// <summary>
/// The settings of one replica, as the file holds them. Read and checked by <see cref="ReplicaConfigReader"/>.
/// </summary>
internal sealed record ReplicaConfig
{
    /// <summary>This replica's number.</summary>
    internal uint Replica { get; init; }

    /// <summary>The data directory, as an absolute path.</summary>
    internal string Directory { get; init; } = string.Empty;

    /// <summary>The cluster that the directory must belong to; null takes the directory's word.</summary>
    internal ClusterId? Cluster { get; init; }

    /// <summary>Where other replicas reach this one.</summary>
    internal IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Where RESP clients reach this one.</summary>
    internal IPEndPoint Client { get; init; } = new(IPAddress.Loopback, 0);

    internal IReadOnlyList<Peer> Peers { get; init; } = [];

    /// <summary>True: the cluster exists, and this replica waits until 'coreengine admin add' names it.</summary>
    internal bool Join { get; init; }

    internal int HeartbeatMs { get; init; } = 50;

    internal int ElectionMinMs { get; init; } = 300;

    internal int ElectionMaxMs { get; init; } = 600;

    /// <summary>After this an undecided write is answered -UNKNOWN.</summary>
    internal int ProposalTimeoutMs { get; init; } = 10_000;

    /// <summary>Bytes of a log segment, as the directory was formatted with.</summary>
    internal long SegmentBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Shards, as the directory was formatted with.</summary>
    internal int Shards { get; init; } = 1;

    /// <summary>How the log reaches its disk.</summary>
    internal DiskRing DiskRing { get; init; }

    /// <summary>RESP connections at a time.</summary>
    internal int ConnectionsMax { get; init; } = 1024;

    /// <summary>The engine's options.</summary>
    internal EngineOptions ToEngineOptions(Action<string> log) => new()
    {
        Replica = Replica,
        Directory = Directory,
        Cluster = Cluster,
        Listen = Listen,
        Peers = Peers,
        Join = Join,
        Heartbeat = TimeSpan.FromMilliseconds(HeartbeatMs),
        ElectionMin = TimeSpan.FromMilliseconds(ElectionMinMs),
        ElectionMax = TimeSpan.FromMilliseconds(ElectionMaxMs),
        ProposalTimeout = TimeSpan.FromMilliseconds(ProposalTimeoutMs),
        SegmentBytes = SegmentBytes,
        Shards = Shards,
        DiskRing = DiskRing,
        Log = log,
    };
}
