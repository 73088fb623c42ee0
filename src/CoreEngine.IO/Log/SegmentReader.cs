using System;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Reads the pages of one file after another, in order, with the next window already under way: for open and
/// inspection.
/// </summary>
/// <remarks>
/// Blocking. A page that the medium refuses shows as an empty span; what lies behind the file's end shows as zeroes.
/// </remarks>
internal sealed class SegmentReader : IDisposable
{
    private const int None = -1;

    private readonly BlockingIo _io;
    private readonly int _windowBytes;
    private readonly int _windowPages;
    private readonly AlignedSlab[] _slabs = new AlignedSlab[2];
    private readonly bool[] _bad;
    private int _file = None;
    private int _pages;

    /// <summary>Window that can be looked at, and its slab.</summary>
    private int _window = None;
    private int _current;

    /// <summary>Window that is being read into the other slab.</summary>
    private int _ahead = None;

    /// <param name="windowBytes">Bytes that are read at once; a multiple of 4 KiB.</param>
    /// <param name="slabs">Where the two windows come from; null: the system.</param>
    internal SegmentReader(BlockingIo io, int windowBytes, SlabPool? slabs)
    {
        _io = io;
        _windowBytes = windowBytes;
        _windowPages = windowBytes / LogFormat.PageBytes;
        for (int i = 0; i < _slabs.Length; i++)
        {
            _slabs[i] = new AlignedSlab(windowBytes, slabs);
        }

        _bad = new bool[_windowPages];
    }

    /// <summary>The file ended before its nominal length: it is not to be appended to.</summary>
    internal bool IsShort { get; private set; }

    /// <summary>Turns to another file.</summary>
    internal void Attach(int file, long bytes)
    {
        Detach();
        _file = file;
        _pages = (int)(bytes / LogFormat.PageBytes);
    }

    /// <summary>Waits for what is under way and forgets the file.</summary>
    internal void Detach()
    {
        if (_ahead != None)
        {
            _ = _io.Await();
        }

        _ahead = None;
        _window = None;
        _file = None;
        IsShort = false;
    }

    /// <summary>A page of the file; valid until the next call.</summary>
    internal ReadOnlySpan<byte> Read(int page)
    {
        Invariant.Holds(_file != None);
        Invariant.Holds(page >= 0);
        if (page >= _pages)
        {
            return default;
        }

        int window = page / _windowPages;
        if (window != _window)
        {
            Load(window);
        }

        int place = page % _windowPages;
        return _bad[place] ? default : _slabs[_current].Slice(place * LogFormat.PageBytes, LogFormat.PageBytes);
    }

    public void Dispose()
    {
        Detach();
        foreach (AlignedSlab slab in _slabs)
        {
            slab.Free();
        }
    }

    private void Load(int window)
    {
        if (_ahead != window)
        {
            if (_ahead != None)
            {
                _ = _io.Await();
            }

            StartRead(window, 1 - _current);
        }

        _current = 1 - _current;
        _window = window;
        Settle(_io.Await());
        _ahead = None;
        if ((long)(window + 1) * _windowPages < _pages)
        {
            StartRead(window + 1, 1 - _current);
        }
    }

    private void StartRead(int window, int slab)
    {
        long offset = (long)window * _windowBytes;
        int length = WindowBytesOf(window);
        _io.Start(new IoOp(IoKind.Read, IoFlags.None, _file, offset, _slabs[slab].Address, length));
        _ahead = window;
    }

    private int WindowBytesOf(int window) =>
        Math.Min(_windowPages, _pages - (window * _windowPages)) * LogFormat.PageBytes;

    /// <summary>
    /// Clears what the file did not hold; after a read error finds out page by page what can be read.
    /// </summary>
    private void Settle(int result)
    {
        Array.Clear(_bad);
        int wanted = WindowBytesOf(_window);
        if (result >= 0)
        {
            IsShort |= result < wanted;
            _slabs[_current].Slice(result, _windowBytes - result).Clear();
            return;
        }

        for (int place = 0; place < wanted / LogFormat.PageBytes; place++)
        {
            int start = place * LogFormat.PageBytes;
            int one = _io.Run(new IoOp(
                IoKind.Read,
                IoFlags.None,
                _file,
                ((long)_window * _windowBytes) + start,
                _slabs[_current].Address + start,
                LogFormat.PageBytes));
            _bad[place] = one < 0;
            if (one is >= 0 and < LogFormat.PageBytes)
            {
                IsShort = true;
                _slabs[_current].Slice(start + one, LogFormat.PageBytes - one).Clear();
            }
        }
    }
}
