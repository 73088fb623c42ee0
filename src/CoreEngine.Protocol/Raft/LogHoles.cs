using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>Entries of one term that this replica promised to keep and cannot read (CTRL, FAST'18).</summary>
/// <param name="First">First of them.</param>
/// <param name="Last">Last of them.</param>
/// <param name="Term">Their term: with the index it names each entry for ever.</param>
/// <param name="Checksum">Over the checksums of their records, in order.</param>
/// <param name="IsChecked">The checksum is of exactly these entries.</param>
internal readonly record struct Hole(ulong First, ulong Last, ulong Term, uint Checksum, bool IsChecked);

/// <summary>What cannot be read of a log, rising. Empty on a sound medium, and then it costs nothing.</summary>
internal sealed class LogHoles
{
    private readonly List<Hole> _holes = [];

    internal int Count => _holes.Count;

    /// <summary>The hole that is filled first.</summary>
    internal Hole Lowest => _holes[0];

    internal ReadOnlySpan<Hole> All => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_holes);

    /// <summary>Everything up to here can be read: a replica acknowledges and applies no further.</summary>
    internal ulong ReadableLast => _holes.Count == 0 ? ulong.MaxValue : _holes[0].First - 1;

    /// <summary>True when some entry of a range cannot be read.</summary>
    internal bool Touches(ulong first, ulong last)
    {
        foreach (Hole hole in _holes)
        {
            if (hole.First <= last && first <= hole.Last)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds what cannot be read. What was known of it before stays as it is.</summary>
    internal void Add(in Hole hole)
    {
        Invariant.Holds(hole.First > 0);
        Invariant.Holds(hole.First <= hole.Last);
        int place = 0;
        while (place < _holes.Count && _holes[place].First < hole.First)
        {
            place++;
        }

        Invariant.Holds(!Touches(hole.First, hole.Last));
        _holes.Insert(place, hole);
    }

    /// <summary>The entries can be read again, or stand in a snapshot: they need not be asked for.</summary>
    internal void Fill(ulong first, ulong last)
    {
        for (int i = _holes.Count - 1; i >= 0; i--)
        {
            Hole hole = _holes[i];
            if (hole.First > last || first > hole.Last)
            {
                continue;
            }

            _holes.RemoveAt(i);
            if (hole.Last > last)
            {
                _holes.Insert(i, hole with { First = last + 1, IsChecked = false });
            }

            if (hole.First < first)
            {
                _holes.Insert(i, hole with { Last = first - 1, IsChecked = false });
            }
        }
    }

    /// <summary>Everything above is void, readable or not.</summary>
    internal void TruncateTo(ulong index)
    {
        if (_holes.Count > 0)
        {
            Fill(index + 1, ulong.MaxValue);
        }
    }
}
