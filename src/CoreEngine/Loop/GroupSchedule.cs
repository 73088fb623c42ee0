using System;
using System.Collections.Generic;
using System.Threading;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>A group's own part of its shard's schedule.</summary>
internal struct ScheduleEntry
{
    /// <summary>1 while the group stands among the arrivals, or somebody is about to put it there.</summary>
    internal int Arrived;

    /// <summary>The arrival before it.</summary>
    internal GroupRuntime? Earlier;

    /// <summary>Takes part in this turn.</summary>
    internal bool IsActive;

    /// <summary>The turn in which the core was told the time last.</summary>
    internal long BegunTurn;

    /// <summary>Rests, as of its last turn.</summary>
    internal bool IsResting;

    /// <summary>Was led here and did not rest, as of its last turn.</summary>
    internal bool IsLedAwake;

    /// <summary>Waits for the log to complete or to take something.</summary>
    internal bool WaitsForLog;

    /// <summary>Place in the heap of deadlines, from 1; 0 for none.</summary>
    internal int HeapPlace;

    /// <summary>Key in that heap. Monotonic nanoseconds.</summary>
    internal long Deadline;
}

/// <summary>Which groups of a shard have something to do: a turn touches no others, however many there are.</summary>
/// <remarks>
/// A group becomes active when a host or a worker signals it, a frame arrives for it, its deadline passes, the log has
/// moved while it waited for that, or when it has left something undone in the turn before.
/// <see cref="Signal"/> and <see cref="AnyArrival"/> may be called from any thread, the rest belongs to the shard's.
/// </remarks>
internal sealed class GroupSchedule
{
    /// <summary>Outputs kept for the next turns at least.</summary>
    private const int OutputsKeptMin = 32;

    private readonly Dictionary<uint, GroupRuntime> _byNumber = [];
    private readonly DeadlineHeap _deadlines = new();
    private readonly List<GroupRuntime> _active = [];
    private readonly List<GroupRuntime> _waiting = [];
    private readonly Stack<Outputs> _outputs = new();
    private GroupRuntime[] _all = new GroupRuntime[4];
    private int _count;

    /// <summary>Newest arrival; each knows the one before it.</summary>
    private GroupRuntime? _arrivals;

    /// <summary>All groups, in the order in which they were opened.</summary>
    internal ReadOnlySpan<GroupRuntime> All => _all.AsSpan(0, _count);

    /// <summary>The groups of this turn; grows while frames arrive.</summary>
    internal List<GroupRuntime> Active => _active;

    /// <summary>Groups that rest.</summary>
    internal int Resting { get; private set; }

    /// <summary>Groups that do not rest.</summary>
    internal int Awake => _count - Resting;

    /// <summary>Groups that are led here and do not rest.</summary>
    internal int LedAwake { get; private set; }

    /// <summary>When some group wants to be ticked. Monotonic nanoseconds.</summary>
    internal long NextDeadline => _deadlines.Earliest;

    internal GroupRuntime? Find(uint number) => _byNumber.GetValueOrDefault(number);

    /// <summary>A group was opened: it is due at once.</summary>
    internal void Add(GroupRuntime group)
    {
        _byNumber.Add(group.Number, group);
        if (_count == _all.Length)
        {
            Array.Resize(ref _all, 2 * _count);
        }

        _all[_count++] = group;
        _deadlines.Set(group, group.Deadline);
    }

