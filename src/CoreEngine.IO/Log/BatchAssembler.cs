using System;
using System.Buffers.Binary;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Puts a batch together from its pages, in order, and judges it: for recovery, for cursors and for inspection.
/// </summary>
/// <remarks>Its buffer grows to the largest batch met, and stays. Not thread-safe.</remarks>
internal sealed class BatchAssembler
{
    private const int PagesFirst = 8;

    private byte[] _stream = new byte[PagesFirst * LogFormat.StreamBytes];
    private BatchHeader _header;
    private ulong _lsn;
    private uint _salt;
    private int _pages;
    private int _pagesTotal;
    private int _badFirst;
    private int _badLast;

    /// <summary>What the pages so far came to; the batch as a whole once <see cref="IsComplete"/>.</summary>
    internal PageFinding Finding { get; private set; }

    /// <summary>All pages were seen, or the first one did not tell how many there are.</summary>
    internal bool IsComplete => _pages > 0 && _pages >= _pagesTotal;

    /// <summary>The header page was sound and says where the batch ends.</summary>
    internal bool HasHeader { get; private set; }

    /// <summary>Valid when <see cref="HasHeader"/>.</summary>
    internal ref readonly BatchHeader Header => ref _header;

    /// <summary>LSN of the first page that was not sound.</summary>
    internal ulong BadLsn => _lsn + ((ulong)_badFirst * LogFormat.StreamBytes);

    /// <summary>LSN of the next page that is wanted.</summary>
    internal ulong NextLsn => _lsn + ((ulong)_pages * LogFormat.StreamBytes);

    /// <summary>Pages that are still wanted, as far as is known.</summary>
    internal int PagesWanted => _pages == 0 ? 1 : _pagesTotal - _pages;

    /// <summary>Checksum over the page checksums so far.</summary>
    internal uint Checksum { get; private set; }

    /// <summary>The own runs; empty when their pages were lost.</summary>
    internal RunList Runs { get; } = new();

    /// <summary>The copy of the previous batch's runs; empty when its pages were lost.</summary>
    internal RunList PreviousRuns { get; } = new();

    /// <summary>Begins with the batch at <paramref name="lsn"/>.</summary>
    internal void Begin(ulong lsn, uint salt)
    {
        _lsn = lsn;
        _salt = salt;
        _pages = 0;
        _pagesTotal = 1;
        _badFirst = -1;
        _badLast = -1;
        Checksum = 0;
        HasHeader = false;
        Finding = PageFinding.Sound;
        Runs.Clear();
        PreviousRuns.Clear();
    }

    /// <summary>Takes the next page. An empty span stands for a page that cannot be read.</summary>
    internal void Add(ReadOnlySpan<byte> page)
    {
        Invariant.Holds(!IsComplete);
        PageFinding finding = Page.Check(page, _salt, NextLsn);
        if (finding == PageFinding.Sound)
        {
            Page.CopyStream(page, _stream.AsSpan(_pages * LogFormat.StreamBytes));
            Span<byte> four = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(four, Page.ChecksumOf(page));
            Checksum = Crc32C.Compute(four, Checksum);
        }
        else
        {
            Merge(finding);
            _badFirst = _badFirst < 0 ? _pages : _badFirst;
            _badLast = _pages;
        }

        if (_pages == 0 && finding == PageFinding.Sound)
        {
            ReadHeader();
        }

        _pages++;
        if (IsComplete && HasHeader)
        {
            LoadRuns();
        }
    }

    /// <summary>
    /// The batch is sound by itself and does not fit what came before, or does not hold what its header says.
    /// </summary>
    internal void Reject()
    {
        Finding = PageFinding.Inconsistent;
        _badFirst = 0;
    }

    /// <summary>Walks the records of a sound batch.</summary>
    /// <param name="offset">Zero at first; advanced past the record.</param>
    /// <param name="position">Stream offset of the record in the batch.</param>
    /// <returns>
    /// False at the end, or when what follows is no record: then <see cref="Finding"/> is no longer Sound.
    /// </returns>
    internal bool TryNext(ref int offset, out int position, out RecordHeader header, out ReadOnlySpan<byte> record)
    {
        Invariant.Holds(HasHeader);
        position = offset == 0 ? _header.RecordsStart : offset;
        int left = LogFormat.StreamBytes - (position % LogFormat.StreamBytes);
        if (left < RecordHeader.Bytes)
        {
            position += left;
        }

        header = default;
        record = default;
        if (position >= _header.RecordsEnd)
        {
            return false;
        }

        if (!RecordHeader.TryRead(_stream.AsSpan(position, _header.RecordsEnd - position), out header, out record))
        {
            Finding = PageFinding.Inconsistent;
            return false;
        }

        offset = position + record.Length;
        return true;
    }

    /// <summary>
    /// A sector that was never reached anywhere in the batch proves that it was not acknowledged: that verdict wins.
    /// </summary>
    private void Merge(PageFinding finding)
    {
        bool isUnreached = finding is PageFinding.Torn or PageFinding.Unwritten;
        if (Finding == PageFinding.Sound)
        {
            // A page that is missing behind a sound first one tears the batch.
            Finding = finding == PageFinding.Unwritten && _pages > 0 ? PageFinding.Torn : finding;
        }
        else if (isUnreached)
        {
            Finding = PageFinding.Torn;
        }
    }

    private void ReadHeader()
    {
        if (!BatchHeader.TryRead(_stream, out _header) || _header.Lsn != _lsn)
        {
            Finding = PageFinding.Inconsistent;
            _badFirst = 0;
            _badLast = 0;
            return;
        }

        HasHeader = true;
        _pagesTotal = _header.Pages;
        Invariant.Holds(_pagesTotal <= LogFormat.BatchPagesMax);
        if (_stream.Length < _pagesTotal * LogFormat.StreamBytes)
        {
            int pages = int.Min((int)BitOperations.RoundUpToPowerOf2((uint)_pagesTotal), LogFormat.BatchPagesMax);
            Array.Resize(ref _stream, pages * LogFormat.StreamBytes);
        }
    }

    private void LoadRuns()
    {
        if (IsReadable(BatchHeader.Bytes, _header.RecordsStart))
        {
            PreviousRuns.Load(_stream.AsSpan(BatchHeader.Bytes), _header.PreviousRuns);
        }

        if (IsReadable(_header.RecordsEnd, _header.Length))
        {
            Runs.Load(_stream.AsSpan(_header.RecordsEnd), _header.Runs);
        }
    }

    private bool IsReadable(int start, int end)
    {
        int firstPage = start / LogFormat.StreamBytes;
        int lastPage = (end - 1) / LogFormat.StreamBytes;
        return _badFirst < 0 || lastPage < _badFirst || firstPage > _badLast;
    }
}
