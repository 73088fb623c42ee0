using System.Runtime.InteropServices;

namespace CoreEngine.IO.Ring;

/// <summary>What io_uring is asked to do; the numbers of the kernel's interface.</summary>
internal enum UringOp : byte
{
    Sync = 3,
    PollAdd = 6,
    OpenAt = 18,
    Close = 19,
    Read = 22,
    Write = 23,
    RenameAt = 35,
    UnlinkAt = 36,
}

/// <summary>One submission entry of io_uring: 64 bytes, little endian, as the kernel reads it.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct UringEntry
{
    /// <summary>IOSQE_ASYNC: to a worker of the kernel at once, never on the submitting thread.</summary>
    internal const byte Async = 1 << 4;

    /// <summary>IORING_FSYNC_DATASYNC.</summary>
    internal const uint DataSync = 1;

    /// <summary>POLLIN.</summary>
    internal const uint PollIn = 1;

    [FieldOffset(0)]
    internal UringOp Op;

    [FieldOffset(1)]
    internal byte Flags;

    [FieldOffset(4)]
    internal int File;

    /// <summary>Offset in the file; for renames the address of the new path.</summary>
    [FieldOffset(8)]
    internal ulong Offset;

    /// <summary>Address of the buffer or of the path.</summary>
    [FieldOffset(16)]
    internal ulong Address;

    /// <summary>Bytes; the mode of a new file; the directory of the new path.</summary>
    [FieldOffset(24)]
    internal uint Length;

    /// <summary>Flags of the operation, by its kind.</summary>
    [FieldOffset(28)]
    internal uint OpFlags;

    /// <summary>Comes back with the completion.</summary>
    [FieldOffset(32)]
    internal ulong UserData;
}
