using System;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Snapshots;
using CoreEngine.Model;

namespace CoreEngine.IO.Scrub;

/// <summary>Reads parts of files through the ring, one at a time, for somebody who only wants to look.</summary>
/// <remarks>
/// Shard's thread only; its operations are the background's. Past the system's cache where the file system allows it;
/// elsewhere what that cache holds is read, and the medium only after it was forgotten there.
/// </remarks>
internal sealed class ScrubReader : ISnapshotIo
{
    private const int OpenCode = 1;
    private const int ReadCode = 2;
    private const int CloseCode = 3;
    private const int NoFile = -1;

    private readonly SnapshotStore _store;
    private readonly AlignedSlab _slab;
    private readonly int _slot;
    private string _opened = string.Empty;
    private string _name = string.Empty;
    private int _file = NoFile;
    private int _wanted;
    private bool _isUnderWay;

    internal ScrubReader(SnapshotStore store, int windowBytes)
    {
        _store = store;
        _slab = store.NewSlab(windowBytes);
        _slot = store.Register(this);
    }

    /// <summary>Something is under way: ask again after the next events.</summary>
    internal bool IsBusy { get; private set; }

    /// <summary>Where in the file the bytes stand.</summary>
    internal long Offset { get; private set; }

    /// <summary>What was asked for, as far as the file holds it; nothing when it cannot be read.</summary>
    internal ReadOnlySpan<byte> Bytes => _slab.GetSpan()[..Length];

    /// <summary>How many.</summary>
    internal int Length { get; private set; }

    /// <summary>Bytes that were asked of the medium since the start.</summary>
    internal long BytesRead { get; private set; }

    /// <summary>Starts to read; nothing may be under way.</summary>
    /// <param name="name">In the data directory.</param>
    /// <param name="offset">A multiple of 4 KiB.</param>
    /// <param name="length">Another, not above the window.</param>
    internal void Read(string name, long offset, int length)
    {
        Invariant.Holds(!IsBusy);
        Invariant.Holds(length <= _slab.Length);
        (_name, Offset, _wanted, Length) = (name, offset, length, 0);
        IsBusy = true;
        Pump();
    }

    /// <summary>The pass is over, or another file may stand under the name: the file is closed.</summary>
    internal void Release()
    {
        Invariant.Holds(!IsBusy);
        _name = string.Empty;
        Length = 0;
        IsBusy = _file != NoFile;
        Pump();
    }

    public void OnEvent(int code, int result)
    {
        _isUnderWay = false;
        switch (code)
        {
            case OpenCode:
                _file = result >= 0 ? result : NoFile;
                _opened = _name;
                IsBusy = result >= 0;
                break;
            case ReadCode:
                Length = int.Clamp(result, 0, _wanted);
                IsBusy = false;
                break;
            default:
                IsBusy = _name.Length > 0;
                break;
        }

        Pump();
    }

    public void Free() => _slab.Free();

    private void Pump()
    {
        if (!IsBusy || _isUnderWay)
        {
            return;
        }

        if (_file != NoFile && _opened != _name)
        {
            int file = _file;
            _file = NoFile;
            Enqueue(new IoOp(IoKind.Close, IoFlags.Background, file, 0, 0, 0), CloseCode);
        }
        else if (_file == NoFile)
        {
            const IoFlags Flags = IoFlags.Direct | IoFlags.ReadOnly | IoFlags.Background;
            Enqueue(new IoOp(IoKind.Open, Flags, 0, 0, 0, 0, _name), OpenCode);
        }
        else
        {
            BytesRead += _wanted;
            Enqueue(new IoOp(IoKind.Read, IoFlags.Background, _file, Offset, _slab.Address, _wanted), ReadCode);
        }
    }

    private void Enqueue(in IoOp op, int code)
    {
        bool queued = _store.TryEnqueue(_slot, in op, code);
        Invariant.Holds(queued);
        _isUnderWay = true;
    }
}
