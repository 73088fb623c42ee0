using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace CoreEngine.Nemesis.Machine;

/// <summary>An ext4 file system in a file, whose power can be cut.</summary>
internal sealed class LoopDisk : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string _image;
    private bool _isMounted;

    /// <summary>Makes and mounts it.</summary>
    internal LoopDisk(Scratch scratch, string name, int megabytes)
    {
        _image = scratch.Sub($"{name}.img");
        Path = scratch.Sub(name);
        Directory.CreateDirectory(Path);
        using (var file = new FileStream(_image, FileMode.CreateNew, FileAccess.Write))
        {
            file.SetLength(megabytes * 1024L * 1024);
        }

        Shell.Run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", _image);
        Mount();
    }

    /// <summary>The mount point.</summary>
    internal string Path { get; }

    /// <summary>
    /// The power is gone: what was not durable is lost, nothing more reaches the medium, every further write fails.
    /// </summary>
    /// <param name="flushesJournal">
    /// True writes the journal's committed part out first, so that metadata is newer than after a cut without it.
    /// </param>
    internal void CutPower(bool flushesJournal)
    {
        int file = NativeMethods.Open(Path, NativeMethods.OpenReadOnly, 0);
        uint flag = flushesJournal ? 1u : 2u;
        int result = file < 0 ? file : NativeMethods.Control(file, NativeMethods.FileSystemShutdown, in flag);
        string error = Marshal.GetLastPInvokeErrorMessage();
        _ = NativeMethods.Close(file);
        if (result != 0)
        {
            throw new NemesisException($"the file system at {Path} was not shut down: {error}");
        }
    }

    /// <summary>The power is back: the journal is replayed. No process may use the disk now.</summary>
    internal void RestorePower()
    {
        Unmount();
        Mount();
    }

    public void Dispose()
    {
        if (_isMounted)
        {
            Unmount();
        }
    }

    private void Mount()
    {
        Shell.Run("mount", "-o", "loop", _image, Path);
        _isMounted = true;
    }

    /// <summary>A process that was killed a moment ago may still be closing its files.</summary>
    private void Unmount()
    {
        string words = string.Empty;
        if (!SpinWait.SpinUntil(() => Shell.TryRun(out words, "umount", Path), Patience))
        {
            throw new NemesisException($"umount {Path}: {words}");
        }

        _isMounted = false;
    }
}
