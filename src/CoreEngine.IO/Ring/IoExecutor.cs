using System;
using System.Runtime.InteropServices;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>
/// Carries out one operation by blocking system calls and returns bytes, a file number or a negative errno.
/// </summary>
/// <remarks>
/// Thread-safe: its state is fixed before the threads start. Nothing that failed is tried again; an interrupted call is
/// repeated only
/// where it cannot have had an effect (open, read). The base library is not used: it hides a failed sync.
/// </remarks>
internal sealed class IoExecutor : IDisposable
{
    private const int ZeroChunkBytes = 256 * 1024;
    internal const uint FileMode = 0x1A4;
    private const string ProbeFile = "probe.tmp";

    private readonly int _directory;
    private readonly AlignedSlab _zeroes = new(ZeroChunkBytes);
    private readonly bool _isReadOnly;

    /// <summary>False where RWF_DSYNC is missing: a durable write is then a write and a sync.</summary>
    private bool _hasWriteSync = true;

    /// <summary>
    /// False where the file system refuses O_DIRECT: buffered, and still flushed before the completion.
    /// </summary>
    private bool _hasDirect = true;

    internal IoExecutor(int directory, bool isReadOnly)
    {
        _directory = directory;
        _isReadOnly = isReadOnly;
    }

    /// <summary>How durable writes are done here, found by <see cref="Probe"/>.</summary>
    internal string Method { get; private set; } = "read only";

    /// <summary>True where one call writes and flushes.</summary>
    internal bool HasWriteSync => _hasWriteSync;

    /// <summary>Flags for opening a file of this ring's directory.</summary>
    /// <param name="flags">What is wanted.</param>
    /// <param name="isDirect">O_DIRECT is among them.</param>
    internal int ModeOf(IoFlags flags, out bool isDirect)
    {
        bool readOnly = _isReadOnly || (flags & IoFlags.ReadOnly) != 0;
        isDirect = (flags & IoFlags.Direct) != 0 && _hasDirect;
        return NativeMethods.OpenCloseOnExec
            | (readOnly ? NativeMethods.OpenReadOnly : NativeMethods.OpenReadWrite)
            | ((flags & IoFlags.Create) != 0 && !readOnly ? NativeMethods.OpenCreate : 0)
            | (isDirect ? NativeMethods.OpenDirect : 0);
    }

    /// <summary>Finds out, on a scratch file, what the file system can do.</summary>
    /// <returns>Zero, or a negative errno when nothing durable can be written here.</returns>
    internal int Probe()
    {
        int file = OpenFile(ProbeFile, IoFlags.Create | IoFlags.Direct, out _hasDirect);
        if (file < 0)
        {
            return file;
        }

        int result = WriteDurable(file, _zeroes.Address, AlignedSlab.Alignment, 0);
        if (result is -Errno.NotSupported or -Errno.NoSystemCall or -Errno.Invalid)
        {
            // Refused before anything was done, so this is not a second try of a failed write.
            _hasWriteSync = false;
            result = WriteDurable(file, _zeroes.Address, AlignedSlab.Alignment, 0);
        }

        _ = NativeMethods.Close(file);
        int removed = Check(NativeMethods.UnlinkAt(_directory, ProbeFile, 0));
        Method = (_hasDirect ? "O_DIRECT" : "buffered, O_DIRECT refused by the file system")
            + (_hasWriteSync ? " + RWF_DSYNC" : " + fdatasync, RWF_DSYNC not supported")
            + (NativeMethods.HasNative ? ", native library" : $", libc ({NativeMethods.NativeReason})");
        if (result < 0)
        {
            return result;
        }

        return removed;
    }

