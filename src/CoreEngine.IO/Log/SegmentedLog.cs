using System;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// The log of a shard: one stream of records for all its groups, in zeroed segments, written in batches of whole pages.
/// </summary>
/// <remarks>
/// Shard's thread only, nothing allocated per record or batch. Several batches may be in flight; they are acknowledged
/// in order. The
/// first failed or short write stops the log for good (<see cref="Fault"/>): <see cref="DurableEnd"/> never moves
/// again, nothing is
/// retried (ATC'20: after a failed sync the page cache lies). Positions are LSNs: they rise, and have no other meaning
/// to the caller.
/// </remarks>
internal sealed partial class SegmentedLog : IDisposable
{
    /// <summary>Writes in flight at most: deeper gained nothing (hotpath.md).</summary>
    internal const int InFlightLimit = 8;

    /// <summary>
    /// Room in the current segment below which a full disk refuses proposals: votes must still find a place.
    /// </summary>
    private const long ReserveBytes = 256 * 1024;

    private const int RecordTypeOffset = 4;

    private readonly IIoRing _ring;
    private readonly LogOptions _options;
    private readonly Superblock _superblock;
    private readonly SpareSegments _spares;
    private readonly SuperblockWriter _superblockWriter;
    private readonly SegmentTable _segments;
    private readonly LogIndex _index;
    private readonly Prng _salts;
    private readonly AlignedSlab _headerPages = new(LogFormat.HeaderPages * LogFormat.PageBytes);
    private readonly BatchBuffer[] _buffers;
    private readonly RunList _previousRuns = new();

    /// <summary>
    /// Numbers the batches since the log was opened; those in [_firstInFlight, _staged) are in flight, _staged is being
    /// filled.
    /// </summary>
    private ulong _firstInFlight;
    private ulong _staged;

    /// <summary>The segment that is written to, open.</summary>
    private int _file;
    private SpareSegments.Spare _rolling;
    private ulong _previousLsn;
    private uint _previousChecksum;
    private uint _rollingSalt;
    private bool _isRolling;

    /// <summary>An append was refused for lack of room: the staged batch may leave below the threshold.</summary>
    private bool _isRefused;
    private bool _isClosed;

    private SegmentedLog(
        IIoRing ring, LogOptions options, OpenState state, SuperblockWriter superblockWriter, SpareSegments spares)
    {
        _ring = ring;
        _options = options;
        _superblock = state.Superblock;
        _superblockWriter = superblockWriter;
        _spares = spares;
        _segments = state.Segments;
        _index = state.Index;
        _carried = state.Carried;
        _salts = state.Salts;
        _file = state.File;
        _previousLsn = state.PreviousLsn;
        _previousChecksum = state.PreviousChecksum;
        _previousRuns.CopyFrom(state.PreviousRuns);
        foreach (LogDamage damage in state.Damages)
        {
            Damaged.Add(damage.Lsn, damage.EndLsn);
        }

        DurableEnd = state.EndLsn;
        int dataPages = (int)(_superblock.SegmentBytes / LogFormat.PageBytes) - LogFormat.HeaderPages;
        _buffers = new BatchBuffer[options.InFlightMax + 1];
        for (int i = 0; i < _buffers.Length; i++)
        {
            _buffers[i] = new BatchBuffer(Math.Min(LogFormat.BatchPagesMax, dataPages), options.Slabs);
        }

        _cursors = new LogCursor?[CursorsMax];
        Staging.Begin(DurableEnd, _previousLsn, _previousChecksum, _previousRuns);
    }

    /// <summary>
    /// Position behind what was staged: once <see cref="DurableEnd"/> has reached it, the records are durable.
    /// </summary>
    internal ulong StagedEnd => Staging.EndLsn;

    /// <summary>Everything before this position is on the medium, in order. Never falls.</summary>
    internal ulong DurableEnd { get; private set; }

    /// <summary>Stream bytes that wait for a write; zero when there are none.</summary>
    internal int StagedBytes => Staging.StagedBytes;

    /// <summary>Writes in flight that something waits for; each ends in an event.</summary>
    internal int InFlight => (int)(_staged - _firstInFlight) + (_isRolling ? 1 : 0);

