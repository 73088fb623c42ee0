using System;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Snapshots;

/// <summary>Reads the chunks of a whole snapshot one by one, from any chunk's start on.</summary>
/// <remarks>Shard's thread only. The bytes of a chunk stay until the next <see cref="Read"/>.</remarks>
internal sealed class SnapshotSource : ISnapshotIo
{
    private const int OpenCode = 1;
    private const int ReadCode = 2;
    private const int CloseCode = 3;
    private const int NoFile = -1;

    private readonly SnapshotStore _store;
    private readonly AlignedSlab _slab;
    private readonly int _slot;
    private int _file = NoFile;
    private int _inFlight;
    private int _length;
    private bool _isReading;
    private bool _isClosed;

    internal SnapshotSource(SnapshotStore store, SnapshotFile file)
    {
        _store = store;
        File = file;
        _slab = store.NewSlab();
        _slot = store.Register(this);
        Enqueue(new IoOp(IoKind.Open, IoFlags.ReadOnly | IoFlags.Background, 0, 0, 0, 0, file.Name), OpenCode);
    }

    internal SnapshotFile File { get; }

    /// <summary>Why nothing more can be read; zero while all is well.</summary>
    internal int Errno { get; private set; }

    /// <summary>Where the chunk stands that is held or being read.</summary>
    internal long Offset { get; private set; }

    /// <summary>Open, and no read is under way.</summary>
    internal bool IsReady => _file != NoFile && !_isReading && Errno == 0;

    /// <summary>What the last read brought, from <see cref="Offset"/> on: at least one chunk in a sound
    /// file.</summary>
    internal ReadOnlySpan<byte> Bytes => _slab.GetSpan()[.._length];

    /// <summary>Starts to read at a chunk's start.</summary>
    internal void Read(long offset)
    {
        Invariant.Holds(IsReady);
        Invariant.Holds(offset < File.Manifest.FileBytes);
        Offset = offset;
        _length = 0;
        _isReading = true;
        int length = (int)long.Min(_slab.Length, File.Manifest.FileBytes - offset);
        Enqueue(new IoOp(IoKind.Read, IoFlags.Background, _file, offset, _slab.Address, length), ReadCode);
    }

    /// <summary>Closes the file; the buffer goes when nothing is in flight.</summary>
    internal void Close()
    {
        _isClosed = true;
        Pump();
    }

    public void OnEvent(int code, int result)
    {
        _inFlight--;
        Errno = result < 0 && Errno == 0 ? -result : Errno;
        if (code == OpenCode)
        {
            _file = result >= 0 ? result : NoFile;
        }
        else if (code == ReadCode)
        {
            _isReading = false;
            _length = int.Max(result, 0);
        }

        Pump();
    }

    public void Free() => _slab.Free();

    private void Pump()
    {
        if (!_isClosed || _inFlight > 0)
        {
            return;
        }

        if (_file != NoFile)
        {
            int file = _file;
            _file = NoFile;
            Enqueue(new IoOp(IoKind.Close, IoFlags.Background, file, 0, 0, 0), CloseCode);
            return;
        }

        Free();
        _store.Forget(_slot);
    }

    private void Enqueue(in IoOp op, int code)
    {
        bool queued = _store.TryEnqueue(_slot, in op, code);
        Invariant.Holds(queued);
        _inFlight++;
    }
}
