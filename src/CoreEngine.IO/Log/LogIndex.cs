using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Where entries can be read on, one after another.</summary>
/// <param name="BatchLsn">The batch to begin with.</param>
/// <param name="CopiesFrom">They are copies of damaged ones, behind this position; 0 for entries in their first
/// place.</param>
/// <param name="Until">Last entry that can be read on from there.</param>
internal readonly record struct LogPiece(ulong BatchLsn, ulong CopiesFrom, ulong Until);

/// <summary>
/// Where the entries of each group stand: a sparse map from index to LSN, kept in memory and rebuilt by the scan at
/// open.
/// </summary>
/// <remarks>
/// Shard's thread only. Bounded: a point for at most every <c>spacing</c> bytes of the log, at most
/// <see cref="PointsMax"/> per group (then the
/// spacing doubles). A truncate marker drops the points above it, and the entry that follows gets a point of its own,
/// so that an entry
/// that was overwritten is never taken for the one in force.
/// </remarks>
internal sealed class LogIndex
{
    /// <summary>Points of one group at most.</summary>
    internal const int PointsMax = 4096;

    private const int PointsFirst = 2;
    private const int PointsQuiet = 128;
    private const ulong SpacingFirst = 64 * 1024;

    private readonly Dictionary<uint, Line> _lines = [];
    private Line? _recent;

    /// <summary>The first place where records are lost of which not even the groups are known.</summary>
    private ulong _unknownAt = ulong.MaxValue;

    /// <summary>Takes note of a record at its place in the log. Records come in the order of the log.</summary>
    internal void Add(in RecordHeader header, ulong batchLsn, ulong lsn)
    {
        switch (header.Type)
        {
            case RecordType.Entry or RecordType.Configuration when header.Index == 0:
                // A descriptor stands on no line; after damage it is written again.
                break;
            case RecordType.Entry or RecordType.Configuration:
                LineOf(header.Group).Add(header.Index, batchLsn, lsn);
                break;
            case RecordType.Truncate:
                LineOf(header.Group).Truncate(header.Index);
                break;
            case RecordType.Snapshot:
                LineOf(header.Group).Restart(header.Index);
                break;
            case RecordType.Trim:
                LineOf(header.Group).Trim(header.Index);
                break;
            case RecordType.Repair when header.Flags == RepairFlags.Cut:
                LineOf(header.Group).Truncate(header.Index);
                break;
            case RecordType.Repair when header.Flags == RepairFlags.Copies:
                LineOf(header.Group).Repair(header.Index, header.Term, batchLsn, lsn);
                break;
            default:
                break;
        }
    }

    /// <summary>Takes note of records that cannot be read: what follows them has a place of its own.</summary>
    /// <remarks>
    /// The damaged place stays needed while its entries are not trimmed, also when copies of them stand further on:
    /// recovery reads in order, and meets there what the copies stand for.
    /// </remarks>
    internal void AddDamage(LogDamage damage)
    {
        if (damage.Lost is null)
        {
            _unknownAt = ulong.Min(_unknownAt, damage.Lsn);
        }

        foreach (Line line in _lines.Values)
        {
            line.Break();
            line.Need(_unknownAt);
        }

        foreach (Run run in damage.Lost ?? [])
        {
            bool isCut = run.Type == RecordType.Repair && run.Term == ulong.MaxValue;
            if (run.Type == RecordType.Truncate || isCut)
            {
                LineOf(run.Group).Truncate(run.First);
            }
            else if (run.Type == RecordType.Entry && run.First > 0)
            {
                LineOf(run.Group).Lose(run.First, run.Last);
                LineOf(run.Group).Need(damage.Lsn);
            }
        }
    }

    /// <summary>Everything before this position is of no use to any group's line.</summary>
    internal ulong Needed()
    {
        ulong needed = ulong.MaxValue;
        foreach (Line line in _lines.Values)
        {
            needed = ulong.Min(needed, line.Needed);
        }

        return needed;
    }

