using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;

namespace CoreEngine.IO.Ring;

/// <summary>The directory of a ring: open, and asked how it can be written to durably.</summary>
internal sealed class RingDirectory : IDisposable
{
    private RingDirectory(string path, int file, IoExecutor executor)
    {
        Path = path;
        File = file;
        Executor = executor;
    }

    internal string Path { get; }

    /// <summary>Number of the open directory: paths of operations are relative to it.</summary>
    internal int File { get; }

    /// <summary>Carries operations out by blocking calls, and knows what its probe found.</summary>
    internal IoExecutor Executor { get; }

    /// <exception cref="IOException">The directory is missing, or nothing durable can be written to it.</exception>
    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    internal static RingDirectory Open(string path, bool isReadOnly)
    {
        RequireLinux();
        int flags = NativeMethods.OpenDirectory | NativeMethods.OpenCloseOnExec;
        int file = NativeMethods.Open(path, flags, 0);
        if (file < 0)
        {
            throw new IOException(
                $"Cannot open the directory {path} ({Errno.Text(Marshal.GetLastPInvokeError())}). "
                + "Create it with 'coreengine format'.");
        }

        var executor = new IoExecutor(file, isReadOnly);
        int probed = isReadOnly ? 0 : executor.Probe();
        if (probed < 0)
        {
            executor.Dispose();
            _ = NativeMethods.Close(file);
            throw new IOException(
                $"Cannot write durably to {path} ({Errno.Text(-probed)}). "
                + "The directory needs a local file system with free space that this user may write to.");
        }

        return new RingDirectory(path, file, executor);
    }

    /// <exception cref="PlatformNotSupportedException">Not Linux on x64 or arm64.</exception>
    internal static void RequireLinux()
    {
        if (!OperatingSystem.IsLinux()
            || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                "CoreEngine writes durably by calls of Linux on x64 and arm64; this system is "
                + $"{RuntimeInformation.OSDescription} on {RuntimeInformation.ProcessArchitecture}.");
        }
    }

    /// <summary>Names of the files in it, sorted (ordinal).</summary>
    internal List<string> ListFiles()
    {
        var names = new List<string>();
        foreach (string path in Directory.EnumerateFiles(Path))
        {
            names.Add(System.IO.Path.GetFileName(path));
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    public void Dispose()
    {
        _ = NativeMethods.Close(File);
        Executor.Dispose();
    }
}
