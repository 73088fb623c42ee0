using System;
using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Is told what a scan meets, in the order of the log.</summary>
internal interface ILogScanObserver
{
    void OnSegment(in SegmentHeader header, uint salt);

    void OnBatch(in BatchHeader header, ulong segment, long offset, RunList runs);

    /// <param name="record">Valid during the call.</param>
    void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record, ulong batchLsn, ulong lsn);

    void OnDamage(LogDamage damage);
}

/// <summary>A segment as its header tells it.</summary>
internal readonly record struct LiveSegment(SegmentHeader Header, uint Salt, PageFinding First, PageFinding Second);

/// <summary>What the headers of a directory's segments tell.</summary>
internal sealed class SegmentMap
{
    /// <summary>Segments with data, rising by one.</summary>
    internal List<LiveSegment> Live { get; } = [];

    /// <summary>Zeroed and never used, rising.</summary>
    internal List<ulong> Spares { get; } = [];

    /// <summary>The write of their header never completed: they hold nothing.</summary>
    internal List<ulong> Void { get; } = [];
}

/// <summary>
/// Walks a log from its oldest segment and finds its end, by the recovery table of io.md, 5.3. Reads only.
/// </summary>
/// <remarks>
/// V is the greatest LSN below which everything is known to have been durable. A bad page below V is damage. At or
/// above V a batch with a
/// sector that no write reached was never acknowledged, so the log ends there; one whose sectors were all reached may
/// have been acknowledged,
/// and counts as damage. After damage the walk goes on at the next sound batch, to name what is lost.
/// </remarks>
internal sealed class LogScanner : IDisposable
{
    private readonly BlockingIo _io;
    private readonly SegmentReader _reader;
    private readonly ILogScanObserver _observer;
    private readonly BatchAssembler _batch = new();
    private readonly RunList _previousRuns = new();
    private readonly DamageNotes _notes = new();
    private LiveSegment _segment;
    private ulong _oldest;

    internal LogScanner(BlockingIo io, ILogScanObserver observer, LogOptions options)
    {
        _io = io;
        _reader = new SegmentReader(io, options.ScanBytes, options.Slabs);
        _observer = observer;
    }

    internal RecoveryReport Report { get; } = new();

    internal List<LogDamage> Damages { get; } = [];

    /// <summary>The last sound batch; zero for none.</summary>
    internal ulong PreviousLsn { get; private set; }

    internal uint PreviousChecksum { get; private set; }

    /// <summary>Runs of the last sound batch.</summary>
    internal RunList PreviousRuns => _previousRuns;

    /// <summary>A file could not be opened: nothing can be said.</summary>
    internal int Error { get; private set; }

    internal string ErrorFile { get; private set; } = string.Empty;

    /// <summary>Reads both header pages of each segment and sorts the segments.</summary>
    internal SegmentMap ReadHeaders(IReadOnlyList<string> files, in Superblock superblock, out string foreign)
    {
        var map = new SegmentMap();
        foreign = string.Empty;
        foreach (string name in files)
        {
            if (!LogFormat.TryParseSegment(name, out ulong sequence) || sequence < superblock.OldestSegment)
            {
                continue;
            }

            if (!TryAttach(name, (LogFormat.HeaderPages + 1) * LogFormat.PageBytes, out int file))
            {
                return map;
            }

            SortSegment(sequence, in superblock, map, ref foreign);
            Release(file);
            if (foreign.Length > 0)
            {
                foreign = $"{name}: {foreign}";
                return map;
            }
        }

        _oldest = superblock.OldestSegment;
        return map;
    }

