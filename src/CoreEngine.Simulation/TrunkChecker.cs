using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>
/// Watches the trunk: what one replica has applied at an index, every replica applies there, through all crashes;
/// what was acknowledged stays; one leader per term.
/// </summary>
internal sealed class TrunkChecker
{
    private readonly Dictionary<ulong, ulong> _trunk = [];
    private readonly Dictionary<ulong, uint> _leaders = [];
    private readonly Dictionary<(uint Replica, int Life), int> _seen = [];

    /// <summary>Values whose proposers were told Committed, with their index.</summary>
    internal Dictionary<ulong, ulong> Acknowledged { get; } = [];

    /// <summary>Values that anybody has applied.</summary>
    internal int Applied => _trunk.Count;

    /// <summary>Compares a replica with what is known.</summary>
    /// <exception cref="InvalidOperationException">Two replicas disagree.</exception>
    internal void Observe(SimulatedReplica replica)
    {
        if (!replica.IsRunning)
        {
            return;
        }

        if (replica.IsLeader)
        {
            Check(
                _leaders.TryAdd(replica.Status.Term, replica.Number) || _leaders[replica.Status.Term] == replica.Number,
                $"term {replica.Status.Term} has two leaders, {_leaders[replica.Status.Term]} and {replica.Number}");
        }

        IReadOnlyList<(ulong Index, ulong Value)> entries = replica.Machine.Entries;
        (uint, int) life = (replica.Number, replica.Life);
        for (int i = _seen.GetValueOrDefault(life); i < entries.Count; i++)
        {
            (ulong index, ulong value) = entries[i];
            Check(
                _trunk.TryAdd(index, value) || _trunk[index] == value,
                $"replica {replica.Number} applied {value} at index {index}, another applied {_trunk[index]}");
        }

        _seen[life] = entries.Count;
    }

    /// <summary>A proposer was told Committed.</summary>
    internal void Acknowledge(ulong value, in Receipt receipt)
    {
        Check(receipt.Certificate.IsValid, $"value {value} was acknowledged without a certificate");
        Check(receipt.Certificate.Index >= receipt.Coordinate.Index, $"the certificate of {value} does not cover it");
        Acknowledged.Add(value, receipt.Coordinate.Index);
    }

    /// <summary>Everything acknowledged stands where its receipt says, at this replica.</summary>
    internal void CheckHolds(SimulatedReplica replica)
    {
        var held = new Dictionary<ulong, ulong>();
        foreach ((ulong index, ulong value) in replica.Machine.Entries)
        {
            Check(held.TryAdd(value, index), $"replica {replica.Number} applied {value} twice, at {index} again");
        }

        foreach ((ulong value, ulong index) in Acknowledged)
        {
            Check(
                held.TryGetValue(value, out ulong at) && at == index,
                $"value {value}, acknowledged at index {index}, is missing at replica {replica.Number}");
        }
    }

    private static void Check(bool holds, string violation)
    {
        if (!holds)
        {
            throw new InvariantException(violation);
        }
    }
}
