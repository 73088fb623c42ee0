using System;
using System.IO;
using System.Runtime.InteropServices;

namespace CoreEngine.Load.Raw;

/// <summary>
/// A file of written zeroes whose 4 KiB blocks are overwritten durably, one system call each, every result checked.
/// </summary>
internal sealed class DurableFile : IDisposable
{
    internal const int BlockBytes = 4096;

    private const int FillBytes = 1024 * 1024;

    private readonly string _path;
    private readonly nint _buffer;
    private readonly long _fileBytes;
    private readonly int _file;
    private long _offset;

    internal DurableFile(string path, long fileBytes)
    {
        _path = path;
        _fileBytes = fileBytes;
        int flags = NativeMethods.ReadWrite | NativeMethods.Create | NativeMethods.CloseOnExec;
        _file = NativeMethods.Open(path, flags | NativeMethods.Direct, 0x1A4);
        IsDirect = _file >= 0;
        if (!IsDirect)
        {
            _file = NativeMethods.Open(path, flags, 0x1A4);
        }

        Check(_file >= 0, "open");
        _buffer = NativeMethods.AlignedAlloc(BlockBytes, FillBytes);
        Check(_buffer != 0, "aligned_alloc");
        Marshal.Copy(new byte[FillBytes], 0, _buffer, FillBytes);
        for (long at = 0; at < fileBytes; at += FillBytes)
        {
            Write(FillBytes, at, flags: 0);
        }

        Check(NativeMethods.FSync(_file) == 0, "fsync");
    }

    /// <summary>
    /// False where the file system refuses O_DIRECT: then the writes go through the page cache, durable all the same.
    /// </summary>
    internal bool IsDirect { get; }

    /// <summary>Overwrites the next block; it is on the medium when the call returns.</summary>
    /// <exception cref="IOException">The write failed or was short.</exception>
    internal void WriteNext()
    {
        // Another content each time: a device must not find that nothing changed.
        Marshal.WriteInt64(_buffer, _offset + 1);
        Write(BlockBytes, _offset, NativeMethods.WriteDataSync);
        _offset = (_offset + BlockBytes) % _fileBytes;
    }

    public void Dispose()
    {
        NativeMethods.Free(_buffer);
        _ = NativeMethods.Close(_file);
    }

    private void Write(int length, long offset, int flags)
    {
        var vector = new NativeMethods.Vector { Address = _buffer, Length = (nuint)length };
        nint written = NativeMethods.PWriteV2(_file, vector, 1, offset, flags);
        Check(written == length, "pwritev2");
    }

    private void Check(bool holds, string call)
    {
        if (!holds)
        {
            throw new IOException($"{call} failed on {_path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }
}