    /// <summary>Zeroed segments that stand ready.</summary>
    internal int SpareSegmentCount => _spares.Count;

    /// <summary>The disk had no room for another segment: see <see cref="RetrySpares"/>.</summary>
    internal bool IsOutOfSpace => _spares.IsOutOfSpace;

    /// <summary>
    /// The disk is full and less than two segments stand ready: the loop refuses proposals, while votes and terms are
    /// still
    /// written in what is left.
    /// </summary>
    internal bool IsFull => _spares.IsOutOfSpace && _spares.Count < Math.Min(2, _options.SparesWanted);

    /// <summary>
    /// Not even a vote is sure to find a place: the disk is full, no segment stands ready and this one ends soon.
    /// </summary>
    internal bool IsExhausted =>
        _spares.IsOutOfSpace && _spares.Count == 0 && _superblock.SegmentBytes - NextOffset < ReserveBytes;

    /// <summary>Why the log stopped; null while it works. Sticky.</summary>
    internal LogFault? Fault { get; private set; }

    /// <summary>Whose log this is.</summary>
    internal LogIdentity Identity => _superblock.Identity;

    /// <summary>
    /// Wall clock for the next batch's header in nanoseconds, for people only. The loop sets it once per turn.
    /// </summary>
    internal long WallClockNs { get; set; }

    /// <summary>Batches written and acknowledged since the log was opened.</summary>
    internal ulong BatchesDurable => _firstInFlight;

    internal LogIndex Index => _index;

    /// <summary>What cannot be read, and is known to be so.</summary>
    internal DamagedSpans Damaged { get; } = new();

    internal SegmentTable Segments => _segments;

    internal IIoRing Ring => _ring;

    internal LogOptions Options => _options;

    internal long SegmentBytes => _superblock.SegmentBytes;

    private BatchBuffer Staging => BufferOf(_staged);

    private long NextOffset => LogFormat.FileOffset(_segments.Newest.Base, Staging.Lsn);

    /// <summary>Copies one or more whole encoded records into the batch being staged.</summary>
    /// <param name="records">
    /// Checked, padded records, at most <see cref="Limits.AppendBytesMax"/> bytes, in at most
    /// <see cref="LogFormat.RunsMax"/> runs of one group. Entries and other kinds do not mix.
    /// All are taken or none.
    /// </param>
    /// <returns>False when there is no room now: submit, reap, then try again. Always false after a fault.</returns>
    internal bool TryAppend(ReadOnlySpan<byte> records)
    {
        Invariant.Holds(!_isClosed);
        Invariant.Holds(records.Length > 0);
        Invariant.Holds(records.Length <= Limits.AppendBytesMax);
        Invariant.Holds(records.Length % RecordHeader.Alignment == 0);
        if (Fault is not null)
        {
            return false;
        }

        BatchBuffer staging = Staging;
        if (staging.IsFinished || !staging.HasRoom(records.Length, _options.BatchBytes) || !staging.HasRuns(records))
        {
            // An empty batch has room for every legal call: otherwise it would never be taken.
            Invariant.Holds(staging.Records > 0);
            _isRefused = true;
            return false;
        }

        staging.Append(records, _index);
        if ((RecordType)records[RecordTypeOffset] != RecordType.Entry)
        {
            NoteCarried(records);
        }

        return true;
    }

    /// <summary>Writes in flight at most, below the options' bound: few where somebody waits behind the writes of
    /// others, many where one writer shall have all that the medium gives.</summary>
    internal int InFlightCredit { get; set; } = int.MaxValue;

    /// <summary>
    /// Group commit: starts the staged batch when nothing is in flight, or when enough waits and a write is free.
    /// </summary>
    /// <remarks>
    /// Starting a second small write cuts the load into crumbs: hotpath.md measured 2 to 4 times with this rule.
    /// </remarks>
    /// <returns>True when a write was queued on the ring.</returns>
    internal bool TrySubmit()
    {
        if (Fault is not null || _isClosed)
        {
            return false;
        }

        _spares.Pump();
        PumpTrim();
        PumpRewrites();
        _superblockWriter.Pump();
        int inFlight = InFlight;
        if (Staging.StagedBytes == 0 || _isRolling || inFlight >= int.Min(InFlightCredit, _options.InFlightMax))
        {
            return false;
        }

        if (inFlight > 0 && Staging.StagedBytes < _options.SubmitBytesMin && !_isRefused)
        {
            return false;
        }

        return SubmitStaged(BatchFlags.None);
    }

