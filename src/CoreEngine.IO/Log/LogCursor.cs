using System;
using System.Globalization;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>What a cursor can do next.</summary>
internal enum CursorState : byte
{
    /// <summary>Not positioned, or closed.</summary>
    Idle,

    /// <summary>Ask for the next record.</summary>
    Ready,

    /// <summary>A read is under way: ask again after the next events.</summary>
    Pending,

    /// <summary>Everything durable was shown: ask again when more is.</summary>
    AtEnd,

    /// <summary>See <see cref="LogCursor.Fault"/>; seek to try elsewhere.</summary>
    Faulted,
}

/// <summary>An entry that should be in the log cannot be read.</summary>
/// <param name="Group">The group that was read.</param>
/// <param name="Index">The entry that was wanted next.</param>
/// <param name="Segment">Number of the segment.</param>
/// <param name="Offset">Byte in its file.</param>
/// <param name="Finding">What was found there.</param>
/// <param name="Errno">The system's error; zero when the read itself went well.</param>
internal sealed record CursorFault(uint Group, ulong Index, ulong Segment, long Offset, PageFinding Finding, int Errno)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"group {Group} index {Index}: {LogFormat.SegmentName(Segment)} at byte {Offset}: {Finding}")
        + (Errno == 0 ? string.Empty : $" ({Ring.Errno.Text(Errno)})");
}

/// <summary>
/// Reads the entries of one group back from the medium, in the order of their indexes: for catch-up and for a slow
/// applier.
/// </summary>
/// <remarks>
/// Shard's thread only; asynchronous: reads go through the ring, nothing blocks, nothing is allocated per record. It
/// shows only what is
/// durable and in force: entries that were truncated away are skipped. Every page and record is checked before it is
/// shown.
/// </remarks>
internal sealed class LogCursor : IDisposable
{
    private const int OpenCode = 1;
    private const int ReadCode = 2;
    private const int CloseCode = 3;
    private const int NoFile = -1;

    private readonly SegmentedLog _log;
    private readonly int _slot;
    private readonly AlignedSlab _window;
    private readonly BatchAssembler _batch = new();
    private uint _group;
    private ulong _wanted;

    /// <summary>What can be read on from here; behind it another place must be found.</summary>
    private LogPiece _piece;
    private int _repairs;

    /// <summary>The batch that is being put together or shown.</summary>
    private ulong _batchLsn;
    private int _offset;
    private bool _isBatchBegun;
    private bool _isBatchReady;

    /// <summary>The segment that <see cref="_batchLsn"/> stands in.</summary>
    private SegmentEntry _segment;

    /// <summary>The open file and the segment that it holds.</summary>
    private int _file = NoFile;
    private ulong _fileSequence;

    /// <summary>The stream in the window: [from, to).</summary>
    private ulong _windowFrom;
    private ulong _windowTo;

    /// <summary>The stream that is being read into the window.</summary>
    private ulong _readFrom;
    private ulong _readTo;
    private int _inFlight;
    private bool _isReading;
    private bool _isOpening;
    private bool _isClosed;

    internal LogCursor(SegmentedLog log, int slot)
    {
        _log = log;
        _slot = slot;
        _window = new AlignedSlab(log.Options.CursorBytes, log.Options.Slabs);
    }

    internal CursorState State { get; private set; }

    /// <summary>Set while <see cref="State"/> is Faulted.</summary>
    internal CursorFault? Fault { get; private set; }

    /// <summary>Index of the entry that comes next.</summary>
    internal ulong NextIndex => _wanted;

    /// <summary>Turns to an entry of a group. May be called at any time, also while a read is under way.</summary>
    /// <returns>False when the log does not hold it (any more): the cursor is then idle.</returns>
    internal bool Seek(uint group, ulong index)
    {
        Invariant.Holds(!_isClosed);
        Fault = null;
        _isBatchBegun = false;
        _isBatchReady = false;
        _repairs = _log.Index.RepairsOf(group);
        if (!_log.Index.TryFind(group, index, out _piece))
        {
            State = CursorState.Idle;
            return false;
        }

        _group = group;
        _wanted = index;
        _batchLsn = _piece.BatchLsn;
        State = CursorState.Ready;
        return true;
    }

