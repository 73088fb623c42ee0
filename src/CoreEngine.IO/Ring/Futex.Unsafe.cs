using System;
using System.Runtime.CompilerServices;

namespace CoreEngine.IO.Ring;

/// <summary>One word on which threads of this process sleep and wake each other, alone on its cache line.</summary>
/// <remarks>
/// A futex wakes exactly one thread with one call and needs no drain, where an eventfd needs a write, a poll and a
/// read.
/// The word lives in a pinned array, so a late wake never touches freed memory.
/// </remarks>
internal sealed class Futex
{
    private const int LineInts = 16;

    // Twice two lines, the word in the middle: no neighbour shares its line wherever the array starts.
    private readonly int[] _line = GC.AllocateArray<int>(4 * LineInts, pinned: true);

    /// <summary>The word. Use Volatile and Interlocked.</summary>
    internal ref int Word => ref _line[2 * LineInts];

    // Pinned for its life and kept alive by the field: the address stays valid as long as this object.
    private unsafe nint Address => (nint)Unsafe.AsPointer(ref Word);

    /// <summary>Sleeps while the word is <paramref name="expected"/>; may return without reason.</summary>
    /// <param name="expected">Sleep only if the word still holds this.</param>
    /// <param name="timeoutNs">Longest sleep; negative: without an end.</param>
    internal void Wait(int expected, long timeoutNs)
    {
        if (timeoutNs < 0)
        {
            NativeMethods.FutexWait(Address, expected);
        }
        else
        {
            var timeout = new NativeMethods.TimeSpec(timeoutNs / 1_000_000_000, timeoutNs % 1_000_000_000);
            NativeMethods.FutexWait(Address, expected, in timeout);
        }

        GC.KeepAlive(this);
    }

    /// <summary>Wakes at most <paramref name="count"/> sleepers.</summary>
    internal void Wake(int count)
    {
        NativeMethods.FutexWake(Address, count);
        GC.KeepAlive(this);
    }
}
