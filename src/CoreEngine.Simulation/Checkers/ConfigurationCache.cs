using System;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Checkers;

/// <summary>The configurations that a search has entered: a set with dominance, in one block of memory.</summary>
/// <remarks>
/// A configuration is (state, operations placed, unknown operations spent). One with the same state and the same
/// operations placed that spent a part of what another spent can do all that the other can: the other need not be
/// entered. Layout of an item: hash | next item, words | low, state | words of the bitset | spent count | spent (class,
/// count)... Reused from key to key; not thread-safe.
/// </remarks>
internal sealed class ConfigurationCache
{
    private const int HeaderWords = 3;

    private ulong[] _items = new ulong[4096];

    /// <summary>Place of the first item of a chain, or -1. The length is a power of two.</summary>
    private int[] _buckets = new int[1024];

    /// <summary>Words of <see cref="_items"/> in use.</summary>
    private int _used;
    private int _count;
    private int _itemWordsMax;

    internal void Reset(long bytesMax)
    {
        _itemWordsMax = (int)Math.Min(bytesMax / sizeof(ulong), Array.MaxLength);
        _used = 0;
        _count = 0;
        _buckets.AsSpan().Fill(-1);
    }

    /// <summary>Adds a configuration.</summary>
    /// <param name="state">The state of the register, and whether the next operation must observe it.</param>
    /// <param name="low">Lowest operation not yet placed.</param>
    /// <param name="words">Which operations are placed, from the word of <paramref name="low"/> to that of the highest
    /// one.</param>
    /// <param name="spent">Unknown operations spent by class, ascending: class in the high half, count in the low
    /// half.</param>
    /// <returns>Added, or Dominated when one that is no worse is here, or Full when the bound is reached.</returns>
    internal CacheResult TryAdd(int state, int low, ReadOnlySpan<ulong> words, ReadOnlySpan<ulong> spent)
    {
        ulong place = Pack(low, state);
        ulong hash = Hash(place, words);
        for (int item = _buckets[Bucket(hash)]; item >= 0; item = Next(item))
        {
            if (_items[item] == hash && Matches(item, place, words) && IsWithin(Spent(item), spent))
            {
                return CacheResult.Dominated;
            }
        }

        int size = HeaderWords + words.Length + 1 + spent.Length;
        if (!TryReserve(size))
        {
            return CacheResult.Full;
        }

        int at = _used;
        int bucket = Bucket(hash);
        _items[at] = hash;
        _items[at + 1] = Pack(_buckets[bucket], words.Length);
        _items[at + 2] = place;
        words.CopyTo(_items.AsSpan(at + HeaderWords));
        _items[at + HeaderWords + words.Length] = (ulong)spent.Length;
        spent.CopyTo(_items.AsSpan(at + HeaderWords + words.Length + 1));
        _buckets[bucket] = at;
        _used += size;
        _count++;
        return CacheResult.Added;
    }

    private bool TryReserve(int size)
    {
        if (_used + (long)size > _itemWordsMax)
        {
            return false;
        }

        if (_used + size > _items.Length)
        {
            long grown = Math.Min(Math.Max(_items.Length * 2L, _used + size), _itemWordsMax);
            Array.Resize(ref _items, (int)grown);
        }

        if (_count >= _buckets.Length)
        {
            Rehash();
        }

        return true;
    }

    private void Rehash()
    {
        _buckets = new int[_buckets.Length * 2];
        _buckets.AsSpan().Fill(-1);
        for (int item = 0; item < _used; item += Size(item))
        {
            int bucket = Bucket(_items[item]);
            _items[item + 1] = Pack(_buckets[bucket], Words(item));
            _buckets[bucket] = item;
        }
    }

    private bool Matches(int item, ulong place, ReadOnlySpan<ulong> words) =>
        _items[item + 2] == place && _items.AsSpan(item + HeaderWords, Words(item)).SequenceEqual(words);

    /// <summary>True when the first spent no more of any class than the second.</summary>
    private static bool IsWithin(ReadOnlySpan<ulong> less, ReadOnlySpan<ulong> more)
    {
        int m = 0;
        foreach (ulong item in less)
        {
            while (m < more.Length && (more[m] >> 32) < (item >> 32))
            {
                m++;
            }

            if (m == more.Length || (more[m] >> 32) != (item >> 32) || more[m] < item)
            {
                return false;
            }
        }

        return true;
    }

    private static ulong Hash(ulong place, ReadOnlySpan<ulong> words)
    {
        unchecked
        {
            ulong hash = Mix(place);
            foreach (ulong word in words)
            {
                hash = Mix(hash ^ word);
            }

            return hash;
        }
    }

    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z += 0x9E3779B97F4A7C15;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    private int Bucket(ulong hash) => (int)(hash & (ulong)(_buckets.Length - 1));

    private static ulong Pack(int high, int low) => unchecked(((ulong)(uint)high << 32) | (uint)low);

    private int Next(int item) => unchecked((int)(_items[item + 1] >> 32));

    private int Words(int item) => unchecked((int)(uint)_items[item + 1]);

    private int Size(int item) => HeaderWords + Words(item) + 1 + Spent(item).Length;

    private ReadOnlySpan<ulong> Spent(int item)
    {
        int at = item + HeaderWords + Words(item);
        Invariant.Holds(at < _used);
        return _items.AsSpan(at + 1, (int)_items[at]);
    }
}

/// <summary>What became of an addition.</summary>
internal enum CacheResult
{
    Added,
    Dominated,
    Full,
}
