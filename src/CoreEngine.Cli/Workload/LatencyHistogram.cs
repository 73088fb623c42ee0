using System;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.Cli.Workload;

/// <summary>
/// Counts durations in log-linear buckets: 64 to each power of two, so a percentile errs by less than 1.6 % upward.
/// </summary>
/// <remarks>From 1 ns to 2^42 ns (73 minutes); longer ones count as the longest. Fixed memory, no allocation. Not
/// thread-safe.</remarks>
internal sealed class LatencyHistogram
{
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;
    private const int ExponentMax = 42;

    /// <summary>Buckets in all; their numbers are stable, so that counts may travel between processes.</summary>
    internal const int Buckets = (ExponentMax - SubBits + 1) * SubBuckets;

    private readonly long[] _counts = new long[Buckets];

    /// <summary>Durations counted.</summary>
    internal long Count { get; private set; }

    /// <summary>The longest duration's bucket, in nanoseconds.</summary>
    internal long Max => Quantile(1.0);

    internal long this[int bucket] => _counts[bucket];

    /// <summary>Counts one duration of so many nanoseconds, <paramref name="times"/> times.</summary>
    internal void Add(long nanoseconds, long times = 1) => AddBucket(BucketOf(nanoseconds), times);

    /// <summary>Counts into a bucket by its number.</summary>
    internal void AddBucket(int bucket, long times)
    {
        Invariant.Holds(times >= 0);
        _counts[bucket] += times;
        Count += times;
    }

    /// <summary>Adds all counts of another histogram.</summary>
    internal void Add(LatencyHistogram other)
    {
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            _counts[bucket] += other._counts[bucket];
        }

        Count += other.Count;
    }

    /// <summary>Takes away the counts of an earlier copy of this histogram.</summary>
    internal void Subtract(LatencyHistogram earlier)
    {
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            Invariant.Holds(_counts[bucket] >= earlier._counts[bucket]);
            _counts[bucket] -= earlier._counts[bucket];
        }

        Count -= earlier.Count;
    }

    internal void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>
    /// The duration in nanoseconds that a fraction of all durations does not exceed; 0 when nothing was counted.
    /// </summary>
    internal long Quantile(double fraction)
    {
        if (Count == 0)
        {
            return 0;
        }

        long rank = Math.Clamp((long)Math.Ceiling(fraction * Count), 1, Count);
        long seen = 0;
        int bucket = -1;
        while (seen < rank)
        {
            bucket++;
            seen += _counts[bucket];
        }

        return Upper(bucket);
    }

    /// <summary>The bucket of a duration.</summary>
    internal static int BucketOf(long nanoseconds)
    {
        long value = Math.Clamp(nanoseconds, 0, (1L << ExponentMax) - 1);
        if (value < SubBuckets)
        {
            return (int)value;
        }

        // The leading bit names the power, the next six bits the place within it.
        int shift = BitOperations.Log2((ulong)value) - SubBits;
        return ((shift + 1) << SubBits) + (int)((value >> shift) & (SubBuckets - 1));
    }

    /// <summary>The longest duration that counts into a bucket.</summary>
    internal static long Upper(int bucket)
    {
        if (bucket < SubBuckets)
        {
            return bucket;
        }

        int shift = (bucket >> SubBits) - 1;
        long low = (long)(SubBuckets + (bucket & (SubBuckets - 1))) << shift;
        return low + (1L << shift) - 1;
    }
}