    /// <summary>Walks all batches and finds the end of the log.</summary>
    internal void Walk(SegmentMap map, in Superblock superblock)
    {
        Report.Segments = map.Live.Count;
        Report.DurableLsn = Math.Max(superblock.DurableLsn, LogFormat.FirstLsn);
        Report.EndLsn = LogFormat.FirstLsn;
        if (map.Live.Count > 0)
        {
            // What stood before the oldest segment is gone on purpose; its header tells where the chain goes on.
            SegmentHeader first = map.Live[0].Header;
            Report.EndLsn = first.BaseLsn;
            PreviousLsn = first.PreviousBatch;
            PreviousChecksum = first.PreviousChecksum;
        }

        foreach (LiveSegment segment in map.Live)
        {
            Report.DurableLsn = Math.Max(Report.DurableLsn, segment.Header.PreviousEnd);
        }

        for (int i = 0; i < map.Live.Count && Error == 0; i++)
        {
            MeetGap(map, i);
            _segment = map.Live[i];
            ulong? end = i + 1 < map.Live.Count ? Math.Min(map.Live[i + 1].Header.PreviousEnd, CapacityEnd()) : null;
            if (!TryAttach(LogFormat.SegmentName(_segment.Header.Sequence), _segment.Header.SegmentBytes, out int file))
            {
                return;
            }

            _observer.OnSegment(_segment.Header, _segment.Salt);
            WalkSegment(end);
            Release(file);
        }

        if (map.Live.Count > 0 && map.Live[^1].Header.Sequence < Math.Max(NewestKnown, superblock.NewestSegment))
        {
            MeetLostEnd(in superblock);
        }

        if (_notes.IsOpen)
        {
            Settle(hasNext: false);
        }
    }

    /// <summary>The number of the newest segment of which there is any sign.</summary>
    internal ulong NewestKnown { get; private set; }

    public void Dispose() => _reader.Dispose();

    private bool TryAttach(string name, long bytes, out int file)
    {
        file = _io.Run(new IoOp(IoKind.Open, IoFlags.Direct | IoFlags.ReadOnly, 0, 0, 0, 0, name));
        if (file < 0)
        {
            Error = -file;
            ErrorFile = name;
            return false;
        }

        _reader.Attach(file, bytes);
        return true;
    }

