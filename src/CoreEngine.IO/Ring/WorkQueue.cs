using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>
/// Hands slot numbers from the shard's thread to the disk threads: one producer, many consumers, bounded.
/// </summary>
/// <remarks>
/// The futex word counts what is published and not yet taken; each release wakes as many sleepers as there is new work,
/// so a
/// single operation wakes a single thread. Threads do not spin: on few cores that costs more than it saves.
/// </remarks>
internal sealed class WorkQueue
{
    private const int Empty = -1;

    private readonly int[] _cells;
    private readonly Futex _available = new();

    /// <summary>Next cell to fill. Producer only.</summary>
    private long _tail;

    /// <summary>Next cell to take. Shared by the consumers.</summary>
    private long _head;

    private int _sleepers;

    /// <param name="capacity">A power of two, at least the number of slots.</param>
    internal WorkQueue(int capacity)
    {
        Invariant.Holds(int.IsPow2(capacity));
        _cells = new int[capacity];
        System.Array.Fill(_cells, Empty);
    }

    /// <summary>Places a number; consumers see it after <see cref="Release"/>.</summary>
    /// <returns>
    /// False when a consumer has claimed the cell a lap ago and has not read it yet. It has still to complete that
    /// operation, so the
    /// producer is woken again and may then retry.
    /// </returns>
    internal bool TryPublish(int slot)
    {
        Invariant.Holds(slot >= 0);
        ref int cell = ref _cells[_tail & (_cells.Length - 1)];
        if (Volatile.Read(ref cell) != Empty)
        {
            return false;
        }

        Volatile.Write(ref cell, slot);
        _tail++;
        return true;
    }

    /// <summary>Lets consumers take <paramref name="count"/> published numbers.</summary>
    internal void Release(int count)
    {
        Invariant.Holds(count > 0);
        _ = Interlocked.Add(ref _available.Word, count);

        // The add is a full fence: a consumer that counted itself among the sleepers before it rechecked is seen here.
        if (Volatile.Read(ref _sleepers) > 0)
        {
            _available.Wake(count);
        }
    }

    /// <summary>Takes the next number; sleeps while there is none.</summary>
    internal int Take()
    {
        AcquirePermit();
        long place = Interlocked.Increment(ref _head) - 1;
        ref int cell = ref _cells[place & (_cells.Length - 1)];
        int slot = Volatile.Read(ref cell);
        Invariant.Holds(slot != Empty);
        Volatile.Write(ref cell, Empty);
        return slot;
    }

    private void AcquirePermit()
    {
        while (true)
        {
            int count = Volatile.Read(ref _available.Word);
            if (count > 0)
            {
                if (Interlocked.CompareExchange(ref _available.Word, count - 1, count) == count)
                {
                    return;
                }

                continue;
            }

            _ = Interlocked.Increment(ref _sleepers);
            _available.Wait(0, -1);
            _ = Interlocked.Decrement(ref _sleepers);
        }
    }
}
