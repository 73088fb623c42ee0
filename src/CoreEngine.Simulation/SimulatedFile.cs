using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>
/// A file as a disk with a volatile cache keeps it: what a reader sees, and what a power cut would leave.
/// </summary>
internal sealed class SimulatedFile(PageArena arena)
{
    /// <summary>A write reaches the medium whole or by sectors of this size, never by less.</summary>
    internal const int SectorBytes = 512;

    /// <summary>The unit in which the medium remembers what was written.</summary>
    internal const int PageBytes = PageArena.PageBytes;

    private readonly List<(long Offset, int Length)> _dirty = [];
    private readonly PageMap _cache = new(arena);
    private readonly PageMap _medium = new(arena);

    internal long Length => _cache.Length;

    /// <summary>Reads what a running process sees.</summary>
    internal int Read(long offset, Span<byte> target)
    {
        if (offset >= _cache.Length)
        {
            return 0;
        }

        int length = (int)long.Min(target.Length, _cache.Length - offset);
        _cache.Read(offset, target[..length]);
        return length;
    }

    /// <summary>Writes to the cache only.</summary>
    internal void Write(long offset, ReadOnlySpan<byte> source)
    {
        _cache.Write(offset, source);
        _dirty.Add((offset, source.Length));
    }

    /// <summary>Writes zeroes to the cache only.</summary>
    internal void Zero(long offset, int length)
    {
        _cache.Zero(offset, length);
        _dirty.Add((offset, length));
    }

    /// <summary>Writes through to the medium.</summary>
    internal void WriteDurably(long offset, ReadOnlySpan<byte> source)
    {
        _cache.Write(offset, source);
        _medium.Grow(_cache.Length);
        _medium.CopyFrom(_cache, offset, source.Length);
    }

    /// <summary>A lie beyond the contract: says durable, reaches the cache only; a power cut loses it all.</summary>
    internal void PretendDurably(long offset, ReadOnlySpan<byte> source) => _cache.Write(offset, source);

    /// <summary>All of the cache is on the medium.</summary>
    internal void Sync()
    {
        _medium.Grow(_cache.Length);
        foreach ((long offset, int length) in _dirty)
        {
            _medium.CopyFrom(_cache, offset, length);
        }

        _dirty.Clear();
    }

    /// <summary>
    /// The power fails while a durable write is under way: some of its sectors are there, in no order.
    /// </summary>
    internal void Tear(long offset, ReadOnlySpan<byte> source, Prng chance)
    {
        _medium.Grow(offset + source.Length);
        int keptOutOf4 = (int)chance.Between(0, 5);
        for (int at = 0; at < source.Length; at += SectorBytes)
        {
            if (chance.Chance(keptOutOf4, 4))
            {
                _medium.Write(offset + at, source.Slice(at, int.Min(SectorBytes, source.Length - at)));
            }
        }
    }

    /// <summary>The power failed: unsynced sectors are there or not; what the medium holds is what remains.</summary>
    internal void PowerCut(Prng chance)
    {
        foreach ((long offset, int length) in _dirty)
        {
            TearCached(offset, length, chance);
        }

        _dirty.Clear();
        _cache.Become(_medium);
    }

    /// <summary>What the medium alone holds at this instant, as a file of its own.</summary>
    internal SimulatedFile OfMedium()
    {
        var copy = new SimulatedFile(arena);
        copy._medium.Become(_medium);
        copy._cache.Become(_medium);
        return copy;
    }

    /// <summary>Adds the offset of every page of the medium that was ever written.</summary>
    internal void AddWritten(List<(SimulatedFile File, long Offset)> pages)
    {
        for (long offset = 0; offset + PageBytes <= long.Min(_medium.Length, _cache.Length); offset += PageBytes)
        {
            if (!_medium.IsHole(offset))
            {
                pages.Add((this, offset));
            }
        }
    }

    /// <summary>Flips one bit on the medium and in the cache: rot.</summary>
    internal void FlipBit(long bit)
    {
        byte mask = (byte)(1 << (int)(bit & 7));
        _medium.Flip(bit >> 3, mask);
        _cache.Flip(bit >> 3, mask);
    }

    private void TearCached(long offset, int length, Prng chance)
    {
        _medium.Grow(offset + length);
        int keptOutOf4 = (int)chance.Between(0, 5);
        for (int at = 0; at < length; at += SectorBytes)
        {
            // Zeroes over zeroes are the same whether they arrive or not.
            bool matters = !_cache.IsHole(offset + at) || !_medium.IsHole(offset + at);
            if (matters && chance.Chance(keptOutOf4, 4))
            {
                _medium.CopyFrom(_cache, offset + at, int.Min(SectorBytes, length - at));
            }
        }
    }
}
