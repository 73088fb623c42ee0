using System;
using System.Buffers.Binary;
using System.Globalization;

namespace CoreEngine.Load.Cluster;

/// <summary>Values of 16 bytes in pages, at the start filled with noise that does not compress, or with text that
/// does.</summary>
/// <remarks>
/// Copy on write: a page that a view shows is replaced by a copy before it changes, so the view's pages never change.
/// The machine's thread only, the pages of a view aside.
/// </remarks>
internal sealed class PagedState
{
    internal const int ValueBytes = 16;
    internal const int PageBytes = 4096;

    private const int ValuesPerPage = PageBytes / ValueBytes;
    private const ulong Odd = 0x9E37_79B9_7F4A_7C15;

    private byte[][] _pages;
    private bool[] _isShown;
    private View? _view;

    internal PagedState(long bytes, bool isText = false)
    {
        _pages = new byte[(bytes + PageBytes - 1) / PageBytes][];
        _isShown = new bool[_pages.Length];
        var noise = new Random(1);
        foreach (ref byte[] page in _pages.AsSpan())
        {
            page = new byte[PageBytes];
            if (isText)
            {
                FillWithText(page, noise);
            }
            else
            {
                noise.NextBytes(page);
            }
        }
    }

    internal bool IsEmpty => _pages.Length == 0;

    internal UInt128 Read(ulong key)
    {
        (int page, int offset) = PlaceOf(key);
        return BinaryPrimitives.ReadUInt128LittleEndian(_pages[page].AsSpan(offset));
    }

    internal void Write(ulong key, ReadOnlySpan<byte> value)
    {
        (int page, int offset) = PlaceOf(key);
        if (_isShown[page] && _view is { IsEnded: false })
        {
            _pages[page] = _pages[page].AsSpan().ToArray();
            _isShown[page] = false;
        }

        value.CopyTo(_pages[page].AsSpan(offset));
    }

    internal View Capture()
    {
        Array.Fill(_isShown, true);
        return _view = new View([.. _pages]);
    }

    /// <summary>Values as in many a store: a word that all share, and digits that differ.</summary>
    private static void FillWithText(Span<byte> page, Random noise)
    {
        for (int at = 0; at < PageBytes; at += ValueBytes)
        {
            Span<byte> value = page.Slice(at, ValueBytes);
            "account-"u8.CopyTo(value);
            _ = noise.Next(100_000_000).TryFormat(value[8..], out _, "D8", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Takes another state.</summary>
    internal void Replace(byte[][] pages)
    {
        _pages = pages;
        _isShown = new bool[pages.Length];
        _view = null;
    }

    private (int Page, int Offset) PlaceOf(ulong key)
    {
        ulong place = unchecked(key * Odd) % ((ulong)_pages.Length * ValuesPerPage);
        return ((int)(place / ValuesPerPage), (int)(place % ValuesPerPage) * ValueBytes);
    }

    /// <summary>The pages as they were.</summary>
    internal sealed class View(byte[][] pages)
    {
        private volatile bool _isEnded;

        internal ReadOnlySpan<byte[]> Pages => pages;

        internal bool IsEnded => _isEnded;

        /// <summary>Nobody reads it any more: pages need not be copied.</summary>
        internal void End() => _isEnded = true;
    }
}
