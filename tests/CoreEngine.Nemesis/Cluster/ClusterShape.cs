using System;
using CoreEngine.Nemesis.Machine;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>How a cluster under test is built.</summary>
internal sealed record ClusterShape
{
    internal int Replicas { get; init; } = 3;

    /// <summary>The network that the replicas live in; null is the machine's loopback device.</summary>
    internal NetworkLab? Network { get; init; }

    /// <summary>Where a replica keeps its data; null is a directory of the scratch directory.</summary>
    internal Func<uint, string>? DataPlace { get; init; }

    /// <summary>The replicas write protocol traces.</summary>
    internal bool IsTraced { get; init; }

    /// <summary>The disk is reached by system calls, which a tracer sees and may let fail: not by io_uring.</summary>
    internal bool AreCallsSeen { get; init; }

    /// <summary>Bytes of a log segment.</summary>
    internal int SegmentBytes { get; init; } = 2 * 1024 * 1024;

    internal int HeartbeatMs { get; init; } = 40;

    internal int ElectionMinMs { get; init; } = 200;

    internal int ElectionMaxMs { get; init; } = 400;

    internal int ProposalTimeoutMs { get; init; } = 800;
}
