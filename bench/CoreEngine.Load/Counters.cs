using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;

namespace CoreEngine.Load;

/// <summary>What a process has used up: two of them give the cost of what lies between.</summary>
/// <param name="At">Stamp of <see cref="Stopwatch"/>.</param>
/// <param name="AllocatedBytes">Managed bytes, all threads, exact.</param>
/// <param name="Collections">Collections of generation 0 and above.</param>
/// <param name="CpuUs">User and system time of all threads, in microseconds.</param>
/// <param name="Writes">Durable writes so far: as the process's logs count them, else write calls to files.</param>
internal readonly record struct Counters(long At, long AllocatedBytes, int Collections, double CpuUs, long Writes)
{
    /// <summary>Where durable writes are counted: what goes through io_uring is no call to the kernel.</summary>
    internal static Func<long> DurableWrites { get; set; } = static () => WritesOf("self");

    /// <summary>
    /// Reads this process's counters at the start of a stretch: what reading allocates is not part of it.
    /// </summary>
    internal static Counters AtStart()
    {
        long writes = DurableWrites();
        double cpu = Environment.CpuUsage.TotalTime.TotalMicroseconds;
        int collections = GC.CollectionCount(0);
        long now = Stopwatch.GetTimestamp();
        return new Counters(now, GC.GetTotalAllocatedBytes(precise: true), collections, cpu, writes);
    }

    /// <summary>
    /// Reads this process's counters at the end of a stretch: what reading allocates is not part of it.
    /// </summary>
    internal static Counters AtEnd()
    {
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        int collections = GC.CollectionCount(0);
        long now = Stopwatch.GetTimestamp();
        double cpu = Environment.CpuUsage.TotalTime.TotalMicroseconds;
        return new Counters(now, allocated, collections, cpu, DurableWrites());
    }

    /// <summary>Write calls of a process that belongs to this user.</summary>
    internal static long WritesOf(string process)
    {
        foreach (string line in File.ReadLines($"/proc/{process}/io"))
        {
            if (line.StartsWith("syscw: ", StringComparison.Ordinal))
            {
                return long.Parse(line.AsSpan(7), CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }

    /// <summary>What was used since.</summary>
    internal Usage Since(in Counters earlier) => new(
        Stopwatch.GetElapsedTime(earlier.At, At).TotalSeconds,
        AllocatedBytes - earlier.AllocatedBytes,
        Collections - earlier.Collections,
        CpuUs - earlier.CpuUs,
        Writes - earlier.Writes);
}

/// <summary>The cost of a stretch of time in one process.</summary>
internal readonly record struct Usage(double Seconds, long AllocatedBytes, int Collections, double CpuUs, long Writes);

/// <summary>Lets a measured stretch of time pass; a cancelled run ends it early.</summary>
internal static class Stretch
{
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    internal static void Pass(double seconds, CancellationToken cancellationToken)
    {
        if (cancellationToken.WaitHandle.WaitOne(TimeSpan.FromSeconds(seconds)))
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }
}
