using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>
/// Hands slot numbers of ended operations back to the shard's thread: many producers, one consumer, bounded.
/// </summary>
/// <remarks>
/// It cannot overflow: it has a cell for every slot, and a slot is reused only after it was taken from here.
/// </remarks>
internal sealed class CompletionQueue
{
    /// <summary>Slot number + 1; zero is empty.</summary>
    private readonly int[] _cells;

    private long _tail;

    /// <summary>Next cell to take. Consumer only.</summary>
    private long _head;

    /// <param name="capacity">A power of two, at least the number of slots.</param>
    internal CompletionQueue(int capacity)
    {
        Invariant.Holds(int.IsPow2(capacity));
        _cells = new int[capacity];
    }

    /// <summary>True when the next number can be taken.</summary>
    internal bool HasNext => Volatile.Read(ref _cells[_head & (_cells.Length - 1)]) != 0;

    /// <summary>Publishes a number together with everything written before.</summary>
    internal void Publish(int slot)
    {
        Invariant.Holds(slot >= 0);
        long place = Interlocked.Increment(ref _tail) - 1;
        Volatile.Write(ref _cells[place & (_cells.Length - 1)], slot + 1);
    }

    /// <summary>Takes the next number.</summary>
    internal bool TryTake(out int slot)
    {
        ref int cell = ref _cells[_head & (_cells.Length - 1)];
        slot = Volatile.Read(ref cell) - 1;
        if (slot < 0)
        {
            return false;
        }

        Volatile.Write(ref cell, 0);
        _head++;
        return true;
    }
}
