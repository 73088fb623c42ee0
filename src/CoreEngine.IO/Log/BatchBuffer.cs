using System;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// One batch while it is staged and while it is in flight: aligned pages that are filled in place and written once.
/// </summary>
/// <remarks>
/// Shard's thread only. Positions are stream offsets in the batch; the tags stand between them in the slab.
/// </remarks>
internal sealed class BatchBuffer : IDisposable
{
    private const int WasteMax = RecordHeader.Bytes - RecordHeader.Alignment;

    private readonly AlignedSlab _slab;
    private readonly int _streamBytesMax;
    private ulong _previousLsn;
    private uint _previousChecksum;
    private int _previousRuns;
    private int _position;
    private int _records;

    /// <param name="pagesMax">Pages of a batch at most.</param>
    /// <param name="slabs">Where the memory comes from; null: the system. Only what was staged is ever written.</param>
    internal BatchBuffer(int pagesMax, SlabPool? slabs = null)
    {
        Invariant.Holds(pagesMax <= LogFormat.BatchPagesMax);
        _slab = new AlignedSlab(Limits.BatchBytesMax, slabs);
        _streamBytesMax = pagesMax * LogFormat.StreamBytes;
    }

    /// <summary>LSN of the batch.</summary>
    internal ulong Lsn { get; private set; }

    /// <summary>LSN behind the last staged record; behind the last page once finished.</summary>
    internal ulong EndLsn { get; private set; }

    /// <summary>Checksum over the page checksums. Valid once finished.</summary>
    internal uint Checksum { get; private set; }

    /// <summary>The batch was sealed for the disk: it takes no more records.</summary>
    internal bool IsFinished { get; private set; }

    /// <summary>Its write has ended well. Batches are acknowledged in order, so it may still have to wait.</summary>
    internal bool IsWritten { get; set; }

    /// <summary>Where in the file it is written.</summary>
    internal long FileOffset { get; set; }

    internal RunList Runs { get; } = new();

    internal int Records => _records;

    /// <summary>Stream bytes staged so far, headers and run lists included; zero when nothing was staged.</summary>
    internal int StagedBytes => _records == 0 ? 0 : _position + Runs.Bytes;

    /// <summary>Pages that the batch will fill.</summary>
    internal int Pages => LogFormat.PagesFor(_position + Runs.Bytes);

    internal nint Address => _slab.Address;

    /// <summary>Starts a new batch behind <paramref name="previous"/>.</summary>
    internal void Begin(ulong lsn, ulong previousLsn, uint previousChecksum, RunList previous)
    {
        Lsn = lsn;
        EndLsn = lsn;
        _previousLsn = previousLsn;
        _previousChecksum = previousChecksum;
        _previousRuns = previous.Count;
        _records = 0;
        IsFinished = false;
        IsWritten = false;
        Runs.Clear();
        _position = BatchHeader.Bytes;
        _position = WriteRuns(previous.Runs, _position);
    }

    /// <summary>
    /// True when <paramref name="length"/> more bytes of records surely fit below <paramref name="capBytes"/>.
    /// </summary>
    internal bool HasRoom(int length, int capBytes)
    {
        // Each page may lose less than a header at its end; one run may be added per record, checked when it is.
        int waste = WasteMax * ((length / (LogFormat.StreamBytes - WasteMax)) + 2);
        int runs = Math.Min(LogFormat.RunsMax, Runs.Count + (length / RecordHeader.Bytes)) * Run.Bytes;
        int needed = _position + length + waste + runs;
        return needed <= _streamBytesMax && (_records == 0 || needed <= capBytes);
    }

    /// <summary>True when the list of runs surely has place for these records.</summary>
    internal bool HasRuns(ReadOnlySpan<byte> records) =>
        Runs.Count + (records.Length / RecordHeader.Bytes) <= LogFormat.RunsMax
        || Runs.Count + RunList.CountAtMost(records) <= LogFormat.RunsMax;