    /// <summary>A group goes on from its first entry in the log, whatever was trimmed: no snapshot stands for
    /// it.</summary>
    internal void Untrim(uint group)
    {
        if (_lines.TryGetValue(group, out Line? line))
        {
            line.Untrim();
        }
    }

    /// <summary>Segments were given up: the log begins at this position.</summary>
    internal void DropBelow(ulong lsn)
    {
        foreach (Line line in _lines.Values)
        {
            line.DropBelow(lsn);
        }
    }

    /// <summary>
    /// The last index that stands at least so many bytes of the log before another one; 0 when none is known to.
    /// </summary>
    internal ulong IndexBefore(uint group, ulong index, ulong bytes) =>
        _lines.TryGetValue(group, out Line? line) ? line.IndexBefore(index, bytes) : 0;

    /// <summary>Index of the last entry in force; zero when the group has none.</summary>
    internal ulong LastOf(uint group) => _lines.TryGetValue(group, out Line? line) ? line.Last : 0;

    /// <summary>Finds where to start reading so that <paramref name="index"/> is met.</summary>
    /// <returns>False when the log holds no such entry, or none that the map still reaches.</returns>
    internal bool TryFind(uint group, ulong index, out ulong batchLsn)
    {
        batchLsn = 0;
        return _lines.TryGetValue(group, out Line? line) && line.TryFind(index, out batchLsn);
    }

    /// <summary>
    /// True when the entry at <paramref name="lsn"/> is in force: not truncated away, not overwritten since.
    /// </summary>
    internal bool IsInForce(uint group, ulong index, ulong lsn) =>
        _lines.TryGetValue(group, out Line? line) && line.IsInForce(index, lsn);

    /// <summary>Where to read an entry, and up to which index the entries can be read on from there.</summary>
    /// <returns>False when the log holds no such entry, or none that the map still reaches.</returns>
    internal bool TryFind(uint group, ulong index, out LogPiece piece)
    {
        piece = default;
        return _lines.TryGetValue(group, out Line? line) && line.TryFindPiece(index, out piece);
    }

    /// <summary>
    /// The entries in force that may stand between two positions: at most a point's spacing too many on either side.
    /// </summary>
    internal void AddWithin(ulong lsn, ulong end, List<(uint Group, ulong First, ulong Last)> found)
    {
        foreach (Line line in _lines.Values)
        {
            line.AddWithin(lsn, end, found);
        }
    }

    /// <summary>Whether a damaged place may be where an entry is read from.</summary>
    /// <param name="until">The same holds for the entries up to here.</param>
    internal bool MayStandWithin(uint group, ulong index, LogDamage damage, out ulong until)
    {
        until = ulong.MaxValue;
        if (!TryFind(group, index, out LogPiece piece))
        {
            return true;
        }

        // An entry that was written again behind the place, or is read as a copy elsewhere, has lost nothing there.
        until = piece.Until;
        bool isCopied = piece.CopiesFrom > 0;
        return piece.BatchLsn < damage.EndLsn && (!isCopied || piece.BatchLsn >= damage.Lsn);
    }

    /// <summary>Changes whenever entries of a group can be read elsewhere than before.</summary>
    internal int RepairsOf(uint group) => _lines.TryGetValue(group, out Line? line) ? line.Repairs : 0;

    private Line LineOf(uint group)
    {
        if (_recent is { } recent && recent.Group == group)
        {
            return recent;
        }

        if (!_lines.TryGetValue(group, out Line? line))
        {
            line = new Line(group);
            line.Need(_unknownAt);
            _lines.Add(group, line);
        }

        _recent = line;
        return line;
    }

    /// <param name="First">Index of the entry.</param>
    /// <param name="Lsn">Where the entry stands.</param>
    /// <param name="BatchLsn">Where its batch starts.</param>
    /// <param name="IsBreak">The entry does not continue the one before it in the log: the point must stay.</param>
    private readonly record struct Point(ulong First, ulong Lsn, ulong BatchLsn, bool IsBreak);

