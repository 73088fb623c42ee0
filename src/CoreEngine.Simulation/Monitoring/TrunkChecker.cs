using System.Collections.Generic;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Watches the trunk: what one replica has applied at an index, every replica applies there, through all crashes, with
/// the same state afterwards; what was acknowledged stays; nothing is applied twice.
/// </summary>
internal sealed class TrunkChecker(World world)
{
    private readonly Dictionary<ulong, (ulong Value, ulong Before)> _trunk = [];
    private readonly Dictionary<ulong, ulong> _placed = [];
    private readonly Dictionary<ulong, ulong> _digests = [];
    private readonly (int Life, int Count)[] _seen = new (int, int)[world.Options.Replicas + 1];

    /// <summary>Values whose proposers were told Committed, with their index.</summary>
    internal Dictionary<ulong, ulong> Acknowledged { get; } = [];

    /// <summary>Commands that anybody has applied.</summary>
    internal int Applied => _trunk.Count;

    /// <summary>Compares a replica with what is known.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        IReadOnlyList<(ulong Index, ulong Value)> entries = replica.Machine.Entries;
        ref (int Life, int Count) seen = ref _seen[replica.Number];
        if (seen.Life == replica.Life && seen.Count == entries.Count)
        {
            return;
        }

        int first = seen.Life == replica.Life ? seen.Count : 0;
        for (int i = first; i < entries.Count; i++)
        {
            ulong before = i == 0 ? 0 : entries[i - 1].Index;
            ObserveEntry(replica, entries[i].Index, entries[i].Value, before);
        }

        seen = (replica.Life, entries.Count);
        if (entries.Count > 0 && replica.Machine.DivergesAt == 0)
        {
            ulong last = entries[^1].Index;
            ulong digest = replica.Machine.StateDigest;
            world.Check(
                Monitor.StateDigest,
                _digests.TryAdd(last, digest) || _digests[last] == digest,
                $"replica {replica.Number} has another state after index {last}");
        }
    }

    /// <summary>A proposer was told Committed.</summary>
    internal void Acknowledge(ulong value, in Receipt receipt)
    {
        world.Check(
            Monitor.ReceiptEvidence,
            receipt.Certificate.IsValid,
            $"value {value} was acknowledged without a certificate");
        world.Check(
            Monitor.ReceiptEvidence,
            receipt.Certificate.Index >= receipt.Coordinate.Index,
            $"the certificate of {value} does not cover it");
        world.Check(
            Monitor.ReceiptEvidence,
            !_trunk.TryGetValue(receipt.Coordinate.Index, out (ulong Value, ulong Before) at) || at.Value == value,
            $"value {value} was acknowledged at index {receipt.Coordinate.Index}, where {at.Value} stands");
        world.Check(
            Monitor.Once,
            Acknowledged.TryAdd(value, receipt.Coordinate.Index),
            $"value {value} was acknowledged twice");
    }

    /// <summary>Everything acknowledged stands where its receipt says, at this replica.</summary>
    internal void CheckHolds(SimulatedReplica replica)
    {
        var held = new Dictionary<ulong, ulong>();
        foreach ((ulong index, ulong value) in replica.Machine.Entries)
        {
            world.Check(
                Monitor.Once,
                held.TryAdd(value, index),
                $"replica {replica.Number} applied {value} twice, at {index} again");
        }

        foreach ((ulong value, ulong index) in Acknowledged)
        {
            world.Check(
                Monitor.AcknowledgedStays,
                held.TryGetValue(value, out ulong at) && at == index,
                $"value {value}, acknowledged at index {index}, is missing at replica {replica.Number}");
        }

        world.ThrowIfBroken();
    }

    private void ObserveEntry(SimulatedReplica replica, ulong index, ulong value, ulong before)
    {
        world.Check(
            Monitor.Once,
            index > before,
            $"replica {replica.Number} applied index {index} again, after {before}");
        if (_trunk.TryAdd(index, (value, before)))
        {
            world.Check(
                Monitor.Once,
                _placed.TryAdd(value, index),
                $"value {value} stands twice: at {_placed[value]} and at {index}");
            return;
        }

        (ulong known, ulong knownBefore) = _trunk[index];
        world.Check(
            Monitor.StateMachineSafety,
            known == value,
            $"replica {replica.Number} applied {value} at index {index}, another applied {known}");
        world.Check(
            Monitor.StateMachineSafety,
            knownBefore == before,
            $"replica {replica.Number} applied {index} right after {before}, another after {knownBefore}");
    }
}
