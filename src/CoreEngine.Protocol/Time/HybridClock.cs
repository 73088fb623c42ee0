using CoreEngine.Model;

namespace CoreEngine.Protocol.Time;

/// <summary>A hybrid logical clock (Kulkarni and others 2014): wall milliseconds in the high 48 bits, a counter in
/// the low 16.</summary>
/// <remarks>Never falls, whatever the wall clock does. When a counter overflows it runs into the milliseconds: still
/// rising.</remarks>
internal struct HybridClock
{
    private const int CounterBits = 16;
    private const long NsPerMs = 1_000_000;

    /// <summary>The wall clock's part of a stamp, in milliseconds since 1970.</summary>
    internal static ulong MillisecondsOf(ulong stamp) => stamp >> CounterBits;

    /// <summary>The last stamp given or seen.</summary>
    internal ulong Last { get; private set; }

    /// <summary>A new stamp, above every one given or seen so far.</summary>
    /// <param name="wallNs">Wall clock, nanoseconds since 1970; below zero counts as zero.</param>
    internal ulong Next(long wallNs)
    {
        ulong physical = (ulong)(long.Max(wallNs, 0) / NsPerMs) << CounterBits;
        ulong before = Last;
        Last = physical > Last ? physical : Last + 1;
        Invariant.Holds(Last > before);
        return Last;
    }

    /// <summary>Another clock's stamp was seen: later ones of this clock stand above it.</summary>
    internal void Observe(ulong stamp)
    {
        // A stamp at the very end of the range could not be followed by another one; it is no time that a clock shows.
        if (stamp > Last && stamp < ulong.MaxValue >> 1)
        {
            Last = stamp;
        }
    }
}
