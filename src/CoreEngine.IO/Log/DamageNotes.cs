using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Remembers during a scan what is needed to name the records of a bad batch: by its own run list, by the next batch's
/// copy of it, by the gap.
/// </summary>
internal sealed class DamageNotes
{
    private readonly SortedDictionary<uint, ulong> _last = [];
    private readonly SortedDictionary<(uint Group, RecordType Type), (ulong First, ulong Last)> _lost = [];
    private ulong _badFrom;

    /// <summary>First bad page of the last bad batch.</summary>
    internal ulong BadLsn { get; private set; }

    internal void OnRecord(in RecordHeader header)
    {
        if (RunList.IsOnLine(header.Type) || header.Type == RecordType.Truncate)
        {
            _last[header.Group] = header.Index;
        }
    }

    /// <summary>A batch is bad: its own list may still be readable.</summary>
    internal void OnBad(BatchAssembler batch, ulong lsn)
    {
        _lost.Clear();
        _badFrom = lsn;
        BadLsn = batch.Finding == PageFinding.Inconsistent ? lsn : batch.BadLsn;
        AddRuns(batch.Runs);
    }

    /// <summary>Names what is lost.</summary>
    /// <param name="next">
    /// The next sound batch, when there is one: its copy of the list before it, and the gap up to its first entries.
    /// </param>
    internal List<DamagedRange> Take(BatchAssembler next, bool hasNext)
    {
        if (hasNext && next.HasHeader)
        {
            if (next.Header.PreviousLsn >= _badFrom)
            {
                AddRuns(next.PreviousRuns);
            }

            AddGaps(next.PreviousRuns, next.Header.PreviousLsn);
            AddGaps(next.Runs, next.Header.PreviousLsn);
        }

        var ranges = new List<DamagedRange>();
        foreach (((uint group, RecordType type), (ulong first, ulong last)) in _lost)
        {
            ranges.Add(new DamagedRange(group, type, first, last));
        }

        // Nothing tells what stood here: everything behind the last entry that was read may be missing.
        if (ranges.Count == 0)
        {
            foreach ((uint group, ulong last) in _last)
            {
                ranges.Add(new DamagedRange(group, RecordType.Entry, last + 1, ulong.MaxValue));
            }
        }

        return ranges;
    }

    private void AddRuns(RunList runs)
    {
        foreach (Run run in runs.Runs)
        {
            Add(run.Group, run.Type, run.First, run.Type == RecordType.Entry ? run.Last : run.First);
        }
    }

    private void AddGaps(RunList runs, ulong previousLsn)
    {
        foreach (Run run in runs.Runs)
        {
            if (run.Type != RecordType.Entry || previousLsn < _badFrom)
            {
                continue;
            }

            ulong known = _last.TryGetValue(run.Group, out ulong last) ? last : 0;
            if (run.First > known + 1)
            {
                Add(run.Group, RecordType.Entry, known + 1, run.First - 1);
            }
        }
    }

    private void Add(uint group, RecordType type, ulong first, ulong last)
    {
        if (_lost.TryGetValue((group, type), out (ulong First, ulong Last) known))
        {
            first = Math.Min(first, known.First);
            last = Math.Max(last, known.Last);
        }

        _lost[(group, type)] = (first, last);
    }
}