    /// <summary>Shows the next entry in force (or configuration) of the group.</summary>
    /// <param name="record">Header, body and padding; valid until the next call.</param>
    /// <returns>False: see <see cref="State"/> for why.</returns>
    internal bool TryNext(out RecordHeader header, out ReadOnlySpan<byte> record)
    {
        header = default;
        record = default;
        while (State is not (CursorState.Idle or CursorState.Faulted))
        {
            // Copies of damaged entries stand elsewhere in the log.
            bool isElsewhere = _wanted > _piece.Until || _repairs != _log.Index.RepairsOf(_group);
            if (isElsewhere && _wanted <= _log.Index.LastOf(_group) && !Seek(_group, _wanted))
            {
                return false;
            }

            if (_isBatchReady && TryShow(out header, out record))
            {
                State = CursorState.Ready;
                return true;
            }

            if (State == CursorState.Faulted)
            {
                break;
            }

            if (_wanted > _log.Index.LastOf(_group) || _batchLsn >= _log.DurableEnd)
            {
                State = CursorState.AtEnd;
                return false;
            }

            if (!TryAssemble())
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>What lies before a position is being given up: a cursor there must seek again.</summary>
    internal void DropBelow(ulong lsn)
    {
        if (!_isClosed && State != CursorState.Idle && _batchLsn < lsn)
        {
            State = CursorState.Idle;
        }
    }

    /// <summary>Closes the cursor; its buffers go when the last read under way has ended.</summary>
    public void Dispose()
    {
        if (_isClosed)
        {
            return;
        }

        _isClosed = true;
        State = CursorState.Idle;
        CloseFile();
        ReleaseIfDone();
    }

    /// <summary>Frees the memory at the end of the log, when nothing can be in flight any more.</summary>
    internal void Free() => _window.Free();

    internal void OnEvent(int code, int result)
    {
        _inFlight--;
        switch (code)
        {
            case OpenCode:
                OnOpened(result);
                break;
            case ReadCode:
                OnRead(result);
                break;
            default:
                Invariant.Holds(code == CloseCode);
                break;
        }

        if (_isClosed)
        {
            CloseFile();
            ReleaseIfDone();
        }
    }

    private void OnOpened(int result)
    {
        _isOpening = false;
        if (result >= 0)
        {
            _file = result;
        }
        else if (!_isClosed)
        {
            Fail(PageFinding.Unreadable, _batchLsn, -result);
        }
    }

    private void OnRead(int result)
    {
        _isReading = false;
        int wanted = (int)((_readTo - _readFrom) / LogFormat.StreamBytes) * LogFormat.PageBytes;
        if (result == wanted)
        {
            _windowFrom = _readFrom;
            _windowTo = _readTo;
        }
        else if (!_isClosed && State == CursorState.Pending)
        {
            Fail(PageFinding.Unreadable, _readFrom, result < 0 ? -result : 0);
        }
    }

    private bool TryShow(out RecordHeader header, out ReadOnlySpan<byte> record)
    {
        while (_batch.TryNext(ref _offset, out int position, out header, out record))
        {
            if (header.Group != _group || !RunList.IsOnLine(header.Type) || header.Index < _wanted
                || !IsInPiece(header.Index, _batchLsn + (ulong)position))
            {
                continue;
            }

            if (header.Index != _wanted)
            {
                Fail(PageFinding.Inconsistent, _batchLsn, 0);
                return false;
            }

            _wanted++;
            return true;
        }

        if (_batch.Finding != PageFinding.Sound)
        {
            Fail(_batch.Finding, _batchLsn, 0);
            return false;
        }

        _batchLsn = _batch.Header.EndLsn;
        _isBatchBegun = false;
        _isBatchReady = false;
        return false;
    }

    /// <summary>Copies and entries in their first place may stand side by side: only those are read that belong to the
    /// piece.</summary>
    private bool IsInPiece(ulong index, ulong lsn) => index <= _piece.Until
        && (_piece.CopiesFrom > 0
            ? lsn > _piece.CopiesFrom
            : _log.Index.IsInForce(_group, index, lsn));

    /// <summary>Goes on putting the batch together; starts a read when its next page is not at hand.</summary>
    private bool TryAssemble()
    {
        if (!_isBatchBegun)
        {
            ulong passed = _log.Damaged.Pass(_batchLsn);
            if (passed != _batchLsn)
            {
                _batchLsn = passed;
                return true;
            }

            bool found = _log.Segments.TryFind(_batchLsn, out _segment);
            Invariant.Holds(found);
            _batch.Begin(_batchLsn, _segment.Salt);
            _isBatchBegun = true;
        }

        while (!_batch.IsComplete)
        {
            ulong next = _batch.NextLsn;
            if (_isReading || next < _windowFrom || next >= _windowTo)
            {
                StartRead(next);
                return false;
            }

            int place = (int)((next - _windowFrom) / LogFormat.StreamBytes) * LogFormat.PageBytes;
            _batch.Add(_window.Slice(place, LogFormat.PageBytes));
        }

        if (_batch.Finding != PageFinding.Sound)
        {
            Fail(_batch.Finding, _batch.BadLsn, 0);
            return false;
        }

        _offset = 0;
        _isBatchReady = true;
        return true;
    }

    private void StartRead(ulong lsn)
    {
        State = CursorState.Pending;
        if (_isReading || _isOpening || !TryOpenFile())
        {
            return;
        }

        ulong most = lsn + ((ulong)(_window.Length / LogFormat.PageBytes) * LogFormat.StreamBytes);
        ulong to = Math.Min(Math.Min(most, _log.DurableEnd), _segment.End);
        Invariant.Holds(to > lsn);
        int bytes = (int)((to - lsn) / LogFormat.StreamBytes) * LogFormat.PageBytes;
        long offset = LogFormat.FileOffset(_segment.Base, lsn);
        if (!TryEnqueue(new IoOp(IoKind.Read, IoFlags.None, _file, offset, _window.Address, bytes), ReadCode))
        {
            return;
        }

        _readFrom = lsn;
        _readTo = to;
        _windowFrom = 0;
        _windowTo = 0;
        _isReading = true;
    }

    private bool TryOpenFile()
    {
        if (_file != NoFile && _fileSequence == _segment.Sequence)
        {
            return true;
        }

        CloseFile();
        if (_file != NoFile)
        {
            return false;
        }

        string name = LogFormat.SegmentName(_segment.Sequence);
        _isOpening = TryEnqueue(
            new IoOp(IoKind.Open, IoFlags.Direct | IoFlags.ReadOnly, 0, 0, 0, 0, name), OpenCode);
        _fileSequence = _segment.Sequence;
        return false;
    }

    private void CloseFile()
    {
        if (_file != NoFile && !_isReading
            && TryEnqueue(new IoOp(IoKind.Close, IoFlags.Background, _file, 0, 0, 0), CloseCode))
        {
            _file = NoFile;
        }
    }

    private bool TryEnqueue(in IoOp op, int code)
    {
        bool queued = _log.Ring.TryEnqueue(in op, LogToken.Of(LogTokenKind.Cursor, ((ulong)code << 8) | (uint)_slot));
        _inFlight += queued ? 1 : 0;
        return queued;
    }

    private void ReleaseIfDone()
    {
        if (_inFlight == 0)
        {
            _window.Free();
            _log.Forget(_slot);
        }
    }

    private void Fail(PageFinding finding, ulong lsn, int errno)
    {
        ulong pageLsn = lsn / LogFormat.StreamBytes * LogFormat.StreamBytes;
        Fault = new CursorFault(
            _group, _wanted, _segment.Sequence, LogFormat.FileOffset(_segment.Base, pageLsn), finding, errno);
        State = CursorState.Faulted;
    }
}
