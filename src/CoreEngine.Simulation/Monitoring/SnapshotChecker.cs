using System.Linq;
using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Snapshots and trim: T never passes a snapshot that is whole on the medium, a snapshot holds nothing beyond D and C,
/// its term is the committed one, and a log never begins behind its snapshot.
/// </summary>
internal sealed class SnapshotChecker(World world)
{
    private readonly (int Life, ulong Trimmed, long Taken, long Restored, long Installed, ulong Dropped)[] _seen =
        new (int, ulong, long, long, long, ulong)[world.Options.Replicas + 1];

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        GroupRuntime group = replica.Runtime;
        (int life, ulong trimmed, long taken, long restored, long installed, ulong dropped) = _seen[replica.Number];
        bool isNew = life != replica.Life;
        (taken, restored, installed, dropped) = isNew ? (0, 0, 0, 0) : (taken, restored, installed, dropped);
        var now = (replica.Life, group.Frontiers.Trimmed, group.Snapshots.Taken, group.Snapshots.Restored,
            group.Snapshots.Installed, replica.Loop!.Log.SegmentsDropped);
        _seen[replica.Number] = now;
        if (now.Trimmed != 0 && (isNew || now.Trimmed != trimmed))
        {
            CheckTrim(replica, now.Trimmed);
        }

        if (now.Taken > taken)
        {
            CheckTaken(replica);
        }

        RareStates rare = world.Monitors.Rare;
        rare.Sometimes(RareState.SnapshotTaken, now.Taken > taken);
        rare.Sometimes(RareState.SegmentGivenUp, now.SegmentsDropped > dropped);
        bool isInstalled = now.Installed > installed;
        rare.Sometimes(RareState.SnapshotRestoredAtStart, now.Restored > restored && !isInstalled);
        rare.Sometimes(RareState.SnapshotInstalled, isInstalled);
    }

    /// <summary>A replica crashes.</summary>
    internal void Crashed(SimulatedReplica replica) => world.Monitors.Rare.Sometimes(
        RareState.CrashWithSnapshotHalfMade, replica.Disk.Names.Any(SnapshotFormat.IsHalfMade));

    private void CheckTrim(SimulatedReplica replica, ulong trimmed)
    {
        if (replica.Disk.Mishaps.IsHarmed)
        {
            return;
        }

        using SimulatedRing ring = replica.RingOverMedium();
        using SnapshotStore store = SnapshotStore.Open(ring, world.Memory.Slabs, isReadOnly: true);
        ulong held = store.Newest(1)?.Manifest.Index ?? 0;
        world.Check(
            Monitor.TrimProof,
            held >= trimmed,
            $"replica {replica.Number} has given up its log to {trimmed}, its medium holds a snapshot of {held}");
    }

    private void CheckTaken(SimulatedReplica replica)
    {
        if (replica.Runtime.Snapshots.LastTaken is not { } file)
        {
            return;
        }

        SnapshotManifest manifest = file.Manifest;
        world.Check(
            Monitor.SnapshotDurable,
            manifest.Index <= replica.Runtime.Frontiers.Durable && manifest.Index <= replica.Core.CommitIndex,
            $"replica {replica.Number} took a snapshot of {manifest.Index} at {replica.Runtime.Frontiers.Values}");
        world.Check(
            Monitor.LogMatching,
            world.Monitors.Prefix.TermAt(manifest.Index) == manifest.Term,
            $"replica {replica.Number}'s snapshot says that index {manifest.Index} has term {manifest.Term}");
    }
}
