using System.IO;

namespace CoreEngine.IO.Ring;

/// <summary>Chooses the ring of a directory.</summary>
internal static class DiskRings
{
    /// <summary>io_uring where the kernel, the file system and the native library grant it; else the portable ring,
    /// with the reason.</summary>
    /// <param name="directory">Exists.</param>
    /// <param name="reason">Why io_uring is not used; empty when it is.</param>
    /// <exception cref="IOException">Nothing durable can be written there.</exception>
    internal static IIoRing OpenBest(string directory, out string reason)
    {
        IIoRing? ring = UringIoRing.TryOpen(directory, out reason);
        return ring ?? PortableIoRing.Open(directory);
    }
}
