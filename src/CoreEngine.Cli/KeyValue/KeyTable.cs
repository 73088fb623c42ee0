using System;
using CoreEngine.Model;

namespace CoreEngine.Cli.KeyValue;

/// <summary>
/// Finds blocks by key: open addressing with linear probing; a removal shifts back what follows, so there are no
/// tombstones.
/// </summary>
/// <remarks>Not thread-safe. Doubles at three quarters full: the one operation that is not constant in time.</remarks>
internal sealed class KeyTable
{
    private Slot[] _slots;

    internal KeyTable(int keysExpected)
    {
        uint wanted = (uint)Math.Max(16, keysExpected + (keysExpected / 3) + 1);
        _slots = new Slot[System.Numerics.BitOperations.RoundUpToPowerOf2(wanted)];
    }

    /// <summary>Keys in the table.</summary>
    internal int Count { get; private set; }

    /// <summary>Bytes of the table itself.</summary>
    internal long Bytes => (long)_slots.Length * Slot.Bytes;

    /// <summary>The slot of a key, or -1. Valid until the next insertion or removal.</summary>
    internal int Find(ulong hash, ReadOnlySpan<byte> key, BlockArena arena)
    {
        for (int at = Home(hash); _slots[at].Hash != 0; at = After(at))
        {
            if (_slots[at].Hash == hash && arena.Key(_slots[at].Address).SequenceEqual(key))
            {
                return at;
            }
        }

        return -1;
    }

    /// <summary>Removes all keys; the table keeps its size.</summary>
    internal void Clear()
    {
        System.Array.Clear(_slots);
        Count = 0;
    }

    internal ref Slot At(int slot) => ref _slots[slot];

    /// <summary>Adds a key that is not there.</summary>
    internal void Insert(ulong hash, BlockAddress address, int valueLength)
    {
        Invariant.Holds(hash != 0);
        if ((Count + 1L) * 4 > _slots.Length * 3L)
        {
            Grow();
        }

        Place(new Slot(hash, address, valueLength));
        Count++;
    }

    internal void Remove(int slot)
    {
        Invariant.Holds(_slots[slot].Hash != 0);
        int hole = slot;
        for (int at = After(hole); _slots[at].Hash != 0; at = After(at))
        {
            // Whoever would be reached through the hole moves into it: its home is not behind the hole.
            int distance = (at - Home(_slots[at].Hash)) & (_slots.Length - 1);
            if (distance >= ((at - hole) & (_slots.Length - 1)))
            {
                _slots[hole] = _slots[at];
                hole = at;
            }
        }

        _slots[hole] = default;
        Count--;
    }

    /// <summary>Corrects the address of a block that moved.</summary>
    internal void Relocate(ulong hash, BlockAddress source, BlockAddress target)
    {
        int at = Home(hash);
        while (_slots[at].Address != source || _slots[at].Hash != hash)
        {
            Invariant.Holds(_slots[at].Hash != 0);
            at = After(at);
        }

        _slots[at].Address = target;
    }

    private void Grow()
    {
        Slot[] old = _slots;
        _slots = new Slot[old.Length * 2];
        foreach (Slot slot in old)
        {
            if (slot.Hash != 0)
            {
                Place(slot);
            }
        }
    }

    private void Place(in Slot slot)
    {
        int at = Home(slot.Hash);
        while (_slots[at].Hash != 0)
        {
            at = After(at);
        }

        _slots[at] = slot;
    }

    private int Home(ulong hash) => (int)((hash ^ (hash >> 32)) & (ulong)(_slots.Length - 1));

    private int After(int at) => (at + 1) & (_slots.Length - 1);

    /// <summary>One key. A hash of 0 marks an empty slot.</summary>
    internal struct Slot(ulong hash, BlockAddress address, int valueLength)
    {
        internal const int Bytes = 24;

        internal readonly ulong Hash = hash;
        internal BlockAddress Address = address;
        internal int ValueLength = valueLength;
    }
}
