using System.Collections.Generic;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>A proposal of this replica that stands in its own log as leader.</summary>
internal readonly record struct PendingEntry(ulong Index, ulong Term, ulong Correlation);

/// <summary>Which proposals wait for which index, in the order of the log.</summary>
/// <remarks>
/// A deposed leader's tail may be overwritten while its proposals wait. When it leads again and appends at those
/// indexes, the waiting ones step aside into a list: their entries may yet be committed by somebody else, or another
/// term may take their index, and only an applied entry decides which. Bounded by the number of proposals: one that
/// ended as Unknown gives up its place here when the place is needed.
/// </remarks>
internal sealed class PendingEntries
{
    private PendingEntry[] _ring = [];
    private readonly List<PendingEntry> _aside = [];
    private long _head;
    private long _tail;
    private readonly ProposalSlots _slots;

    internal PendingEntries(ProposalSlots slots)
    {
        Invariant.Holds(BitOperations.IsPow2(slots.Capacity));
        _slots = slots;
    }

    internal int Count => (int)(_tail - _head) + _aside.Count;

    /// <summary>Adds the newest one.</summary>
    internal void Add(in PendingEntry entry)
    {
        if (_tail - _head == _slots.Capacity || _aside.Count >= _slots.Capacity)
        {
            DropEnded();
        }

        if (_tail - _head == _ring.Length)
        {
            Grow();
        }

        while (_tail > _head && Last.Index >= entry.Index)
        {
            _aside.Add(Last);
            _tail--;
        }

        Invariant.Holds(_tail - _head < _ring.Length);
        _ring[(int)(_tail & (_ring.Length - 1))] = entry;
        _tail++;
    }

    /// <summary>
    /// Takes the next one whose index is at or below <paramref name="applied"/>, in rising order, those set aside
    /// first.
    /// </summary>
    internal bool TryTake(ulong applied, out PendingEntry entry)
    {
        if (_aside.Count > 0 && TryTakeAside(applied, out entry))
        {
            return true;
        }

        entry = default;
        if (_tail == _head || _ring[(int)(_head & (_ring.Length - 1))].Index > applied)
        {
            return false;
        }

        entry = _ring[(int)(_head & (_ring.Length - 1))];
        _head++;
        return true;
    }

    /// <summary>Gives its memory back when nobody waits.</summary>
    internal void Rest()
    {
        if (Count == 0)
        {
            _ring = [];
            _aside.Capacity = 0;
        }
    }

    private void Grow()
    {
        var grown = new PendingEntry[int.Min(int.Max(16, 2 * _ring.Length), _slots.Capacity)];
        for (long i = _head; i < _tail; i++)
        {
            grown[(int)(i & (grown.Length - 1))] = _ring[(int)(i & (_ring.Length - 1))];
        }

        _ring = grown;
    }

    private PendingEntry Last => _ring[(int)((_tail - 1) & (_ring.Length - 1))];

    /// <summary>
    /// A proposal that timed out has given its slot to another, while its entry is still not applied; one that was
    /// proposed again waits for its newest copy, whose place in the log answers as well as the earlier ones' would.
    /// </summary>
    private void DropEnded()
    {
        long kept = _head;
        for (long i = _head; i < _tail; i++)
        {
            PendingEntry entry = _ring[(int)(i & (_ring.Length - 1))];
            if (IsWaiting(entry))
            {
                _ring[(int)(kept & (_ring.Length - 1))] = entry;
                kept++;
            }
        }

        _tail = kept;
        _aside.RemoveAll(entry => !IsWaiting(entry));
    }

    private bool IsWaiting(in PendingEntry entry) =>
        _slots.Find(entry.Correlation) is { Stage: ProposalStage.InLog } source
        && source.LastEntry == (entry.Index, entry.Term);

    private bool TryTakeAside(ulong applied, out PendingEntry entry)
    {
        int lowest = -1;
        for (int i = 0; i < _aside.Count; i++)
        {
            if (_aside[i].Index <= applied && (lowest < 0 || _aside[i].Index < _aside[lowest].Index))
            {
                lowest = i;
            }
        }

        entry = lowest < 0 ? default : _aside[lowest];
        if (lowest >= 0)
        {
            _aside.RemoveAt(lowest);
        }

        return lowest >= 0;
    }
}
