using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// The parts of the stream that cannot be read: cursors pass over them, since what stood there stands elsewhere by now
/// or is not asked for.
/// </summary>
/// <remarks>Shard's thread only. As many as the medium has bad places.</remarks>
internal sealed class DamagedSpans
{
    private readonly List<(ulong From, ulong To)> _spans = [];

    internal int Count => _spans.Count;

    internal void Add(ulong from, ulong to)
    {
        Invariant.Holds(from < to);
        _spans.Add((from, to));
    }

    /// <summary>Where reading goes on when a position lies in a bad place; else the position.</summary>
    internal ulong Pass(ulong lsn)
    {
        // Spans may touch each other, in any order: as many rounds as spans pass all of them.
        for (int round = 0; round < _spans.Count; round++)
        {
            ulong before = lsn;
            foreach ((ulong from, ulong to) in _spans)
            {
                lsn = lsn >= from && lsn < to ? to : lsn;
            }

            if (lsn == before)
            {
                break;
            }
        }

        return lsn;
    }
}
