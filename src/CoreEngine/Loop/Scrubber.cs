using System.Collections.Generic;
using CoreEngine.IO.Log;
using CoreEngine.IO.Scrub;
using CoreEngine.IO.Snapshots;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>
/// Reads everything that this shard keeps, slowly and again and again, so that rot is found while other replicas still
/// have what was lost, and sees to it that it is made good.
/// </summary>
/// <remarks>
/// Shard's thread only. One read at a time, of a window, at a byte rate that leaves the medium to replication. Found
/// damage waits here until it is made good; while too much waits nothing more is looked for.
/// </remarks>
internal sealed class Scrubber
{
    private const long NsPerSecond = 1_000_000_000;
    private const int TasksMax = 1024;

    private readonly EngineLoop _loop;
    private readonly long _bytesPerSecond;
    private readonly long _everyNs;
    private readonly List<DamageTask> _tasks = [];
    private readonly Queue<uint> _groups = new();
    private readonly List<(uint Group, ulong First, ulong Last)> _near = [];
    private ScrubReader? _reader;
    private LogScrub? _log;
    private SnapshotScrub? _snapshot;
    private long _paidUntilNs;
    private long _nextPassNs;
    private bool _isPassing;

    internal Scrubber(EngineLoop loop)
    {
        _loop = loop;
        long rate = loop.Options.ScrubBytesPerSecond;
        _bytesPerSecond = rate == 0 ? 0 : long.Max(1, rate / loop.Options.Shards);
        _everyNs = loop.Options.ScrubEvery.Ticks * 100;
    }

    /// <summary>Found, and not made good so far.</summary>
    internal int Open => _tasks.Count;

    /// <summary>When the next read may start. Monotonic nanoseconds; what is being read announces itself.</summary>
    internal long NextDeadline => _bytesPerSecond == 0 || _reader is { IsBusy: true } || _tasks.Count >= TasksMax
        ? long.MaxValue
        : long.Max(_paidUntilNs, _isPassing ? 0 : _nextPassNs);

    private int WindowBytes => int.Max(SnapshotScrub.WindowBytes, _loop.Log.Options.CursorBytes);

    /// <summary>Goes on. Returns true when something was done.</summary>
    internal bool Turn()
    {
        if (_nextPassNs == 0)
        {
            // Opening has just read everything.
            _nextPassNs = _loop.Now + _everyNs;
        }

        bool any = StepTasks();
        if (_loop.Now < NextDeadline || _loop.Log.Fault is not null)
        {
            return any;
        }

        if (_reader is null)
        {
            _reader = new ScrubReader(_loop.Snapshots, WindowBytes);
            _log = new LogScrub(_loop.Log, _reader);
        }

        if (!_isPassing)
        {
            BeginPass();
        }

        long before = _reader.BytesRead;
        if (!StepLog() && !StepSnapshots() && !_reader.IsBusy)
        {
            _isPassing = false;
            _loop.Counters.ScrubPasses++;
        }

        long read = _reader.BytesRead - before;
        _loop.Counters.ScrubbedBytes += read;
        _paidUntilNs = long.Max(_paidUntilNs, _loop.Now)
            + (read / _bytesPerSecond * NsPerSecond) + (read % _bytesPerSecond * NsPerSecond / _bytesPerSecond);
        return true;
    }

    private void BeginPass()
    {
        _isPassing = true;
        _nextPassNs = _loop.Now + _everyNs;
        _log!.Begin();
        foreach (uint group in _loop.Snapshots.Groups)
        {
            _groups.Enqueue(group);
        }
    }

    private bool StepTasks()
    {
        bool any = false;
        for (int i = _tasks.Count - 1; i >= 0; i--)
        {
            if (_tasks[i].Step(_loop))
            {
                _tasks.RemoveAt(i);
                _loop.Counters.DamageRepaired++;
                any = true;
            }
        }

        return any;
    }

    /// <returns>False when the log was looked at to its end.</returns>
    private bool StepLog()
    {
        if (!_log!.IsRunning)
        {
            return false;
        }

        LogDamage? damage = _log.Step();
        if (damage is not null)
        {
            Note(damage);
        }

        return _log.IsRunning || damage is not null;
    }

    private bool StepSnapshots()
    {
        if (_snapshot is null)
        {
            SnapshotFile? next = null;
            while (next is null && _groups.TryDequeue(out uint group))
            {
                next = _loop.Snapshots.Newest(group);
            }

            if (next is null)
            {
                return false;
            }

            _snapshot = new SnapshotScrub(_reader!, next);
        }

        SnapshotFile file = _snapshot.File;
        SnapshotFinding finding = SnapshotFinding.Sound;
        if (_loop.Snapshots.Newest(file.Manifest.Group) == file)
        {
            finding = _snapshot.Step();
        }
        else
        {
            // Another one may stand under its name by now.
            _reader!.Release();
        }

        if (finding != SnapshotFinding.None)
        {
            _snapshot = null;
        }

        if (finding == SnapshotFinding.Damaged)
        {
            Note(file);
        }

        return true;
    }

    private void Note(SnapshotFile file)
    {
        _loop.Counters.DamageFound++;
        GroupRuntime? group = _loop.Find(file.Manifest.Group);
        if (group is null || group.Fault is not null)
        {
            _loop.Options.Log?.Invoke($"{file.Name} is damaged, and its group is not open");
            return;
        }

        _loop.Activate(group);
        group.Snapshots.NoteDamage(file);
        _tasks.Add(new DamageTask(group, null, 0, 0));
    }

    private void Note(LogDamage damage)
    {
        _loop.Options.Log?.Invoke($"rot was found, and is repaired: {damage}");
        _loop.Log.NoteDamage(damage);
        int before = _tasks.Count;
        if (damage.Lost is null)
        {
            // Not even its neighbours tell what stood there: everything that may have is made sure of.
            _near.Clear();
            _loop.Log.Index.AddWithin(damage.Lsn, damage.EndLsn, _near);
            foreach ((uint group, ulong first, ulong last) in _near)
            {
                Add(group, damage, first, last, 0);
            }
        }

        foreach (Run run in damage.Lost ?? [])
        {
            if (run.Type == RecordType.Entry && run.First > 0)
            {
                Add(run.Group, damage, run.First, run.Last, run.Term);
            }
            else if (run.Type == RecordType.Repair && run.First > 0 && run.Term != ulong.MaxValue)
            {
                Add(run.Group, damage, run.First, run.Term, 0);
            }
        }

        _loop.Counters.DamageFound += int.Max(1, _tasks.Count - before);
        if (_tasks.Count == before)
        {
            // Nothing but marks, which are written again, or what nobody needs any more.
            _loop.Counters.DamageRepaired++;
        }
    }

    /// <param name="term">Of the entries that stood there; 0: whatever it is.</param>
    private void Add(uint number, LogDamage damage, ulong first, ulong last, ulong term)
    {
        GroupRuntime? group = _loop.Find(number);
        if (group is null)
        {
            // Its opening will meet the damage, and claim what is lost.
            return;
        }

        ulong from = ulong.Max(first, group.Suffix.BaseIndex + 1);
        ulong to = ulong.Min(last, group.Suffix.LastIndex);
        while (term != 0 && from <= to && group.Suffix.TermAt(to) != term)
        {
            to--;
        }

        while (term != 0 && from <= to && group.Suffix.TermAt(from) != term)
        {
            from++;
        }

        if (from <= to)
        {
            _tasks.Add(new DamageTask(group, damage, from, to));
        }
    }
}
