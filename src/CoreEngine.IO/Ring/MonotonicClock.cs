using System;
using System.ComponentModel;
using System.Diagnostics;

namespace CoreEngine.IO.Ring;

/// <summary>Elapsed time that goes on while the machine is suspended: what leases and ages are measured by.</summary>
/// <remarks>CLOCK_MONOTONIC, which <see cref="Stopwatch"/> reads, stands still in a suspended machine: a lease would
/// seem young after any night. CLOCK_BOOTTIME does not, nor does either of them for a process that was merely
/// stopped.</remarks>
internal static class MonotonicClock
{
    private const int BootTime = 7;

    /// <summary>True when suspension counts; where it does not, no lease may be used.</summary>
    internal static bool CountsSuspension => OperatingSystem.IsLinux();

    /// <summary>Nanoseconds since some fixed moment, never falling. Any thread.</summary>
    internal static long Now()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (long)((Int128)Stopwatch.GetTimestamp() * 1_000_000_000 / Stopwatch.Frequency);
        }

        if (NativeMethods.ClockGetTime(BootTime, out NativeMethods.TimeSpec now) != 0)
        {
            throw new Win32Exception("the clock that counts suspended time cannot be read");
        }

        return (now.Seconds * 1_000_000_000) + now.Nanoseconds;
    }
}
