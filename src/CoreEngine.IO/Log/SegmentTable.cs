using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>A segment that holds data. Its stream is [Base, End).</summary>
internal readonly record struct SegmentEntry(ulong Sequence, ulong Base, ulong End, uint Salt);

/// <summary>
/// Which segment holds which part of the stream. Shard's thread only; the last entry is the one that is written to.
/// </summary>
internal sealed class SegmentTable
{
    private readonly List<SegmentEntry> _segments = new(64);

    internal int Count => _segments.Count;

    internal SegmentEntry Newest => _segments[^1];

    internal SegmentEntry Oldest => _segments[0];

    /// <summary>Adds the next segment; the one before ends where it begins.</summary>
    internal void Add(ulong sequence, ulong baseLsn, uint salt)
    {
        if (_segments.Count > 0)
        {
            Invariant.Holds(sequence == Newest.Sequence + 1);
            Invariant.Holds(baseLsn >= Newest.Base);
            _segments[^1] = Newest with { End = baseLsn };
        }

        _segments.Add(new SegmentEntry(sequence, baseLsn, ulong.MaxValue, salt));
    }

    /// <summary>Finds the oldest segment that is still needed, when older ones are not.</summary>
    /// <param name="needed">Nobody needs what lies before it.</param>
    internal bool TryFindNeeded(ulong needed, out SegmentEntry oldest)
    {
        int place = 0;
        while (place + 1 < _segments.Count && _segments[place].End <= needed)
        {
            place++;
        }

        oldest = _segments[place];
        return place > 0;
    }

    /// <summary>Forgets the segments before one.</summary>
    internal void DropBelow(ulong sequence)
    {
        int gone = 0;
        while (_segments[gone].Sequence < sequence)
        {
            gone++;
        }

        _segments.RemoveRange(0, gone);
    }

    /// <summary>Finds the segment that holds an LSN.</summary>
    internal bool TryFind(ulong lsn, out SegmentEntry segment)
    {
        for (int i = _segments.Count - 1; i >= 0; i--)
        {
            if (_segments[i].Base <= lsn)
            {
                segment = _segments[i];
                return lsn < segment.End;
            }
        }

        segment = default;
        return false;
    }
}
