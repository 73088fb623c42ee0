using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;
using CoreEngine.Model;
using CoreEngine.Recovery;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation;

/// <summary>What a look at the medium tells, the replica untouched.</summary>
internal sealed partial class SimulatedReplica
{
    /// <summary>What the medium alone holds of the group: recovered from a copy, the replica untouched.</summary>
    internal RecoveredGroup ReadMedium() => RecoverMedium().Find(1);

    /// <summary>It knows the lives of all founders, or will when it starts again.</summary>
    internal bool HasFounded => IsRunning ? Core.ConfigEpoch != 0 : RecoverMedium().Find(1).First is not null;

    /// <summary>A ring of its own over a copy of what the medium alone holds.</summary>
    internal SimulatedRing RingOverMedium() =>
        new(Disk.OfMedium(), new Prng(number), () => world.Now, new DiskTiming());

    private GroupRecovery RecoverMedium()
    {
        // Chance of its own: looking must not change what happens.
        using SimulatedRing ring = RingOverMedium();
        var recovery = new GroupRecovery(ChunkBytes, world.Options.SuffixBytes);
        LogOpenResult result = SegmentedLog.Open(ring, LogOptionsOf(1), number, world.Cluster, recovery);
        using SegmentedLog? log = result.Log;
        using SnapshotStore snapshots = SnapshotStore.Open(ring, world.Memory.Slabs);
        recovery.Join(snapshots);
        world.Check(Monitor.Recovery, log is not null, $"the medium of replica {number} is refused: {result.Message}");
        return recovery;
    }
}
