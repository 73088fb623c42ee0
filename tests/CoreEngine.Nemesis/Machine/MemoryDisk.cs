using System;
using System.Globalization;
using System.IO;

namespace CoreEngine.Nemesis.Machine;

/// <summary>A small tmpfs that can grow.</summary>
internal sealed class MemoryDisk : IDisposable
{
    internal MemoryDisk(Scratch scratch, string name, int megabytes)
    {
        Path = scratch.Sub(name);
        Directory.CreateDirectory(Path);
        Shell.Run("mount", "-t", "tmpfs", "-o", Size(megabytes), "tmpfs", Path);
    }

    /// <summary>The mount point.</summary>
    internal string Path { get; }

    internal void Grow(int megabytes) => Shell.Run("mount", "-o", $"remount,{Size(megabytes)}", Path);

    public void Dispose() => Shell.Run("umount", Path);

    private static string Size(int megabytes) => string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m");
}