    /// <summary>Copies one or more whole records and tells the index where each stands.</summary>
    /// <remarks>Room was checked. Records that follow each other without a gap are copied in one go.</remarks>
    internal void Append(ReadOnlySpan<byte> records, LogIndex index)
    {
        Invariant.Holds(!IsFinished);
        int copied = 0;
        int offset = 0;
        while (offset < records.Length)
        {
            RecordHeader header = RecordHeader.Read(records[offset..]);
            Invariant.Holds(header.BodyLength >= 0);
            int size = RecordHeader.SizeOf(header.BodyLength);
            Invariant.Holds(size <= records.Length - offset);
            int position = _position + (offset - copied);
            int left = LogFormat.StreamBytes - (position % LogFormat.StreamBytes);
            if (left < RecordHeader.Bytes)
            {
                _position = Copy(records[copied..offset], _position);
                copied = offset;
                _position = Skip(_position, left);
                position = _position;
            }

            bool added = Runs.TryAdd(in header, DetailOf(in header, records[offset..]));
            Invariant.Holds(added);
            index.Add(in header, Lsn, Lsn + (ulong)position);
            _records++;
            offset += size;
        }

        _position = Copy(records[copied..], _position);
        EndLsn = Lsn + (ulong)_position;
    }

    /// <summary>Writes run list and header, clears the rest of the last page, seals every page.</summary>
    internal void Finish(ulong durableLsn, BatchFlags flags, long time, uint salt)
    {
        Invariant.Holds(!IsFinished);
        Invariant.Holds(durableLsn <= Lsn);
        int recordsEnd = _position;
        int length = WriteRuns(Runs.Runs, _position);
        int pages = LogFormat.PagesFor(length);
        Invariant.Holds(length <= _streamBytesMax);
        _ = Skip(length, (pages * LogFormat.StreamBytes) - length);
        var header = new BatchHeader(
            length,
            _records,
            Lsn,
            durableLsn,
            _previousLsn,
            _previousChecksum,
            flags,
            _previousRuns,
            Runs.Count,
            recordsEnd,
            time);
        Span<byte> memory = _slab.GetSpan();
        header.Write(memory[LogFormat.TagBytes..]);
        Span<byte> four = stackalloc byte[sizeof(uint)];
        uint checksum = 0;
        for (int page = 0; page < pages; page++)
        {
            Span<byte> bytes = memory.Slice(page * LogFormat.PageBytes, LogFormat.PageBytes);
            uint one = Page.Seal(bytes, salt, Lsn + ((ulong)page * LogFormat.StreamBytes));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(four, one);
            checksum = Crc32C.Compute(four, checksum);
        }

        Checksum = checksum;
        EndLsn = header.EndLsn;
        IsFinished = true;
    }

    /// <summary>Gives the memory back; nothing may be in flight.</summary>
    public void Dispose() => _slab.Free();

    /// <summary>What a run keeps of a small record's body: see <see cref="Run.Detail"/>.</summary>
    private static uint DetailOf(in RecordHeader header, ReadOnlySpan<byte> record) =>
        RunList.IsOnLine(header.Type) || header.BodyLength < sizeof(uint)
            ? 0
            : System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(record[RecordHeader.Bytes..]);

    private int WriteRuns(ReadOnlySpan<Run> runs, int position)
    {
        Span<byte> bytes = stackalloc byte[Run.Bytes];
        foreach (Run run in runs)
        {
            run.Write(bytes);
            position = Copy(bytes, position);
        }

        return position;
    }

    private int Copy(ReadOnlySpan<byte> source, int position)
    {
        Span<byte> memory = _slab.GetSpan();
        while (source.Length > 0)
        {
            int inPage = position % LogFormat.StreamBytes;
            int part = Math.Min(LogFormat.StreamBytes - inPage, source.Length);
            source[..part].CopyTo(memory[PlaceOf(position, inPage)..]);
            source = source[part..];
            position += part;
        }

        return position;
    }

    private int Skip(int position, int length)
    {
        int inPage = position % LogFormat.StreamBytes;
        if (length > 0)
        {
            Invariant.Holds(inPage + length == LogFormat.StreamBytes);
            _slab.Slice(PlaceOf(position, inPage), length).Clear();
        }

        return position + length;
    }

    private static int PlaceOf(int position, int inPage) =>
        (position / LogFormat.StreamBytes * LogFormat.PageBytes) + LogFormat.TagBytes + inPage;
}
