using System;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Writes new versions of the superblock beside the log's work: copies 0 and 1, then 2 and 3.</summary>
/// <remarks>Shard's thread only; one write under way at a time, the newest wish wins.</remarks>
internal sealed class SuperblockWriter(IIoRing ring, int file, Superblock current) : IDisposable
{
    private const int HalfBytes = Superblock.FileBytes / 2;

    private readonly AlignedSlab _slab = new(Superblock.FileBytes);
    private Superblock _written = current;
    private Superblock _wanted = current;
    private bool _isRunning;

    /// <summary>The half under way or due next: 0 or 1.</summary>
    private int _half;

    /// <summary>A version is being written: its second half is still due.</summary>
    private bool _isBetween;

    internal bool IsRunning => _isRunning;

    /// <summary>The oldest segment, as all four copies on the medium name it.</summary>
    internal ulong DurableOldest { get; private set; } = current.OldestSegment;

    /// <summary>Wants it to be known that segments before this one are gone on purpose.</summary>
    internal void UpdateOldest(ulong oldestSegment)
    {
        Invariant.Holds(oldestSegment >= _wanted.OldestSegment);
        Invariant.Holds(oldestSegment <= _wanted.NewestSegment);
        _wanted = _wanted with { OldestSegment = oldestSegment };
    }

    /// <summary>Wants the newest segment and what is durable to be known.</summary>
    internal void Update(ulong newestSegment, ulong durableLsn)
    {
        Invariant.Holds(newestSegment >= _wanted.NewestSegment);
        Invariant.Holds(durableLsn >= _wanted.DurableLsn);
        _wanted = _wanted with { NewestSegment = newestSegment, DurableLsn = durableLsn };
    }

    internal void Pump()
    {
        if (_isRunning || (!_isBetween && _wanted == _written))
        {
            return;
        }

        if (!_isBetween)
        {
            _wanted = _wanted with { Version = _written.Version + 1 };
            _written = _wanted;
            _written.Write(_slab.GetSpan());
            _isBetween = true;
            _half = 0;
        }

        int offset = _half * HalfBytes;
        var write = new IoOp(IoKind.Write, IoFlags.Durable, file, offset, _slab.Address + offset, HalfBytes);
        _isRunning = ring.TryEnqueue(in write, LogToken.Of(LogTokenKind.Superblock, 0));
    }

    /// <returns>Zero, or the errno of a failure that must stop the log.</returns>
    internal int OnEvent(int result)
    {
        Invariant.Holds(_isRunning);
        _isRunning = false;
        if (result != HalfBytes)
        {
            return result < 0 ? -result : Errno.Io;
        }

        _isBetween = _half == 0;
        DurableOldest = _isBetween ? DurableOldest : _written.OldestSegment;
        _half = 1 - _half;
        Pump();
        return 0;
    }

    /// <summary>Gives the memory back; nothing may be in flight.</summary>
    public void Dispose() => _slab.Free();
}