    /// <summary>Where copies of entries stand that were damaged.</summary>
    private readonly record struct Copies(ulong First, ulong Last, ulong BatchLsn, ulong Lsn);

    /// <summary>The points of one group, rising in index and in LSN.</summary>
    private sealed class Line(uint group)
    {
        private Point[] _points = new Point[PointsFirst];
        private int _count;
        private ulong _spacing = SpacingFirst;
        private bool _breaks;

        internal uint Group => group;

        internal ulong Last { get; private set; }

        /// <summary>Copies of damaged entries, in the order in which they were written.</summary>
        private readonly List<Copies> _copies = [];

        /// <summary>Entries that follow as copies: they stand for others and end nothing.</summary>
        private ulong _copiesLeft;

        /// <summary>How many repairs were noted, ever.</summary>
        internal int Repairs { get; private set; }

        /// <summary>The batch of the first entry that is not trimmed; <see cref="ulong.MaxValue"/>: no entry is
        /// needed.</summary>
        internal ulong Needed { get; private set; } = ulong.MaxValue;

        internal void Add(ulong index, ulong batchLsn, ulong lsn)
        {
            if (_copiesLeft > 0)
            {
                _copiesLeft--;
                return;
            }

            bool follows = !_breaks && _count > 0 && index == Last + 1;
            if (!follows)
            {
                DropFrom(index);
            }

            Last = index;
            Needed = ulong.Min(Needed, batchLsn);
            if (follows && lsn - _points[_count - 1].Lsn < _spacing)
            {
                return;
            }

            if (_count == _points.Length)
            {
                MakeRoom();
            }

            _points[_count++] = new Point(index, lsn, batchLsn, !follows);
            _breaks = false;
        }

        internal void Truncate(ulong last)
        {
            if (last >= Last)
            {
                return;
            }

            DropFrom(last + 1);
            Last = last;
            _breaks = true;
            _copies.RemoveAll(copies => copies.First > last);
            for (int i = 0; i < _copies.Count; i++)
            {
                _copies[i] = _copies[i] with { Last = ulong.Min(_copies[i].Last, last) };
            }
        }

        /// <summary>Nothing from this position on may be given up while the line needs entries.</summary>
        internal void Need(ulong lsn) => Needed = ulong.Min(Needed, lsn);

        /// <summary>The entry that comes next gets a point of its own.</summary>
        internal void Break() => _breaks = true;

        internal void Lose(ulong first, ulong last)
        {
            DropFrom(first);
            Last = last;
            _breaks = true;
        }

        internal void Repair(ulong first, ulong last, ulong batchLsn, ulong lsn)
        {
            _copies.Add(new Copies(first, last, batchLsn, lsn));
            _copiesLeft = last - first + 1;
            Repairs++;
        }

        /// <summary>The newest copy of an entry counts, before its place on the line.</summary>
        internal bool TryFindPiece(ulong index, out LogPiece piece)
        {
            bool found = TryFind(index, out ulong batchLsn);
            ulong until = ulong.MaxValue;
            for (int i = _copies.Count - 1; i >= 0 && index <= Last; i--)
            {
                Copies copies = _copies[i];
                if (copies.First > index)
                {
                    until = ulong.Min(until, copies.First - 1);
                }
                else if (index <= copies.Last)
                {
                    piece = new LogPiece(copies.BatchLsn, copies.Lsn, ulong.Min(until, copies.Last));
                    return true;
                }
            }

            piece = new LogPiece(batchLsn, 0, until);
            return found;
        }

        /// <summary>The line goes on behind an index that is not in the log.</summary>
        internal void Restart(ulong index)
        {
            _count = 0;
            _copies.Clear();
            _copiesLeft = 0;
            Last = index;
            Needed = ulong.MaxValue;
            _breaks = true;
        }

