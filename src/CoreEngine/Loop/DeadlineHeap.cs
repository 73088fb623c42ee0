using System;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>The groups that want to be ticked at some time, the earliest first: a binary heap.</summary>
/// <remarks>Shard's thread only. A group knows its place, so that its deadline moves in O(log n).</remarks>
internal sealed class DeadlineHeap
{
    private GroupRuntime[] _heap = new GroupRuntime[4];
    private int _count;

    /// <summary>The earliest deadline; <see cref="long.MaxValue"/> when there is none. Monotonic nanoseconds.</summary>
    internal long Earliest => _count == 0 ? long.MaxValue : _heap[0].Schedule.Deadline;

    /// <summary>Groups that have a deadline.</summary>
    internal int Count => _count;

    /// <summary>The group whose deadline is <see cref="Earliest"/>.</summary>
    internal GroupRuntime First
    {
        get
        {
            Invariant.Holds(_count > 0);
            return _heap[0];
        }
    }

    /// <summary>Moves a group's deadline; <see cref="long.MaxValue"/> takes it out.</summary>
    internal void Set(GroupRuntime group, long deadline)
    {
        int place = group.Schedule.HeapPlace - 1;
        if (place >= 0 && group.Schedule.Deadline == deadline)
        {
            return;
        }

        if (deadline == long.MaxValue)
        {
            if (place >= 0)
            {
                Remove(group, place);
            }

            return;
        }

        group.Schedule.Deadline = deadline;
        if (place < 0)
        {
            if (_count == _heap.Length)
            {
                Array.Resize(ref _heap, 2 * _count);
            }

            place = _count++;
            Put(group, place);
        }

        Sift(group, place);
    }

    private void Remove(GroupRuntime group, int place)
    {
        Invariant.Holds(_heap[place] == group);
        group.Schedule.HeapPlace = 0;
        GroupRuntime last = _heap[--_count];
        _heap[_count] = null!;
        if (last != group)
        {
            Put(last, place);
            Sift(last, place);
        }
    }

    private void Sift(GroupRuntime group, int place)
    {
        long deadline = group.Schedule.Deadline;
        while (place > 0 && _heap[(place - 1) / 2].Schedule.Deadline > deadline)
        {
            Put(_heap[(place - 1) / 2], place);
            place = (place - 1) / 2;
        }

        while (true)
        {
            int child = (2 * place) + 1;
            if (child + 1 < _count && _heap[child + 1].Schedule.Deadline < _heap[child].Schedule.Deadline)
            {
                child++;
            }

            if (child >= _count || _heap[child].Schedule.Deadline >= deadline)
            {
                break;
            }

            Put(_heap[child], place);
            place = child;
        }

        Put(group, place);
    }

    private void Put(GroupRuntime group, int place)
    {
        _heap[place] = group;
        group.Schedule.HeapPlace = place + 1;
    }
}
