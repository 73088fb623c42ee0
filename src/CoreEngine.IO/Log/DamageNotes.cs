using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Remembers during a scan what is needed to name the records of a bad batch: by its own run list, by the next batch's
/// copy of it, by the gap (CTRL, FAST'18: an entry's identity is kept apart from the entry).
/// </summary>
internal sealed class DamageNotes
{
    private readonly SortedDictionary<uint, ulong> _last = [];
    private readonly SortedDictionary<(uint Group, RecordType Type), (ulong First, ulong Last)> _ranges = [];
    private List<Run> _lost = [];

    /// <summary>Everything from the bad batch up to here is named.</summary>
    private ulong _namedTo;

    /// <summary>Where the last named batch starts; zero for none.</summary>
    private ulong _namedBatch;
    private ulong _badFrom;

    /// <summary>Some bad batch waits for a neighbour that names its records.</summary>
    internal bool IsOpen { get; private set; }

    internal ulong Segment { get; private set; }

    internal long Offset { get; private set; }

    internal ulong EndLsn { get; set; }

    internal PageFinding Finding { get; private set; }

    internal void OnRecord(in RecordHeader header)
    {
        bool isOnLine = RunList.IsOnLine(header.Type) && header.Index > 0;
        if (isOnLine || header.Type is RecordType.Truncate or RecordType.Snapshot)
        {
            _last[header.Group] = header.Index;
        }
    }

    /// <summary>A batch is bad: its own list may still be readable.</summary>
    /// <param name="batch">The batch; null when its whole segment is gone.</param>
    internal void Begin(BatchAssembler? batch, ulong segment, long offset, ulong lsn, PageFinding finding)
    {
        Invariant.Holds(!IsOpen);
        IsOpen = true;
        _ranges.Clear();
        _lost = [];
        _badFrom = lsn;
        _namedTo = lsn;
        _namedBatch = 0;
        EndLsn = lsn + LogFormat.StreamBytes;
        (Segment, Offset, Finding) = (segment, offset, finding);
        if (batch is { HasHeader: true } && batch.Finding != PageFinding.Inconsistent
            && batch.Runs.Count == batch.Header.Runs)
        {
            Name(batch.Runs);
            _namedTo = batch.Header.EndLsn;
            _namedBatch = lsn;
            EndLsn = batch.Header.EndLsn;
        }
    }

    /// <summary>Names what is lost.</summary>
    /// <param name="next">
    /// The next batch whose header can be read, when there is one: its copy of the list before it, and the gap up to
    /// its first entries.
    /// </param>
    internal LogDamage Take(BatchAssembler next, bool hasNext)
    {
        Invariant.Holds(IsOpen);
        IsOpen = false;
        bool isExact = _namedBatch != 0;
        if (hasNext && next.HasHeader)
        {
            isExact = OnNext(next);
        }

        var ranges = new List<DamagedRange>();
        foreach (((uint group, RecordType type), (ulong first, ulong last)) in _ranges)
        {
            ranges.Add(new DamagedRange(group, type, first, last));
        }

        // Nothing tells what stood here: everything behind the last entry that was read may be missing.
        if (ranges.Count == 0 && !isExact)
        {
            foreach ((uint group, ulong last) in _last)
            {
                ranges.Add(new DamagedRange(group, RecordType.Entry, last + 1, ulong.MaxValue));
            }
        }

        if (isExact)
        {
            FollowLost();
        }

        return new LogDamage(Segment, Offset, _badFrom, EndLsn, Finding, ranges) { Lost = isExact ? _lost : null };
    }

    /// <summary>It was no damage.</summary>
    internal void Drop() => IsOpen = false;

    /// <returns>True when every lost record is named.</returns>
    private bool OnNext(BatchAssembler next)
    {
        ulong previous = next.Header.PreviousLsn;
        bool hasCopy = next.PreviousRuns.Count == next.Header.PreviousRuns;
        bool isNamed = _namedBatch != 0 && previous == _namedBatch;
        if (previous >= _namedTo && hasCopy)
        {
            isNamed = previous == _namedTo;
            Name(next.PreviousRuns);
        }

        if (!isNamed)
        {
            AddGaps(next.PreviousRuns);
            AddGaps(next.Runs);
        }

        return isNamed;
    }

    private void Name(RunList runs)
    {
        foreach (Run run in runs.Runs)
        {
            _lost.Add(run);
            AddRange(run.Group, run.Type, run.First, run.Type == RecordType.Entry ? run.Last : run.First);
        }
    }

    private void AddGaps(RunList runs)
    {
        foreach (Run run in runs.Runs)
        {
            ulong known = _last.GetValueOrDefault(run.Group);
            if (run.Type == RecordType.Entry && run.First > known + 1)
            {
                AddRange(run.Group, RecordType.Entry, known + 1, run.First - 1);
            }
        }
    }

    /// <summary>What is lost and known counts as seen: gaps are measured from there.</summary>
    private void FollowLost()
    {
        foreach (Run run in _lost)
        {
            if (run.Type is RecordType.Entry or RecordType.Truncate)
            {
                _last[run.Group] = run.Type == RecordType.Entry ? run.Last : run.First;
            }
        }
    }

    private void AddRange(uint group, RecordType type, ulong first, ulong last)
    {
        if (_ranges.TryGetValue((group, type), out (ulong First, ulong Last) known))
        {
            first = Math.Min(first, known.First);
            last = Math.Max(last, known.Last);
        }

        _ranges[(group, type)] = (first, last);
    }
}
