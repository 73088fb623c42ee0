using System;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Exploration;

/// <summary>A set of 64-bit hashes: open addressing, at most two thirds full, grows by doubling.</summary>
internal sealed class VisitedSet
{
    private ulong[] _slots = new ulong[1 << 16];
    private bool _hasZero;

    internal int Count { get; private set; }

    /// <summary>Adds a hash; false when it is there already.</summary>
    internal bool Add(ulong hash)
    {
        if (hash == 0)
        {
            bool isNew = !_hasZero;
            _hasZero = true;
            Count += isNew ? 1 : 0;
            return isNew;
        }

        if ((long)(Count + 1) * 3 > (long)_slots.Length * 2)
        {
            Grow();
        }

        if (!Put(_slots, hash))
        {
            return false;
        }

        Count++;
        return true;
    }

    private static bool Put(ulong[] slots, ulong hash)
    {
        int mask = slots.Length - 1;
        for (int place = (int)(hash & (ulong)mask); ; place = (place + 1) & mask)
        {
            if (slots[place] == hash)
            {
                return false;
            }

            if (slots[place] == 0)
            {
                slots[place] = hash;
                return true;
            }
        }
    }

    private void Grow()
    {
        Invariant.Holds(_slots.Length < Array.MaxLength / 2);
        ulong[] grown = new ulong[_slots.Length * 2];
        foreach (ulong hash in _slots)
        {
            if (hash != 0)
            {
                Put(grown, hash);
            }
        }

        _slots = grown;
    }
}
