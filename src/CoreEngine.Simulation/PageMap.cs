using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>Bytes of a sparse file: a page that was never written costs nothing and reads as zeroes.</summary>
internal sealed class PageMap
{
    private const int PageBytes = 4096;

    private readonly List<byte[]?> _pages = [];

    /// <summary>Bytes; never falls but by <see cref="Become"/>.</summary>
    internal long Length { get; private set; }

    /// <summary>The page that holds this byte was never written.</summary>
    internal bool IsHole(long offset) => PageOrNull(offset) is null;

    internal void Grow(long length)
    {
        Length = long.Max(Length, length);
        while ((long)_pages.Count * PageBytes < Length)
        {
            _pages.Add(null);
        }
    }

    internal void Read(long offset, Span<byte> target)
    {
        Invariant.Holds(offset + target.Length <= Length);
        while (!target.IsEmpty)
        {
            int at = (int)(offset % PageBytes);
            int length = int.Min(PageBytes - at, target.Length);
            if (PageOrNull(offset) is { } page)
            {
                page.AsSpan(at, length).CopyTo(target);
            }
            else
            {
                target[..length].Clear();
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
            source[..length].CopyTo(Page(offset).AsSpan(at));
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
                _pages[(int)(offset / PageBytes)] = null;
            }
            else
            {
                PageOrNull(offset)?.AsSpan(at, part).Clear();
            }

            offset += part;
        }
    }

    /// <summary>Takes a range over from another map.</summary>
    internal void CopyFrom(PageMap other, long offset, int length)
    {
        for (long end = offset + length; offset < end;)
        {
            int at = (int)(offset % PageBytes);
            int part = (int)long.Min(PageBytes - at, end - offset);
            if (other.PageOrNull(offset) is { } page)
            {
                Write(offset, page.AsSpan(at, part));
            }
            else
            {
                Zero(offset, part);
            }

            offset += part;
        }
    }

    /// <summary>Holds exactly what the other map holds, in memory of its own.</summary>
    internal void Become(PageMap other)
    {
        Length = other.Length;
        _pages.Clear();
        foreach (byte[]? page in other._pages)
        {
            _pages.Add(page?.AsSpan().ToArray());
        }
    }

    internal void Flip(long offset, byte mask) => Page(offset)[offset % PageBytes] ^= mask;

    private byte[]? PageOrNull(long offset)
    {
        int page = (int)(offset / PageBytes);
        return page < _pages.Count ? _pages[page] : null;
    }

    private byte[] Page(long offset) => _pages[(int)(offset / PageBytes)] ??= new byte[PageBytes];
}
