using System;
using System.IO;
using System.Runtime.InteropServices;

namespace CoreEngine.IO.Ring;

/// <summary>
/// Holds a data directory for this process by flock on its LOCK file; the system releases it when the process ends.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    /// <summary>The file's name. It stays when the lock is released: removing it would let two owners in.</summary>
    internal const string FileName = "LOCK";

    private int _file;

    private DirectoryLock(int file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="IOException">Another process holds it, or the directory is missing or not writable.</exception>
    internal static DirectoryLock Acquire(string directory)
    {
        RingDirectory.RequireLinux();
        string path = Path.Combine(directory, FileName);
        int flags = NativeMethods.OpenReadWrite | NativeMethods.OpenCreate | NativeMethods.OpenCloseOnExec;
        int file = NativeMethods.Open(path, flags, 0x1A4);
        if (file < 0)
        {
            throw new IOException(
                $"Cannot open {path} ({Errno.Text(Marshal.GetLastPInvokeError())}). "
                + "Create the directory with 'coreengine format' and let this user write to it.");
        }

        if (NativeMethods.FLock(file, NativeMethods.LockExclusive | NativeMethods.LockNonBlocking) == 0)
        {
            return new DirectoryLock(file);
        }

        int errno = Marshal.GetLastPInvokeError();
        _ = NativeMethods.Close(file);
        if (errno == Errno.WouldBlock)
        {
            throw new IOException(
                $"The directory {directory} is in use by another process or engine (its LOCK file is held). "
                + "Stop that process first.");
        }

        throw new IOException($"Cannot lock {path} ({Errno.Text(errno)}).");
    }

    /// <summary>Releases the lock. May be called twice.</summary>
    public void Dispose()
    {
        int file = _file;
        _file = -1;
        if (file >= 0)
        {
            // Unlock, not only close: a child that forks at this moment holds the descriptor until its exec.
            _ = NativeMethods.FLock(file, NativeMethods.LockRelease);
            _ = NativeMethods.Close(file);
        }
    }
}
