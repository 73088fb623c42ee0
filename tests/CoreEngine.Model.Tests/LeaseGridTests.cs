// Goal: no two leases overlap for any clock error within the bound, and the check can fail. Method: every point of a
// grid of clock rates, reading errors, delays and lease durations on true time, holder and successor by the two
// functions that the lease rule uses; then the same with clocks a little beyond the bound.
using System;
using System.Collections.Generic;
using System.Linq;
using Xunit;

namespace CoreEngine.Model.Tests;

public sealed class LeaseGridTests
{
    private const long Million = 1_000_000;
    private const long Millisecond = 1_000_000;

    private static readonly long[] Durations = [Millisecond, 10 * Millisecond, 300 * Millisecond, 10_000 * Millisecond];
    private static readonly long[] Starts = [0, 1, 7_919, 123 * Millisecond, 86_400_000 * Millisecond];
    private static readonly ClockBound[] Bounds =
    [
        new(0, 0), new(0, 1_000), new(1, 0), new(200, 50), new(1_000, 1_000), new(20_000, 100_000),
        new(60_000, 1_000), new(99_999, 400_000),
    ];

    [Fact]
    public void No_two_leases_overlap_for_any_clock_error_within_the_bound()
    {
        long points = 0;
        foreach (ClockBound bound in Bounds)
        {
            foreach (Point point in Grid(bound, beyond: 0))
            {
                points++;
                long overlap = point.Overlap(bound);
                Assert.True(overlap <= 0, $"{point} under {bound}: both for {overlap} ns");
            }
        }

        Assert.True(points > 10_000, $"only {points} points");
    }

    [Fact]
    public void A_bound_exceeded_by_a_bit_shows_an_overlap()
    {
        foreach (ClockBound bound in Bounds)
        {
            Assert.Contains(Grid(bound, beyond: 50), point => point.Overlap(bound) > 0);
        }
    }

    [Fact]
    public void A_bound_taken_with_the_wrong_sign_shows_an_overlap_within_it()
    {
        // the holder goes on until the latest end, the successor starts at the earliest.
        foreach (ClockBound bound in Bounds.Where(bound => bound != default))
        {
            Assert.Contains(Grid(bound, beyond: 0), point => point.OverlapInverted(bound) > 0);
        }
    }

    [Fact]
    public void A_lease_is_of_use_within_the_bound()
    {
        // A rule that grants nothing would overlap with nothing.
        var bound = new ClockBound(1_000, 1_000);
        long end = bound.SurelyWithin(0, 300 * Millisecond);
        Assert.InRange(end, 299 * Millisecond, 300 * Millisecond);
        Assert.InRange(bound.SurelyOver(0, 300 * Millisecond), 300 * Millisecond, 301 * Millisecond);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1_000, 1_000)]
    [InlineData(60_000, 5)]
    public void An_elapsed_interval_holds_every_true_duration(int drift, long granularity)
    {
        var bound = new ClockBound(drift, granularity);
        foreach (long duration in Durations)
        {
            foreach (long rate in Rates(bound, 0))
            {
                foreach (long error in Errors(bound, 0))
                {
                    long measured = Measured(duration, rate) + error;
                    Assert.InRange(duration, bound.ElapsedMin(measured), bound.ElapsedMax(measured));
                }
            }
        }
    }

    [Fact]
    public void Arithmetic_saturates_and_never_wraps()
    {
        var bound = new ClockBound(99_999, long.MaxValue / 4);
        Assert.Equal(long.MaxValue, bound.ElapsedMax(long.MaxValue));
        Assert.Equal(long.MaxValue, bound.SurelyOver(long.MaxValue - 1, long.MaxValue / 2));
        Assert.Equal(5, bound.SurelyWithin(5, 1000));
        Assert.Equal(0, bound.ElapsedMin(-7));
        Assert.Throws<InvariantException>(() => new ClockBound(ClockBound.DriftMax, 0).ElapsedMax(1));
        Assert.Throws<InvariantException>(() => new ClockBound(0, -1).SurelyWithin(0, 1));
    }

    private static long Measured(long trueNs, long rate) => (long)((Int128)trueNs * (Million + rate) / Million);

    /// <summary>Clock rates at the edges, in the middle, and beyond the bound by so many parts in a million.</summary>
    private static long[] Rates(ClockBound bound, int beyond) =>
        [.. new long[] { -bound.DriftPartsPerMillion - beyond, 0, bound.DriftPartsPerMillion + beyond }.Distinct()];

    /// <summary>What reading the clock twice adds in sum; a rounded-down product may add one more by itself.</summary>
    private static long[] Errors(ClockBound bound, int beyond) =>
        beyond > 0 || bound.GranularityNs < 2 ? [0]
        : [-(bound.GranularityNs / 2) + 1, 0, (bound.GranularityNs / 2) - 1];

    private static IEnumerable<Point> Grid(ClockBound bound, int beyond) =>
        from duration in Durations
        from start in Starts
        from delay in new long[] { 0, 1, 50_000, duration / 2, duration * 2 }
        from holder in Rates(bound, beyond)
        from successor in Rates(bound, beyond)
        from error in Errors(bound, beyond)
        where bound.GranularityNs < duration / 2
        select new Point(duration, start, delay, holder, successor, error);

    /// <param name="DurationNs">Of the lease.</param>
    /// <param name="StartNs">What the clocks show when the entry is appended.</param>
    /// <param name="DelayNs">True time until the successor has received it.</param>
    /// <param name="Holder">Rate of the holder's clock, in parts in a million off.</param>
    /// <param name="Successor">Rate of the successor's.</param>
    /// <param name="ErrorNs">The holder's reading is late by it, the successor's early.</param>
    private sealed record Point(
        long DurationNs, long StartNs, long DelayNs, long Holder, long Successor, long ErrorNs)
    {
        /// <summary>True time from the successor's first commit to the holder's last read.</summary>
        internal long Overlap(ClockBound bound) => LastRead(bound.SurelyWithin) - FirstCommit(bound.SurelyOver);

        internal long OverlapInverted(ClockBound bound) => LastRead(bound.SurelyOver) - FirstCommit(bound.SurelyWithin);

        /// <summary>True time since the append at which the holder's clock shows its end.</summary>
        private long LastRead(Func<long, long, long> end)
        {
            long measured = end(StartNs, DurationNs) - StartNs + ErrorNs;
            return (long)((Int128)measured * Million / (Million + Holder));
        }

        private long FirstCommit(Func<long, long, long> end)
        {
            long measured = end(StartNs, DurationNs) - StartNs - ErrorNs;
            return DelayNs + (long)(((Int128)measured * Million + Million + Successor - 1) / (Million + Successor));
        }
    }
}
