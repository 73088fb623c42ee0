using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Gives up the oldest segments once no group needs an entry in them: what else stands there is written forward first.
/// </summary>
/// <remarks>
/// The order makes a crash harmless at any point: the carried records are durable further on, then the superblock says
/// that the segments are gone on purpose, then their files go.
/// </remarks>
internal sealed partial class SegmentedLog
{
    private readonly CarriedRecords _carried;
    private readonly Queue<CarriedRecords.Carried> _toCarry = new();
    private TrimStep _trimStep;
    private bool _isTrimDue = true;

    /// <summary>The oldest segment that stays, while older ones are being given up.</summary>
    private SegmentEntry _trimTo;
    private ulong _trimFence;
    private ulong _deleteNext;

    private enum TrimStep
    {
        Idle,
        Carry,
        Fence,
        Superblock,
        Delete,
        Deleting,
    }

    /// <summary>Segments that were given up since the log was opened.</summary>
    internal ulong SegmentsDropped { get; private set; }

    /// <summary>Bytes between the oldest record and the newest, page tags not counted.</summary>
    internal ulong HeldBytes => StagedEnd - _segments.Oldest.Base;

    /// <summary>A trim mark was appended: segments may have become useless.</summary>
    internal void NoteTrim() => _isTrimDue = true;

    private void PumpTrim()
    {
        switch (_trimStep)
        {
            case TrimStep.Idle:
                BeginTrim();
                break;
            case TrimStep.Carry:
                Carry();
                break;
            case TrimStep.Fence when DurableEnd >= _trimFence:
                _superblockWriter.UpdateOldest(_trimTo.Sequence);
                _trimStep = TrimStep.Superblock;
                break;
            case TrimStep.Superblock when _superblockWriter.DurableOldest >= _trimTo.Sequence:
                DropCursors();
                _deleteNext = _segments.Oldest.Sequence;
                SegmentsDropped += _trimTo.Sequence - _deleteNext;
                _segments.DropBelow(_trimTo.Sequence);
                _index.DropBelow(_trimTo.Base);
                _trimStep = TrimStep.Delete;
                DeleteNext();
                break;
            case TrimStep.Delete:
                DeleteNext();
                break;
            default:
                break;
        }
    }

    private void BeginTrim()
    {
        if (!_isTrimDue)
        {
            return;
        }

        _isTrimDue = false;
        if (!_segments.TryFindNeeded(ulong.Min(_index.Needed(), DurableEnd), out _trimTo))
        {
            return;
        }

        _toCarry.Clear();
        _carried.AddBefore(_trimTo.Base, _toCarry);
        _trimStep = TrimStep.Carry;
        Carry();
    }

    private void Carry()
    {
        while (_toCarry.TryPeek(out CarriedRecords.Carried? record))
        {
            if (record.Lsn < _trimTo.Base && !TryAppend(record.Bytes))
            {
                return;
            }

            _ = _toCarry.Dequeue();
        }

        _trimFence = StagedEnd;
        _trimStep = TrimStep.Fence;
    }

    private void DeleteNext()
    {
        if (_deleteNext == _trimTo.Sequence)
        {
            _trimStep = TrimStep.Idle;
            _isTrimDue = true;
            return;
        }

        string name = LogFormat.SegmentName(_deleteNext);
        var delete = new IoOp(IoKind.Delete, IoFlags.Background, 0, 0, 0, 0, name);
        if (_ring.TryEnqueue(in delete, LogToken.Of(LogTokenKind.Drop, _deleteNext)))
        {
            _trimStep = TrimStep.Deleting;
        }
    }

    private void OnDropped(ulong sequence, int result)
    {
        Invariant.Holds(_trimStep == TrimStep.Deleting);
        if (FailOn(result < 0 ? -result : 0, LogFormat.SegmentName(sequence), 0, "removal"))
        {
            return;
        }

        _deleteNext++;
        _trimStep = TrimStep.Delete;
        DeleteNext();
    }

    /// <summary>Whoever reads what is being given up is too late: it asks again, and hears of the boundary.</summary>
    private void DropCursors()
    {
        foreach (LogCursor? cursor in _cursors)
        {
            cursor?.DropBelow(_trimTo.Base);
        }
    }

    private void NoteCarried(System.ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            RecordHeader header = RecordHeader.Read(records);
            _carried.Note(in header, records, Staging.Lsn);
            records = records[RecordHeader.SizeOf(header.BodyLength)..];
        }
    }
}
