using System;
using CoreEngine.IO.Log;
using CoreEngine.Model;

namespace CoreEngine.IO.Scrub;

/// <summary>Walks a running log from its oldest segment to what is durable, and names what cannot be read any
/// more.</summary>
/// <remarks>
/// Shard's thread only. The rules are those of the scan at an opening (<see cref="LogScanner"/>), but everything here
/// is known to have been durable: whatever is not sound is damage. What was found before is passed over.
/// </remarks>
internal sealed class LogScrub(SegmentedLog log, ScrubReader reader)
{
    private readonly BatchAssembler _batch = new();
    private DamageNotes _notes = new();
    private SegmentEntry _segment;
    private ulong _lsn;
    private ulong _end;

    /// <summary>Looks for the next batch's header behind a bad one; 0: puts a batch together.</summary>
    private ulong _resync;

    /// <summary>The stream in the reader's window: [from, to).</summary>
    private ulong _from;
    private ulong _to;

    /// <summary>The stream that is being read.</summary>
    private ulong _askedFrom;
    private ulong _askedTo;
    private bool _isAsked;
    private bool _isBatchBegun;

    /// <summary>A window could not be read: its pages are tried one by one up to here.</summary>
    private ulong _singlyUntil;

    /// <summary>A pass is under way.</summary>
    internal bool IsRunning { get; private set; }

    /// <summary>Begins a pass over everything that is durable now.</summary>
    internal void Begin()
    {
        Invariant.Holds(!IsRunning);
        IsRunning = true;
        _end = log.DurableEnd;
        GoTo(log.Segments.Oldest.Base);
    }

    /// <summary>Goes on with the pass as far as the bytes at hand reach, and starts at most one read.</summary>
    /// <returns>The next damaged place; null: none was met so far.</returns>
    internal LogDamage? Step()
    {
        Invariant.Holds(IsRunning);
        while (!reader.IsBusy)
        {
            if (_isAsked)
            {
                Arrived();
            }

            if (_lsn < log.Segments.Oldest.Base)
            {
                // Given up meanwhile: nobody needs to know how it was.
                GoTo(log.Segments.Oldest.Base);
            }

            LogDamage? damage = null;
            if (_lsn >= _end)
            {
                damage = _notes.IsOpen ? _notes.Take(_batch, hasNext: false) : null;
                IsRunning = false;
                reader.Release();
                return damage;
            }

            if (!_isBatchBegun && _resync == 0)
            {
                BeginBatch();
                continue;
            }

            ulong next = _resync != 0 ? _resync : _batch.NextLsn;
            if (next < _from || next >= _to)
            {
                Ask(next);
                return null;
            }

            damage = _resync != 0 ? Resync(PageAt(next)) : Assemble(PageAt(next));
            if (damage is not null)
            {
                return damage;
            }
        }

        return null;
    }

    private void GoTo(ulong lsn)
    {
        _lsn = lsn;
        _resync = 0;
        _isBatchBegun = false;
        (_from, _to) = (0, 0);
        _notes = new DamageNotes();
    }

    private void BeginBatch()
    {
        ulong passed = log.Damaged.Pass(_lsn);
        if (passed != _lsn)
        {
            _lsn = passed;
            return;
        }

        bool isFound = log.Segments.TryFind(_lsn, out _segment);
        Invariant.Holds(isFound);
        _batch.Begin(_lsn, _segment.Salt);
        _isBatchBegun = true;
    }

    private void Ask(ulong lsn)
    {
        int pages = lsn < _singlyUntil ? 1 : log.Options.CursorBytes / LogFormat.PageBytes;
        ulong to = ulong.Min(ulong.Min(lsn + ((ulong)pages * LogFormat.StreamBytes), _segment.End), _end);
        if (to <= lsn)
        {
            // A length that makes no sense: what lies behind the segment's end belongs to no batch of it.
            to = lsn + LogFormat.StreamBytes;
        }

        (_askedFrom, _askedTo, _isAsked) = (lsn, to, true);
        int bytes = (int)((to - lsn) / LogFormat.StreamBytes) * LogFormat.PageBytes;
        reader.Read(LogFormat.SegmentName(_segment.Sequence), LogFormat.FileOffset(_segment.Base, lsn), bytes);
    }

    private void Arrived()
    {
        _isAsked = false;
        ulong pages = (_askedTo - _askedFrom) / LogFormat.StreamBytes;
        bool isRead = (ulong)reader.Length == pages * LogFormat.PageBytes;
        if (isRead || pages == 1)
        {
            (_from, _to) = (_askedFrom, _askedTo);
        }
        else
        {
            // Some page of it, or none: a read may fail once and go well the next time.
            _singlyUntil = _askedTo;
        }
    }

    /// <summary>A page of the window; empty when it cannot be read.</summary>
    private ReadOnlySpan<byte> PageAt(ulong lsn)
    {
        int place = (int)((lsn - _from) / LogFormat.StreamBytes) * LogFormat.PageBytes;
        return place + LogFormat.PageBytes <= reader.Length ? reader.Bytes.Slice(place, LogFormat.PageBytes) : default;
    }

    private LogDamage? Assemble(ReadOnlySpan<byte> page)
    {
        _batch.Add(page);
        if (!_batch.IsComplete)
        {
            return null;
        }

        _isBatchBegun = false;
        LogDamage? damage = _notes.IsOpen ? _notes.Take(_batch, _batch.HasHeader) : null;
        if (_batch.Finding == PageFinding.Sound)
        {
            _lsn = _batch.Header.EndLsn;
            return damage;
        }

        long offset = LogFormat.FileOffset(_segment.Base, _lsn);
        _notes.Begin(_batch, _segment.Sequence, offset, _lsn, _batch.Finding);
        _resync = _lsn + LogFormat.StreamBytes;
        EndResyncAt(_resync);
        return damage;
    }

    /// <summary>Looks for a page with which a batch begins.</summary>
    private LogDamage? Resync(ReadOnlySpan<byte> page)
    {
        Span<byte> stream = stackalloc byte[BatchHeader.Bytes];
        ulong at = _resync;
        if (Page.Check(page, _segment.Salt, at) == PageFinding.Sound)
        {
            // The header ends before the first sector does: no stamp stands in it.
            page.Slice(LogFormat.TagBytes, BatchHeader.Bytes).CopyTo(stream);
            if (BatchHeader.TryRead(stream, out BatchHeader header) && header.Lsn == at)
            {
                GoOnAt(at);
                return null;
            }
        }

        _resync = at + LogFormat.StreamBytes;
        EndResyncAt(_resync);
        return null;
    }

    /// <summary>Nothing of the segment is left: the next one's first batch may name what is lost.</summary>
    private void EndResyncAt(ulong lsn)
    {
        if (lsn >= ulong.Min(_segment.End, _end))
        {
            GoOnAt(ulong.Min(_segment.End, _end));
        }
    }

    private void GoOnAt(ulong lsn)
    {
        _notes.EndLsn = lsn;
        _lsn = lsn;
        _resync = 0;
    }
}