    /// <summary>Takes an event of the ring if it is one of the log's.</summary>
    /// <returns>False when the token belongs to somebody else.</returns>
    internal bool OnEvent(in IoEvent ended)
    {
        if (!LogToken.IsOwn(ended.Token))
        {
            return false;
        }

        ulong value = LogToken.ValueOf(ended.Token);
        switch (LogToken.KindOf(ended.Token))
        {
            case LogTokenKind.Batch:
                OnBatch(value, ended.Result);
                break;
            case LogTokenKind.Roll:
                OnRoll(ended.Result);
                break;
            case LogTokenKind.CloseOld:
                FailOn(ended.Result < 0 ? -ended.Result : 0, LogFormat.SegmentName(value), 0, "close");
                break;
            case LogTokenKind.Spare:
                string spare = _spares.FileName;
                FailOn(Fault is null ? _spares.OnEvent(ended.Result) : 0, spare, 0, "preparing");
                break;
            case LogTokenKind.Superblock:
                int errno = Fault is null ? _superblockWriter.OnEvent(ended.Result) : 0;
                FailOn(errno, LogFormat.SuperblockFile, 0, "durable write");
                break;
            case LogTokenKind.Drop:
                OnDropped(value, ended.Result);
                break;
            default:
                OnCursor(value, ended.Result);
                break;
        }

        return true;
    }

    /// <summary>After the disk was full: tries to prepare segments again. Call it on a slow tick.</summary>
    internal void RetrySpares()
    {
        _spares.Retry();
        if (Fault is null)
        {
            _spares.Pump();
        }
    }

    /// <summary>
    /// Closes in good order: writes what is staged, waits for it, writes the seal. Blocking; drives the ring itself.
    /// </summary>
    /// <returns>
    /// False when the log had or met a fault, or the disk is full: nothing more was acknowledged than
    /// <see cref="DurableEnd"/> says.
    /// </returns>
    internal bool Seal()
    {
        if (_isClosed)
        {
            return Fault is null;
        }

        var events = new IoEvent[16];
        bool isSealing = false;
        while (Fault is null)
        {
            if (InFlight == 0 && StagedBytes == 0)
            {
                if (isSealing)
                {
                    break;
                }

                // False also while a roll makes room for the seal.
                isSealing = SubmitStaged(BatchFlags.Seal) && !_isRolling;
            }
            else
            {
                _ = TrySubmit();
            }

            if (InFlight == 0 && !_spares.IsRunning)
            {
                break;
            }

            Drain(events);
        }

        _isClosed = true;
        return Fault is null && isSealing;
    }

    /// <summary>
    /// Frees the memory. Seal first, and dispose the ring before: the kernel may still write into a cursor's buffer.
    /// </summary>
    public void Dispose()
    {
        _isClosed = true;
        foreach (BatchBuffer buffer in _buffers)
        {
            buffer.Dispose();
        }

        foreach (LogCursor? cursor in _cursors)
        {
            cursor?.Free();
        }

        _headerPages.Free();
        _superblockWriter.Dispose();
    }

    private BatchBuffer BufferOf(ulong batch) => _buffers[batch % (ulong)_buffers.Length];

    private void Drain(IoEvent[] events)
    {
        int count = _ring.SubmitAndReap(events, 1_000_000_000);
        foreach (IoEvent ended in events.AsSpan(0, count))
        {
            _ = OnEvent(in ended);
        }
    }

