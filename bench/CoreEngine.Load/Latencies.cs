using System;
using System.Diagnostics;
using System.Numerics;
using System.Threading;

namespace CoreEngine.Load;

/// <summary>
/// Latencies in buckets of at most 1.6 % width, from 1 ns on. Recording allocates nothing and may be done by any
/// thread.
/// </summary>
internal sealed class Latencies
{
    private const int StepBits = 6;
    private const int Steps = 1 << StepBits;

    private readonly long[] _counts = new long[60 * Steps];
    private long _sum;

    /// <summary>How many were recorded.</summary>
    internal long Count
    {
        get
        {
            long count = 0;
            foreach (long inBucket in _counts)
            {
                count += inBucket;
            }

            return count;
        }
    }

    /// <summary>Mean in microseconds; 0 without any.</summary>
    internal double MeanUs => Count is var count && count > 0 ? _sum / 1000.0 / count : 0;

    /// <summary>Records the time since <paramref name="started"/>, a stamp of <see cref="Stopwatch"/>.</summary>
    internal void RecordSince(long started) =>
        Record((long)Stopwatch.GetElapsedTime(started).TotalNanoseconds);

    /// <param name="nanoseconds">Negative counts as 0.</param>
    internal void Record(long nanoseconds)
    {
        long value = long.Max(0, nanoseconds);
        Interlocked.Increment(ref _counts[BucketOf(value)]);
        Interlocked.Add(ref _sum, value);
    }

    /// <summary>The value below which the given share of all lies, in microseconds; 0 without any.</summary>
    /// <param name="share">Between 0 and 1.</param>
    internal double PercentileUs(double share)
    {
        long wanted = (long)Math.Ceiling(Count * share);
        long seen = 0;
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= wanted && seen > 0)
            {
                return MiddleOf(bucket) / 1000.0;
            }
        }

        return 0;
    }

    /// <summary>Takes in what another one has recorded.</summary>
    internal void Add(Latencies other)
    {
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            _counts[bucket] += other._counts[bucket];
        }

        _sum += other._sum;
    }

    private static int BucketOf(long value)
    {
        int shift = int.Max(0, BitOperations.Log2((ulong)value | 1) - StepBits);
        return (shift << StepBits) + (int)(value >> shift);
    }

    private static double MiddleOf(int bucket)
    {
        int shift = int.Max(0, (bucket >> StepBits) - 1);
        long low = (long)(bucket - (shift << StepBits)) << shift;
        return low + ((1L << shift) / 2.0);
    }
}
