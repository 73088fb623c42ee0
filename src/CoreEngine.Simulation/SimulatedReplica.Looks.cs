using System;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Recovery;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation;

/// <summary>What a look from outside tells: of the medium, and of what the loop waits for.</summary>
internal sealed partial class SimulatedReplica
{
    /// <summary>What the medium alone holds of the group: recovered from a copy, the replica untouched.</summary>
    internal RecoveredGroup ReadMedium() => RecoverMedium().Find(1);

    /// <summary>It could open what the medium alone holds, and would find no damage in it.</summary>
    internal bool IsMediumWhole => RecoverMedium(out LogOpenResult result) is var recovery
        && result.Log is not null
        && !recovery.Find(1).IsDamaged;

    /// <summary>
    /// The medium holds the entry's record, voided by a truncation or not: in the turn that truncated it nobody noted
    /// that it had been flushed before.
    /// </summary>
    internal bool HasFlushed(ulong index, ulong term)
    {
        using SimulatedRing ring = RingOverMedium();
        var probe = new RecordProbe(index, term);
        using SegmentedLog? log = SegmentedLog.Open(ring, LogOptionsOf(1), number, world.Cluster, probe).Log;
        return probe.IsFound;
    }

    /// <summary>It knows the lives of all founders, or will when it starts again.</summary>
    internal bool HasFounded => IsRunning ? Core.ConfigEpoch != 0 : RecoverMedium().Find(1).First is not null;

    /// <summary>Which lives of others it has met, or has noted on its medium.</summary>
    internal PeerMemory PeersMet => IsSound ? Loop!.Peers : RecoverMedium().Peers;

    /// <summary>A ring of its own over a copy of what the medium alone holds.</summary>
    internal SimulatedRing RingOverMedium() =>
        new(Disk.OfMedium(), new Prng(number), () => world.Now, new DiskTiming());

    private GroupRecovery RecoverMedium()
    {
        GroupRecovery recovery = RecoverMedium(out LogOpenResult result);
        world.Check(
            Monitor.Recovery, result.Log is not null, $"the medium of replica {number} is refused: {result.Message}");
        return recovery;
    }

    private GroupRecovery RecoverMedium(out LogOpenResult result)
    {
        // Chance of its own: looking must not change what happens.
        using SimulatedRing ring = RingOverMedium();
        var recovery = new GroupRecovery(ChunkBytes, world.Options.SuffixBytes);
        result = SegmentedLog.Open(ring, LogOptionsOf(1), number, world.Cluster, recovery);
        using SegmentedLog? log = result.Log;
        using SnapshotStore snapshots = SnapshotStore.Open(ring, world.Memory.Slabs);
        recovery.Join(snapshots);
        return recovery;
    }

    /// <summary>What it wants a turn for, for people.</summary>
    internal string WhyAwake => string.Create(
        CultureInfo.InvariantCulture,
        $"again {_again}, ring {_ring?.NextEnd}, frame {_transport?.NextArrival}, deadline {_deadline}, "
        + $"now {world.Now}; groups {string.Join(", ", Groups())}; {Core.Role}, {MembersAsSeen}");

    private IEnumerable<string> Groups()
    {
        foreach (GroupRuntime group in Loop!.Groups.ToArray())
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{group.Number}: core {group.Core.Deadline}, all {group.Deadline}, "
                + $"snapshots {group.Snapshots.Deadline}, busy {group.Snapshots.IsBusy}, more {group.Applier.HasMore}");
        }
    }

    /// <summary>Looks for one entry of the first group.</summary>
    private sealed class RecordProbe(ulong index, ulong term) : ILogVisitor
    {
        internal bool IsFound { get; private set; }

        public void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record) =>
            IsFound |= header.Type == RecordType.Entry && header.Group == 1
                && header.Index == index && header.Term == term;

        public void OnDamage(LogDamage damage)
        {
            // What cannot be read bears nothing out.
        }
    }
}