        /// <summary>Entries up to an index are of no use any more.</summary>
        internal void Trim(ulong index)
        {
            if (index > Last)
            {
                Restart(index);
                return;
            }

            // The points stay as long as their segments: a snapshot may turn out to be damaged at the next opening.
            int place = PlaceOf(index + 1);
            _breaks |= index == Last;
            if (index == Last)
            {
                Needed = ulong.MaxValue;
            }
            else if (place >= 0)
            {
                // It may stand before the first entry that is needed: what its batch begins with is shown to nobody.
                Needed = _points[place].BatchLsn;
            }
        }

        /// <summary>What was trimmed is needed after all, as far as it is there.</summary>
        internal void Untrim() => Needed = _count > 0 ? ulong.Min(Needed, _points[0].BatchLsn) : Needed;

        /// <summary>The log begins at this position from now on.</summary>
        internal void DropBelow(ulong lsn)
        {
            int gone = 0;
            while (gone < _count && _points[gone].BatchLsn < lsn)
            {
                gone++;
            }

            Array.Copy(_points, gone, _points, 0, _count - gone);
            _count -= gone;
            _copies.RemoveAll(copies => copies.BatchLsn < lsn);
        }

        internal ulong IndexBefore(ulong index, ulong bytes)
        {
            int place = PlaceOf(index);
            if (place < 0)
            {
                return 0;
            }

            ulong end = _points[place].Lsn;
            while (place >= 0 && end - _points[place].Lsn < bytes)
            {
                place--;
            }

            return place < 0 ? 0 : _points[place].First - 1;
        }

        internal bool TryFind(ulong index, out ulong batchLsn)
        {
            int place = PlaceOf(index);
            batchLsn = place >= 0 ? _points[place].BatchLsn : 0;
            return place >= 0 && index <= Last;
        }

        internal bool IsInForce(ulong index, ulong lsn)
        {
            int place = PlaceOf(index);
            return place >= 0 && index <= Last && _points[place].Lsn <= lsn;
        }

        internal void AddWithin(ulong lsn, ulong end, List<(uint Group, ulong First, ulong Last)> found)
        {
            for (int i = 0; i < _count; i++)
            {
                // An entry so far behind its point would have one of its own.
                bool isLast = i + 1 == _count;
                ulong reach = _points[i].Lsn + _spacing;
                ulong until = isLast ? reach : ulong.Min(reach, _points[i + 1].Lsn);
                if (_points[i].Lsn < end && until > lsn)
                {
                    found.Add((Group, _points[i].First, isLast ? Last : _points[i + 1].First - 1));
                }
            }

            foreach (Copies copies in _copies)
            {
                if (copies.BatchLsn >= lsn && copies.BatchLsn < end)
                {
                    found.Add((Group, copies.First, copies.Last));
                }
            }
        }

        private void DropFrom(ulong index)
        {
            while (_count > 0 && _points[_count - 1].First >= index)
            {
                _count--;
            }
        }

        /// <summary>The last point at or below an index.</summary>
        private int PlaceOf(ulong index)
        {
            int low = 0;
            int high = _count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (_points[middle].First <= index)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            return low - 1;
        }

        private void MakeRoom()
        {
            if (_count < PointsMax)
            {
                // A group that has filled so many is busy: it gets all at once, and allocates nothing from then on.
                Array.Resize(ref _points, _count < PointsQuiet ? _count * 2 : PointsMax);
                return;
            }

            int kept = 0;
            for (int i = 0; i < _count; i++)
            {
                if (_points[i].IsBreak || i % 2 == 0)
                {
                    _points[kept++] = _points[i];
                }
            }

            // Nothing but breaks: forget the oldest half. What lies below is then not found, which is safe.
            if (kept == _count)
            {
                kept = _count / 2;
                Array.Copy(_points, _count - kept, _points, 0, kept);
            }

            _count = kept;
            _spacing *= 2;
        }
    }
}