    internal int Execute(in IoOp op)
    {
        if (_isReadOnly && op.Kind is not (IoKind.Open or IoKind.Read or IoKind.Close))
        {
            return -Errno.BadFile;
        }

        return op.Kind switch
        {
            IoKind.Open => OpenFile(op.Path!, op.Flags, out _),
            IoKind.Close => Check(NativeMethods.Close(op.File)),
            IoKind.Read => ReadFull(op.File, op.Buffer, op.Length, op.Offset),
            IoKind.Write when (op.Flags & IoFlags.Durable) != 0 =>
                WriteDurable(op.File, op.Buffer, op.Length, op.Offset),
            IoKind.Write => WriteFull(op.File, op.Buffer, op.Length, op.Offset),
            IoKind.Sync => SyncFile(op.File),
            IoKind.Zero => Zero(op.File, op.Offset, op.Length),
            IoKind.Rename => Check(NativeMethods.RenameAt(_directory, op.Path!, _directory, op.TargetPath!)),
            IoKind.Delete => Check(NativeMethods.UnlinkAt(_directory, op.Path!, 0)),
            IoKind.SyncDirectory => SyncDirectory(),
            _ => -Errno.Invalid,
        };
    }

    public void Dispose() => _zeroes.Free();

    private static int Check(int result) => result < 0 ? -Marshal.GetLastPInvokeError() : result;

    private int OpenFile(string path, IoFlags flags, out bool direct)
    {
        int mode = ModeOf(flags, out direct);
        int file = OpenRetried(path, mode);
        if (direct && file == -Errno.Invalid)
        {
            direct = false;
            file = OpenRetried(path, mode & ~NativeMethods.OpenDirect);
        }

        return file;
    }

    private int OpenRetried(string path, int mode)
    {
        int file;
        do
        {
            file = Check(NativeMethods.OpenAt(_directory, path, mode, FileMode));
        }
        while (file == -Errno.Interrupted);

        return file;
    }

    private static int ReadFull(int file, nint buffer, int length, long offset)
    {
        int done = 0;
        while (done < length)
        {
            nint count = NativeMethods.PRead(file, buffer + done, (nuint)(length - done), offset + done);
            if (count == 0)
            {
                break;
            }

            if (count < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == Errno.Interrupted)
                {
                    continue;
                }

                return -errno;
            }

            done += (int)count;
        }

        return done;
    }

    /// <summary>Writes to the page cache or past it, without a promise; goes on after a short write.</summary>
    private static int WriteFull(int file, nint buffer, int length, long offset)
    {
        int done = 0;
        while (done < length)
        {
            nint count = NativeMethods.PWrite(file, buffer + done, (nuint)(length - done), offset + done);
            if (count <= 0)
            {
                return count < 0 ? -Marshal.GetLastPInvokeError() : -Errno.Io;
            }

            done += (int)count;
        }

        return done;
    }

    /// <summary>
    /// A short durable write is an error: what is on the medium is then unknown, and nobody may ask a second time.
    /// </summary>
    private int WriteDurable(int file, nint buffer, int length, long offset)
    {
        if (!_hasWriteSync)
        {
            int written = WriteFull(file, buffer, length, offset);
            int synced = written == length ? SyncFile(file) : 0;
            return synced < 0 ? synced : written;
        }

        long count;
        if (NativeMethods.HasNative)
        {
            count = NativeMethods.NativeWriteDurable(file, buffer, length, offset);
        }
        else
        {
            var vector = new NativeMethods.IoVector(buffer, (nuint)length);
            count = NativeMethods.PWriteV2(file, in vector, 1, offset, NativeMethods.WriteDataSync);
            count = count < 0 ? -Marshal.GetLastPInvokeError() : count;
        }

        if (count >= 0 && count != length)
        {
            return -Errno.Io;
        }

        return (int)count;
    }

    private static int SyncFile(int file) =>
        NativeMethods.HasNative ? NativeMethods.NativeDataSync(file) : Check(NativeMethods.FDataSync(file));

    private int SyncDirectory() => NativeMethods.HasNative
        ? NativeMethods.NativeDirectorySync(_directory)
        : Check(NativeMethods.FSync(_directory));

    private int Zero(int file, long offset, int length)
    {
        int done = 0;
        while (done < length)
        {
            // Small pieces, so that a foreground write waits behind one of them at most.
            int chunk = Math.Min(ZeroChunkBytes, length - done);
            int result = WriteFull(file, _zeroes.Address, chunk, offset + done);
            if (result < 0)
            {
                return result;
            }

            Invariant.Holds(result == chunk);
            done += chunk;
        }

        return done;
    }
}
