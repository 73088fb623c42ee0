using CoreEngine.Model;

namespace CoreEngine.Load.Cluster;

/// <summary>What the replicas of a row are, where that is not the default: the same for all of a cluster.</summary>
internal sealed record ReplicaShape
{
    /// <summary>Groups per replica; the first has number 1.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Bytes of state beside the counts, for snapshots and for queries; 0 for none.</summary>
    public long StateBytes { get; init; }

    /// <summary>The state is text, which compresses; else noise, which does not.</summary>
    public bool IsStateText { get; init; }

    /// <summary>Allows reads by lease.</summary>
    public bool HasLease { get; init; }

    /// <summary>When a proposal is acknowledged.</summary>
    public Durability Durability { get; init; } = Durability.QuorumDurable;

    /// <summary>Snapshots are taken when the row asks for them, and at no other time.</summary>
    public bool SnapshotsOnDemand { get; init; }

    /// <summary>Bytes per second of snapshots sent; 0 for the default.</summary>
    public long SendBytesPerSecond { get; init; }

    /// <summary>How the log reaches the disk.</summary>
    public DiskRing Ring { get; init; }

    /// <summary>Begins outside the cluster and is added to it.</summary>
    public bool IsJoining { get; init; }

    internal GroupOptions ToOptions(int queueBytes)
    {
        var snapshots = new SnapshotOptions();
        if (SnapshotsOnDemand)
        {
            snapshots = snapshots with { LogBytes = 0, Age = default, KeptLogBytes = 0 };
        }

        if (SendBytesPerSecond > 0)
        {
            snapshots = snapshots with { SendBytesPerSecond = SendBytesPerSecond };
        }

        return GroupOptions.Raft() with
        {
            QueueBytes = queueBytes,
            Durability = Durability,
            Lease = HasLease ? new LeaseOptions() : null,
            Snapshots = snapshots,
        };
    }
}
