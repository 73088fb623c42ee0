using System;
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
    /// <param name="kind">What the host chose.</param>
    /// <param name="directory">Exists.</param>
    /// <param name="note">Told why the best is not used; may be null.</param>
    /// <exception cref="EngineOpenException">io_uring is demanded and refused.</exception>
    /// <exception cref="IOException">Nothing durable can be written to the directory.</exception>
    internal static IIoRing Open(DiskRing kind, string directory, Action<string>? note)
    {
        if (kind == DiskRing.Portable)
        {
            return PortableIoRing.Open(directory);
        }

        if (kind == DiskRing.Auto)
        {
            IIoRing ring = DiskRings.OpenBest(directory, out string why);
            if (why.Length > 0)
            {
                note?.Invoke($"disk: the portable ring serves {directory}, io_uring is not used: {why}");
            }

            return ring;
        }

        return UringIoRing.TryOpen(directory, out string reason) ?? throw new EngineOpenException(
            $"cannot open {directory}: io_uring is demanded and not granted: {reason}. "
            + $"Set {nameof(EngineOptions)}.{nameof(EngineOptions.DiskRing)} to {nameof(DiskRing.Auto)}, or allow it "
            + "(kernel.io_uring_disabled = 0, no sandbox that forbids io_uring_setup)");
    }
}