    private void Release(int file)
    {
        _reader.Detach();
        _ = _io.Run(new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0));
    }

    private void SortSegment(ulong sequence, in Superblock superblock, SegmentMap map, ref string foreign)
    {
        ulong lsn = LogFormat.HeaderLsn(sequence);
        PageFinding first = Page.CheckHeader(_reader.Read(0), lsn, out uint salt);
        PageFinding second = Page.CheckHeader(_reader.Read(1), lsn, out uint secondSalt);
        if (first == PageFinding.Sound || second == PageFinding.Sound)
        {
            ReadOnlySpan<byte> page = _reader.Read(first == PageFinding.Sound ? 0 : 1);
            if (!SegmentHeader.TryRead(page, out SegmentHeader header, out foreign))
            {
                return;
            }

            if (header.Identity != superblock.Identity || header.Shard != superblock.Shard)
            {
                foreign = $"it belongs to replica {header.Identity.Replica} of cluster {header.Identity.Cluster}";
                return;
            }

            map.Live.Add(new LiveSegment(header, first == PageFinding.Sound ? salt : secondSalt, first, second));
            if (first != second)
            {
                PageFinding bad = first == PageFinding.Sound ? second : first;
                Report.Notes.Add($"{LogFormat.SegmentName(sequence)}: one of its two header pages is {bad}");
            }
        }
        else if (first == PageFinding.Unwritten && second == PageFinding.Unwritten)
        {
            map.Spares.Add(sequence);
        }
        else if (IsUnreached(first) || IsUnreached(second))
        {
            map.Void.Add(sequence);
        }
        else
        {
            NewestKnown = Math.Max(NewestKnown, sequence);
            bool isFound = TryReconstruct(sequence, in superblock, map);
            Report.Notes.Add($"{LogFormat.SegmentName(sequence)}: both header pages are bad"
                + (isFound ? ", the first batch tells what stood there" : string.Empty));
        }
    }

    /// <summary>Both header pages are bad: the first batch knows salt, start and predecessor as well.</summary>
    private bool TryReconstruct(ulong sequence, in Superblock superblock, SegmentMap map)
    {
        ReadOnlySpan<byte> page = _reader.Read(LogFormat.HeaderPages);
        if (page.IsEmpty)
        {
            return false;
        }

        (uint salt, ulong lsn) = Page.OriginOf(page);
        Span<byte> stream = stackalloc byte[BatchHeader.Bytes];
        page.Slice(LogFormat.TagBytes, BatchHeader.Bytes).CopyTo(stream);
        bool isSound = salt != 0 && lsn % LogFormat.StreamBytes == 0
            && Page.Check(page, salt, lsn) == PageFinding.Sound
            && BatchHeader.TryRead(stream, out BatchHeader batch) && batch.Lsn == lsn;
        if (!isSound)
        {
            return false;
        }

        _ = BatchHeader.TryRead(stream, out batch);
        var header = new SegmentHeader(
            superblock.Identity,
            superblock.Shard,
            sequence,
            lsn,
            lsn,
            batch.PreviousLsn,
            batch.PreviousChecksum,
            superblock.SegmentBytes);
        map.Live.Add(new LiveSegment(header, salt, PageFinding.Damaged, PageFinding.Damaged));
        return true;
    }

    private static bool IsUnreached(PageFinding finding) => finding is PageFinding.Torn or PageFinding.Unwritten;

    /// <summary>Some segments before this one are gone: whatever they held is lost.</summary>
    private void MeetGap(SegmentMap map, int place)
    {
        SegmentHeader header = map.Live[place].Header;
        ulong expected = place == 0 ? _oldest : map.Live[place - 1].Header.Sequence + 1;
        if (header.Sequence <= expected)
        {
            return;
        }

        ulong start = place == 0 ? LogFormat.FirstLsn : Report.EndLsn;
        if (header.BaseLsn <= start)
        {
            return;
        }

        if (!_notes.IsOpen)
        {
            _notes.Begin(null, expected, 0, start, PageFinding.Unreadable);
        }

        _notes.EndLsn = header.BaseLsn;
        Report.EndLsn = header.BaseLsn;
        Report.IsTailCut = false;
        Report.IsFreshSegment = false;
    }

    /// <summary>The newest segments are gone: where the log ended is unknown, and what it ended with.</summary>
    private void MeetLostEnd(in Superblock superblock)
    {
        if (!_notes.IsOpen)
        {
            _notes.Begin(null, _segment.Header.Sequence + 1, 0, Report.EndLsn, PageFinding.Unreadable);
        }

        Report.EndLsn = Math.Max(Report.EndLsn, Math.Max(superblock.DurableLsn, _notes.EndLsn));
        _notes.EndLsn = Report.EndLsn;
        Report.IsTailCut = false;
        Report.IsFreshSegment = true;
        Report.IsSealed = false;
    }

    private void WalkSegment(ulong? end)
    {
        ulong lsn = _segment.Header.BaseLsn;
        bool isFirst = true;
        while (end is null ? HasPage(lsn) : lsn < end)
        {
            PageFinding finding = ReadBatch(lsn);
            if (_notes.IsOpen)
            {
                Settle(_batch.HasHeader);
            }

            if (finding == PageFinding.Sound)
            {
                Accept(lsn, checkChain: !isFirst || Damages.Count == 0);
                finding = _batch.Finding;
            }

            if (finding == PageFinding.Sound)
            {
                lsn = _batch.Header.EndLsn;
                isFirst = false;
                continue;
            }

            isFirst = true;
            if (!TryPass(ref lsn, end, finding))
            {
                break;
            }
        }

        Report.EndLsn = end ?? lsn;
        Report.IsFreshSegment &= end is null;
        Report.IsSealed &= !Report.IsTailCut && !_notes.IsOpen;
        Report.DurableLsn = Math.Max(Report.DurableLsn, end ?? 0);
    }

    /// <summary>Meets a bad batch: the end of the log, or damage behind which the walk goes on.</summary>
    /// <returns>False when nothing more of this segment can be read.</returns>
    private bool TryPass(ref ulong lsn, ulong? end, PageFinding finding)
    {
        ulong badLsn = _batch.Finding == PageFinding.Inconsistent ? lsn : _batch.BadLsn;
        long offset = LogFormat.FileOffset(_segment.Header.BaseLsn, badLsn);
        _notes.Begin(_batch, _segment.Header.Sequence, offset, lsn, finding);
        ulong next = Resync(lsn, end, out ulong dirtyEnd);
        bool isAcknowledged = end is not null || Report.DurableLsn > lsn;
        if (!isAcknowledged && IsUnreached(finding))
        {
            _notes.Drop();
            Report.IsTailCut = finding == PageFinding.Torn || dirtyEnd != 0;
            Report.IsFreshSegment = Report.IsTailCut || _reader.IsShort;
            return false;
        }

        if (next == 0)
        {
            // The next segment may name what is lost. Nothing is appended here: the place must be found again.
            lsn = end ?? Math.Max(_notes.EndLsn, dirtyEnd);
            _notes.EndLsn = lsn;
            Report.IsFreshSegment = true;
            return false;
        }

        _notes.EndLsn = next;
        lsn = next;
        return true;
    }

    /// <summary>LSN behind the segment's last page.</summary>
    private ulong CapacityEnd()
    {
        long pages = (_segment.Header.SegmentBytes / LogFormat.PageBytes) - LogFormat.HeaderPages;
        return _segment.Header.BaseLsn + ((ulong)pages * LogFormat.StreamBytes);
    }

    private bool HasPage(ulong lsn) =>
        LogFormat.FileOffset(_segment.Header.BaseLsn, lsn) < _segment.Header.SegmentBytes;

    private PageFinding ReadBatch(ulong lsn)
    {
        _batch.Begin(lsn, _segment.Salt);
        while (!_batch.IsComplete)
        {
            _batch.Add(ReadPage(_batch.NextLsn));
            Report.Bytes += LogFormat.PageBytes;
        }

        return _batch.Finding;
    }

    private ReadOnlySpan<byte> ReadPage(ulong lsn) =>
        _reader.Read((int)(LogFormat.FileOffset(_segment.Header.BaseLsn, lsn) / LogFormat.PageBytes));

    /// <summary>Shows a sound batch and its records, unless it does not follow what came before.</summary>
    private void Accept(ulong lsn, bool checkChain)
    {
        ref readonly BatchHeader header = ref _batch.Header;
        if (checkChain && (header.PreviousLsn != PreviousLsn || header.PreviousChecksum != PreviousChecksum))
        {
            _batch.Reject();
            return;
        }

        long offset = LogFormat.FileOffset(_segment.Header.BaseLsn, lsn);
        _observer.OnBatch(in header, _segment.Header.Sequence, offset, _batch.Runs);
        int walked = 0;
        int records = 0;
        while (_batch.TryNext(ref walked, out int position, out RecordHeader one, out ReadOnlySpan<byte> record))
        {
            _observer.OnRecord(in one, record, lsn, lsn + (ulong)position);
            _notes.OnRecord(in one);
            records++;
        }

        if (records != header.Records)
        {
            _batch.Reject();
            return;
        }

        Report.Batches++;
        Report.Records += records;
        Report.IsSealed = (header.Flags & BatchFlags.Seal) != 0;
        Report.DurableLsn = Math.Max(Report.DurableLsn, header.DurableLsn);
        PreviousLsn = lsn;
        PreviousChecksum = _batch.Checksum;
        _previousRuns.CopyFrom(_batch.Runs);
    }

    /// <summary>
    /// Looks behind a bad batch: for the next sound one, for proof of what was durable, for anything that is not zero.
    /// </summary>
    /// <returns>The next batch whose header can be read; zero for none.</returns>
    private ulong Resync(ulong lsn, ulong? end, out ulong dirtyEnd)
    {
        dirtyEnd = 0;
        ulong next = 0;
        Span<byte> stream = stackalloc byte[BatchHeader.Bytes];
        for (ulong at = lsn + LogFormat.StreamBytes; end is null ? HasPage(at) : at < end; at += LogFormat.StreamBytes)
        {
            ReadOnlySpan<byte> page = ReadPage(at);
            PageFinding finding = Page.Check(page, _segment.Salt, at);
            Report.Bytes += LogFormat.PageBytes;
            dirtyEnd = finding == PageFinding.Unwritten ? dirtyEnd : at + LogFormat.StreamBytes;
            if (finding != PageFinding.Sound)
            {
                continue;
            }

            // The header ends before the first sector does: no stamp stands in it.
            page.Slice(LogFormat.TagBytes, BatchHeader.Bytes).CopyTo(stream);
            if (!BatchHeader.TryRead(stream, out BatchHeader header) || header.Lsn != at)
            {
                continue;
            }

            next = next == 0 ? at : next;
            if (end is not null)
            {
                break;
            }

            Report.DurableLsn = Math.Max(Report.DurableLsn, header.DurableLsn);
        }

        return next;
    }

    private void Settle(bool hasNext)
    {
        LogDamage damage = _notes.Take(_batch, hasNext);
        Damages.Add(damage);
        _observer.OnDamage(damage);
    }
}
