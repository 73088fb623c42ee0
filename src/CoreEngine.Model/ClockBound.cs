using System;

namespace CoreEngine.Model;

/// <summary>How far a monotonic clock may be wrong about a duration: the one thing that a lease trusts clocks for
/// (requirements S1-14, S2-35).</summary>
/// <remarks>
/// Interval arithmetic on durations, never on dates: a measured duration stands for an interval of true ones, the
/// holder of a lease takes its long end and the successor its short end. A clock that stands still while the machine is
/// suspended keeps no bound; the engine measures by one that does not.
/// </remarks>
/// <param name="DriftPartsPerMillion">The clock's rate is within this of the true one; at least 0, below
/// <see cref="DriftMax"/>.</param>
/// <param name="GranularityNs">What reading it adds, in nanoseconds; at least 0.</param>
public readonly record struct ClockBound(int DriftPartsPerMillion, long GranularityNs)
{
    /// <summary>A drift must be below this: a tenth.</summary>
    public const int DriftMax = 100_000;

    private const long Million = 1_000_000;

    /// <summary>A thousand parts in a million, twice what a clock that is being corrected by the network may go wrong,
    /// and a microsecond.</summary>
    public static ClockBound Default { get; } = new(1_000, 1_000);

    /// <summary>True when both numbers are within their ranges.</summary>
    public bool IsSound => DriftPartsPerMillion is >= 0 and < DriftMax && GranularityNs >= 0;

    /// <summary>The most true time that may have passed while the clock measured this. Nanoseconds, rounded
    /// up.</summary>
    public long ElapsedMax(long measuredNs)
    {
        Invariant.Holds(IsSound);
        Int128 scaled = (Int128)long.Max(measuredNs, 0) * Million;
        return Saturate(DivideUp(scaled, Million - DriftPartsPerMillion) + GranularityNs);
    }

    /// <summary>The least true time that has surely passed while the clock measured this. Nanoseconds, rounded
    /// down.</summary>
    public long ElapsedMin(long measuredNs)
    {
        Invariant.Holds(IsSound);
        Int128 least = ((Int128)long.Max(measuredNs, 0) * Million / (Million + DriftPartsPerMillion)) - GranularityNs;
        return Saturate(Int128.Max(least, 0));
    }

    /// <summary>Until when, on this clock, a duration that began at <paramref name="fromNs"/> has surely not ended: the
    /// end is excluded.</summary>
    public long SurelyWithin(long fromNs, long durationNs)
    {
        Invariant.Holds(IsSound);
        Int128 measured = (Int128)long.Max(durationNs - GranularityNs, 0) * (Million - DriftPartsPerMillion) / Million;
        return Saturate(fromNs + measured);
    }

    /// <summary>From when on, on this clock, a duration that began at <paramref name="fromNs"/> has surely
    /// ended.</summary>
    public long SurelyOver(long fromNs, long durationNs)
    {
        Invariant.Holds(IsSound);
        Int128 scaled = ((Int128)durationNs + GranularityNs) * (Million + DriftPartsPerMillion);
        return Saturate(fromNs + DivideUp(scaled, Million));
    }

    /// <summary>For people: 1000 ppm + 1000 ns.</summary>
    public override string ToString() => $"{DriftPartsPerMillion} ppm + {GranularityNs} ns";

    private static Int128 DivideUp(Int128 value, long divisor) => (value + divisor - 1) / divisor;

    private static long Saturate(Int128 value) => value > long.MaxValue ? long.MaxValue : (long)value;
}