    private bool SubmitStaged(BatchFlags flags)
    {
        BatchBuffer staging = Staging;
        long offset = NextOffset;
        if (offset + ((long)staging.Pages * LogFormat.PageBytes) > _superblock.SegmentBytes)
        {
            return TryRoll();
        }

        if (!staging.IsFinished)
        {
            staging.Finish(DurableEnd, flags, WallClockNs, _segments.Newest.Salt);
            staging.FileOffset = offset;
        }

        int bytes = staging.Pages * LogFormat.PageBytes;
        var write = new IoOp(IoKind.Write, IoFlags.Durable, _file, offset, staging.Address, bytes);
        if (!_ring.TryEnqueue(in write, LogToken.Of(LogTokenKind.Batch, _staged)))
        {
            return false;
        }

        _previousLsn = staging.Lsn;
        _previousChecksum = staging.Checksum;
        _staged++;
        _isRefused = false;
        Staging.Begin(staging.EndLsn, _previousLsn, _previousChecksum, staging.Runs);
        return true;
    }

    /// <summary>
    /// Turns to the next segment. Its header says where this one ends, so everything here must be durable before; and
    /// its batches wait
    /// for the header, so that a segment without a whole header holds nothing.
    /// </summary>
    private bool TryRoll()
    {
        Invariant.Holds(!_isRolling);
        if (InFlight > 0 || _spares.Count == 0)
        {
            return false;
        }

        Invariant.Holds(DurableEnd == Staging.Lsn);
        bool taken = _spares.TryTake(out _rolling);
        Invariant.Holds(taken);
        uint salt = NextSalt(_salts);
        var header = new SegmentHeader(
            _superblock.Identity,
            _superblock.Shard,
            _rolling.Sequence,
            DurableEnd,
            DurableEnd,
            _previousLsn,
            _previousChecksum,
            _superblock.SegmentBytes);
        header.Write(_headerPages.GetSpan(), salt);
        _rollingSalt = salt;
        var write = new IoOp(
            IoKind.Write, IoFlags.Durable, _rolling.File, 0, _headerPages.Address, _headerPages.Length);
        bool queued = _ring.TryEnqueue(in write, LogToken.Of(LogTokenKind.Roll, _rolling.Sequence));
        Invariant.Holds(queued);
        _isRolling = true;
        return true;
    }

    private void OnRoll(int result)
    {
        Invariant.Holds(_isRolling);
        _isRolling = false;
        if (FailOn(ErrnoOf(result, _headerPages.Length), LogFormat.SegmentName(_rolling.Sequence), 0, "durable write"))
        {
            return;
        }

        var close = new IoOp(IoKind.Close, IoFlags.Background, _file, 0, 0, 0);
        bool queued = _ring.TryEnqueue(in close, LogToken.Of(LogTokenKind.CloseOld, _segments.Newest.Sequence));
        Invariant.Holds(queued);
        _file = _rolling.File;
        _segments.Add(_rolling.Sequence, DurableEnd, _rollingSalt);
        _isTrimDue = true;
        _superblockWriter.Update(_rolling.Sequence, DurableEnd);
        _superblockWriter.Pump();
        _spares.Pump();
    }

    private void OnBatch(ulong batch, int result)
    {
        Invariant.Holds(batch >= _firstInFlight);
        Invariant.Holds(batch < _staged);
        BatchBuffer written = BufferOf(batch);
        int bytes = written.Pages * LogFormat.PageBytes;
        string file = Fault is null && result != bytes
            ? LogFormat.SegmentName(_segments.Newest.Sequence)
            : string.Empty;
        if (FailOn(ErrnoOf(result, bytes), file, written.FileOffset, "durable write"))
        {
            return;
        }

        written.IsWritten = true;
        while (_firstInFlight < _staged && BufferOf(_firstInFlight).IsWritten)
        {
            ulong end = BufferOf(_firstInFlight).EndLsn;
            Invariant.Holds(end > DurableEnd);
            DurableEnd = end;
            _firstInFlight++;
        }
    }

    private static int ErrnoOf(int result, int wanted) => result < 0 ? -result : result == wanted ? 0 : Errno.Io;

    /// <summary>The first error is kept, and after it nothing counts as done.</summary>
    private bool FailOn(int errno, string file, long offset, string operation)
    {
        if (errno != 0 && Fault is null)
        {
            Fault = new LogFault(errno, file, offset, operation);
        }

        return Fault is not null;
    }

    private static uint NextSalt(Prng salts)
    {
        uint salt;
        do
        {
            salt = (uint)(salts.Next() >> 32);
        }
        while (salt == 0);

        return salt;
    }
}
