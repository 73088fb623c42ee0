using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>
/// Bytes of a sparse file: a page that was never written costs nothing and reads as zeroes; a page that two maps hold
/// alike is one page until either writes to it.
/// </summary>
internal sealed class PageMap(PageArena arena)
{
    private const int PageBytes = PageArena.PageBytes;
    private const int Hole = 0;

    /// <summary>Marks a number whose page another map may hold as well: it is replaced, never changed.</summary>
    private const int Shared = int.MinValue;

    private readonly List<int> _pages = [];

    /// <summary>Bytes; never falls but by <see cref="Become"/>.</summary>
    internal long Length { get; private set; }

    /// <summary>The page that holds this byte was never written.</summary>
    internal bool IsHole(long offset) => NumberAt(offset) == Hole;

    internal void Grow(long length)
    {
        Length = long.Max(Length, length);
        while ((long)_pages.Count * PageBytes < Length)
        {
            _pages.Add(Hole);
        }
    }

    internal void Read(long offset, Span<byte> target)
    {
        Invariant.Holds(offset + target.Length <= Length);
        while (!target.IsEmpty)
        {
            int at = (int)(offset % PageBytes);
            int length = int.Min(PageBytes - at, target.Length);
            if (IsHole(offset))
            {
                target[..length].Clear();
            }
            else
            {
                PageAt(offset).Slice(at, length).CopyTo(target);
            }

            target = target[length..];
            offset += length;
        }
    }

    internal void Write(long offset, ReadOnlySpan<byte> source)
    {
        Grow(offset + source.Length);
        while (!source.IsEmpty)
        {
            int at = (int)(offset % PageBytes);
            int length = int.Min(PageBytes - at, source.Length);
            source[..length].CopyTo(Own(offset, length < PageBytes)[at..]);
            source = source[length..];
            offset += length;
        }
    }

    internal void Zero(long offset, int length)
    {
        Grow(offset + length);
        for (long end = offset + length; offset < end;)
        {
            int at = (int)(offset % PageBytes);
            int part = (int)long.Min(PageBytes - at, end - offset);
            if (part == PageBytes)
            {
                _pages[(int)(offset / PageBytes)] = Hole;
            }
            else if (!IsHole(offset))
            {
                Own(offset, true).Slice(at, part).Clear();
            }

            offset += part;
        }
    }

    /// <summary>Takes a range over from another map of the same arena.</summary>
    internal void CopyFrom(PageMap other, long offset, int length)
    {
        Grow(offset + length);
        for (long end = offset + length; offset < end;)
        {
            int at = (int)(offset % PageBytes);
            int part = (int)long.Min(PageBytes - at, end - offset);
            if (part == PageBytes)
            {
                _pages[(int)(offset / PageBytes)] = other.Share((int)(offset / PageBytes));
            }
            else if (other.IsHole(offset))
            {
                Zero(offset, part);
            }
            else
            {
                other.PageAt(offset).Slice(at, part).CopyTo(Own(offset, true)[at..]);
            }

            offset += part;
        }
    }

    /// <summary>Holds exactly what the other map of the same arena holds.</summary>
    internal void Become(PageMap other)
    {
        Length = other.Length;
        _pages.Clear();
        for (int page = 0; page < other._pages.Count; page++)
        {
            _pages.Add(other.Share(page));
        }
    }

    internal void Flip(long offset, byte mask) => Own(offset, true)[(int)(offset % PageBytes)] ^= mask;

    private int NumberAt(long offset)
    {
        int page = (int)(offset / PageBytes);
        return page < _pages.Count ? _pages[page] : Hole;
    }

    private ReadOnlySpan<byte> PageAt(long offset) => arena[NumberAt(offset) & ~Shared];

    /// <summary>The page's number, for another map to hold as well.</summary>
    private int Share(int page)
    {
        if (page >= _pages.Count || _pages[page] == Hole)
        {
            return Hole;
        }

        return _pages[page] |= Shared;
    }

    /// <summary>The page that holds this byte, for this map to change.</summary>
    /// <param name="isKept">What it holds matters; false when all of it is overwritten.</param>
    private Span<byte> Own(long offset, bool isKept)
    {
        int page = (int)(offset / PageBytes);
        int number = _pages[page];
        if (number > Hole)
        {
            return arena[number];
        }

        _pages[page] = arena.Take();
        Span<byte> owned = arena[_pages[page]];
        if (!isKept)
        {
            return owned;
        }

        if (number == Hole)
        {
            owned.Clear();
        }
        else
        {
            arena[number & ~Shared].CopyTo(owned);
        }

        return owned;
    }
}
