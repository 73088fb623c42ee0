// Goal: the histogram counts everything, and its percentiles err by less than one bucket, upward only.
// Method: exact percentiles of sorted random durations beside the histogram's; every bucket's borders by its own
// arithmetic.
using System;
using System.Linq;
using CoreEngine.Cli.Workload;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Cli.Tests.Workload;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Every_bucket_ends_where_the_next_begins()
    {
        for (int bucket = 0; bucket < LatencyHistogram.Buckets; bucket++)
        {
            long upper = LatencyHistogram.Upper(bucket);
            Assert.Equal(bucket, LatencyHistogram.BucketOf(upper));
            Assert.Equal(int.Min(bucket + 1, LatencyHistogram.Buckets - 1), LatencyHistogram.BucketOf(upper + 1));
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.99)]
    [InlineData(0.999)]
    [InlineData(1.0)]
    public void A_percentile_is_at_most_one_part_in_64_above_the_exact_one(double fraction)
    {
        var prng = new Prng(7);
        long[] durations =
            [.. Enumerable.Range(0, 20_000).Select(_ => prng.Between(1, 1L << (int)prng.Between(2, 40)))];
        var histogram = new LatencyHistogram();
        foreach (long duration in durations)
        {
            histogram.Add(duration);
        }

        Array.Sort(durations);
        long exact = durations[(int)Math.Ceiling(fraction * durations.Length) - 1];
        long found = histogram.Quantile(fraction);

        Assert.InRange(found, exact, exact + (exact / 64) + 1);
    }

    [Fact]
    public void An_empty_histogram_has_no_percentile() => Assert.Equal(0, new LatencyHistogram().Quantile(0.99));

    [Fact]
    public void A_duration_beyond_the_range_counts_as_the_longest()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(long.MaxValue);
        histogram.Add(-5);

        Assert.Equal(2, histogram.Count);
        Assert.Equal(1, histogram[LatencyHistogram.Buckets - 1]);
        Assert.Equal(1, histogram[0]);
    }

    [Fact]
    public void Counts_that_are_added_and_taken_away_leave_the_rest()
    {
        var first = new LatencyHistogram();
        first.Add(100, 3);
        var sum = new LatencyHistogram();
        sum.Add(first);
        sum.Add(5_000_000);
        sum.Subtract(first);

        Assert.Equal(1, sum.Count);
        Assert.Equal(LatencyHistogram.Upper(LatencyHistogram.BucketOf(5_000_000)), sum.Quantile(0.5));
    }

    [Fact]
    public void A_line_of_progress_comes_back_as_it_was_written()
    {
        var tally = new Tally();
        tally.AddOk(isRead: true, 1_000_000);
        tally.AddOk(isRead: false, 2_000_000);
        tally.AddFail();
        tally.AddUnknown();
        tally.AddLoad(16, 1, 3_000_000);
        var written = new ProgressLine();
        tally.MoveTo(written);
        var read = new ProgressLine();

        Assert.True(read.TryRead(written.Format()));

        Assert.Equal(written.Counts, read.Counts);
        Assert.Equal(2, read.Single.Count);
        Assert.Equal(16, read.Loaded.Count);
        Assert.Equal(written.Single.Quantile(1), read.Single.Quantile(1));
        tally.MoveTo(written);
        Assert.Equal(default, written.Counts);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ready")]
    [InlineData("[]")]
    [InlineData("{\"ok\":")]
    [InlineData("{\"ok\":\"many\"}")]
    [InlineData("{\"single\":[99999,1]}")]
    [InlineData("{\"single\":[1,-1]}")]
    public void A_line_that_is_no_progress_is_refused(string line) => Assert.False(new ProgressLine().TryRead(line));
}
