using System.IO;
using CoreEngine.IO.Ring;

namespace CoreEngine;

/// <summary>How an engine talks to its disks.</summary>
public enum DiskRing
{
    /// <summary>io_uring where the system grants it; else the portable ring, and the log says why.</summary>
    Auto = 0,

    /// <summary>A few threads, each blocked in its own system call. Needs nothing but Linux.</summary>
    Portable = 1,

    /// <summary>io_uring (Linux 5.19; best from 6.1 on), or the engine does not open.</summary>
    IoUring = 2,
}

/// <summary>Opens the ring that the host chose.</summary>
internal static class DiskRingChoice
{
    /// <exception cref="EngineOpenException">io_uring is demanded and refused.</exception>
    /// <exception cref="IOException">Nothing durable can be written to the directory.</exception>
    internal static IIoRing Open(EngineOptions options, string directory)
    {
        if (options.DiskRing == DiskRing.Portable)
        {
            return PortableIoRing.Open(directory);
        }

        if (options.DiskRing == DiskRing.Auto)
        {
            IIoRing ring = DiskRings.OpenBest(directory, out string why);
            if (why.Length > 0)
            {
                options.Log?.Invoke($"disk: the portable ring serves {directory}, io_uring is not used: {why}");
            }

            return ring;
        }

        return UringIoRing.TryOpen(directory, out string reason) ?? throw new EngineOpenException(
            $"replica {options.Replica} cannot open {directory}: io_uring is demanded and not granted: {reason}. "
            + $"Set {nameof(EngineOptions)}.{nameof(EngineOptions.DiskRing)} to {nameof(DiskRing.Auto)}, or allow it "
            + "(kernel.io_uring_disabled = 0, no sandbox that forbids io_uring_setup)");
    }
}