    /// <summary>Any thread: something waits for the shard at this group. It is active in the next turn.</summary>
    /// <remarks>What waits must have been stored before.</remarks>
    internal void Signal(GroupRuntime group)
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref group.Schedule.Arrived) != 0
            || Interlocked.CompareExchange(ref group.Schedule.Arrived, 1, 0) != 0)
        {
            return;
        }

        GroupRuntime? head = Volatile.Read(ref _arrivals);
        while (true)
        {
            group.Schedule.Earlier = head;
            GroupRuntime? seen = Interlocked.CompareExchange(ref _arrivals, group, head);
            if (seen == head)
            {
                return;
            }

            head = seen;
        }
    }

    /// <summary>True when some group among the arrivals has work; those that wait for the log's end of a write have
    /// none.</summary>
    internal bool AnyArrival(EngineLoop loop)
    {
        for (GroupRuntime? group = Volatile.Read(ref _arrivals); group is not null; group = group.Schedule.Earlier)
        {
            if (loop.HasWork(group))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes a group into this turn.</summary>
    /// <returns>False when it takes part already.</returns>
    internal bool Activate(GroupRuntime group)
    {
        if (group.Schedule.IsActive)
        {
            return false;
        }

        group.Schedule.IsActive = true;
        group.Outputs = _outputs.TryPop(out Outputs? outputs) ? outputs : new Outputs();
        _active.Add(group);
        return true;
    }

    /// <summary>Gathers who takes part in the turn that begins, beside those left over from the last one.</summary>
    /// <param name="loop">The shard.</param>
    /// <param name="hasLogMoved">The log has completed something.</param>
    internal void Gather(EngineLoop loop, bool hasLogMoved)
    {
        TakeArrivals();
        while (_deadlines.Earliest <= loop.Now)
        {
            GroupRuntime due = _deadlines.First;
            _deadlines.Set(due, long.MaxValue);
            _ = Activate(due);
        }

        if (!hasLogMoved)
        {
            return;
        }

        int kept = 0;
        for (int i = 0; i < _waiting.Count; i++)
        {
            GroupRuntime group = _waiting[i];
            if (loop.MayLogServe(group))
            {
                group.Schedule.WaitsForLog = false;
                _ = Activate(group);
            }
            else
            {
                _waiting[kept++] = group;
            }
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
    }

    /// <summary>The end of a turn: whoever has nothing left to do leaves.</summary>
    internal void Settle(EngineLoop loop)
    {
        int kept = 0;
        for (int i = 0; i < _active.Count; i++)
        {
            GroupRuntime group = _active[i];
            _deadlines.Set(group, DeadlineOf(group));
            NoteLed(group);
            if (loop.HasUnfinished(group))
            {
                _active[kept++] = group;
                continue;
            }

            group.Schedule.IsActive = false;
            Keep(group.ReturnOutputs());
            NoteRest(group);
            if (!group.Schedule.WaitsForLog && group.IsAwaitingLog)
            {
                group.Schedule.WaitsForLog = true;
                _waiting.Add(group);
            }
        }

        _active.RemoveRange(kept, _active.Count - kept);
    }

    /// <summary>Groups that are awake take part again and again; those at rest need no outputs kept for them.</summary>
    private void Keep(Outputs outputs)
    {
        if (_outputs.Count < int.Max(Awake, OutputsKeptMin))
        {
            _outputs.Push(outputs);
        }
    }

    /// <summary>While a worker is in the machine, or a snapshot holds it, no read could be answered: the end of that is
    /// a signal. A deadline that nobody may act on would turn the loop without rest.</summary>
    private static long DeadlineOf(GroupRuntime group) =>
        group.Fault is not null ? long.MaxValue
        : group.Applier.IsRunning || group.Snapshots.HoldsApply ? group.Deadline
        : long.Min(group.Deadline, group.Reads.Deadline);

    private void NoteLed(GroupRuntime group)
    {
        bool isLedAwake = group.Fault is null && group.IsLeader && !group.Core.IsQuiescent;
        if (isLedAwake != group.Schedule.IsLedAwake)
        {
            group.Schedule.IsLedAwake = isLedAwake;
            LedAwake += isLedAwake ? 1 : -1;
        }
    }

    /// <summary>A group that has come to rest gives its memory back, once.</summary>
    private void NoteRest(GroupRuntime group)
    {
        bool rests = group.Fault is null && group.Core.IsQuiescent;
        if (rests == group.Schedule.IsResting)
        {
            return;
        }

        group.Schedule.IsResting = rests;
        Resting += rests ? 1 : -1;
        if (rests)
        {
            group.Rest();
            while (_outputs.Count > int.Max(Awake, OutputsKeptMin))
            {
                _ = _outputs.Pop();
            }
        }
    }

    private void TakeArrivals()
    {
        GroupRuntime? newest = Interlocked.Exchange(ref _arrivals, null);
        int first = _active.Count;
        while (newest is not null)
        {
            GroupRuntime group = newest;
            newest = group.Schedule.Earlier;
            group.Schedule.Earlier = null;

            // From here on it may arrive anew; a full fence, because its queues are looked at afterwards.
            Interlocked.Exchange(ref group.Schedule.Arrived, 0);
            _ = Activate(group);
        }

        // In the order in which they came.
        _active.Reverse(first, _active.Count - first);
    }
}
