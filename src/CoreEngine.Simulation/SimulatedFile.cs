using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>
/// A file as a disk with a volatile cache keeps it: what a reader sees, and what a power cut would leave.
/// </summary>
internal sealed class SimulatedFile
{
    /// <summary>A write reaches the medium whole or by sectors of this size, never by less.</summary>
    internal const int SectorBytes = 512;

    private readonly List<(long Offset, int Length)> _dirty = [];
    private byte[] _cache = [];
    private byte[] _medium = [];

    internal long Length => _cache.Length;

    /// <summary>Reads what a running process sees.</summary>
    internal int Read(long offset, Span<byte> target)
    {
        if (offset >= _cache.Length)
        {
            return 0;
        }

        int length = (int)long.Min(target.Length, _cache.Length - offset);
        _cache.AsSpan((int)offset, length).CopyTo(target);
        return length;
    }

    /// <summary>Writes to the cache only.</summary>
    internal void Write(long offset, ReadOnlySpan<byte> source)
    {
        Grow(ref _cache, offset + source.Length);
        source.CopyTo(_cache.AsSpan((int)offset));
        _dirty.Add((offset, source.Length));
    }

    /// <summary>Writes through to the medium.</summary>
    internal void WriteDurably(long offset, ReadOnlySpan<byte> source)
    {
        Grow(ref _cache, offset + source.Length);
        source.CopyTo(_cache.AsSpan((int)offset));
        Grow(ref _medium, _cache.Length);
        source.CopyTo(_medium.AsSpan((int)offset));
    }

    /// <summary>All of the cache is on the medium.</summary>
    internal void Sync()
    {
        Grow(ref _medium, _cache.Length);
        foreach ((long offset, int length) in _dirty)
        {
            _cache.AsSpan((int)offset, length).CopyTo(_medium.AsSpan((int)offset));
        }

        _dirty.Clear();
    }

    /// <summary>
    /// The power fails while a durable write is under way: some of its sectors are there, in no order.
    /// </summary>
    internal void Tear(long offset, ReadOnlySpan<byte> source, Prng chance)
    {
        Grow(ref _medium, long.Max(_medium.Length, offset + source.Length));
        int keptOutOf4 = (int)chance.Between(0, 5);
        for (int at = 0; at < source.Length; at += SectorBytes)
        {
            if (chance.Chance(keptOutOf4, 4))
            {
                ReadOnlySpan<byte> sector = source.Slice(at, int.Min(SectorBytes, source.Length - at));
                sector.CopyTo(_medium.AsSpan((int)offset + at));
            }
        }
    }

    /// <summary>The power failed: unsynced sectors are there or not; what the medium holds is what remains.</summary>
    internal void PowerCut(Prng chance)
    {
        foreach ((long offset, int length) in _dirty)
        {
            Tear(offset, _cache.AsSpan((int)offset, length), chance);
        }

        _dirty.Clear();
        if (_cache.Length != _medium.Length)
        {
            _cache = new byte[_medium.Length];
        }

        _medium.CopyTo(_cache, 0);
    }

    /// <summary>Flips one bit on the medium and in the cache: rot.</summary>
    internal void FlipBit(long bit)
    {
        byte mask = (byte)(1 << (int)(bit & 7));
        _medium[bit >> 3] ^= mask;
        _cache[bit >> 3] ^= mask;
    }

    private static void Grow(ref byte[] bytes, long length)
    {
        if (bytes.Length < length)
        {
            Array.Resize(ref bytes, (int)length);
        }
    }
}
