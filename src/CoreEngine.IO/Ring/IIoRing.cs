using System;
using System.Collections.Generic;

namespace CoreEngine.IO.Ring;

/// <summary>What a ring can do. Every path is relative to the ring's directory.</summary>
internal enum IoKind : byte
{
    /// <summary>Opens <see cref="IoOp.Path"/>; the result is the file's number in this ring.</summary>
    Open,

    /// <summary>Closes <see cref="IoOp.File"/>.</summary>
    Close,

    /// <summary>
    /// Reads <see cref="IoOp.Length"/> bytes at <see cref="IoOp.Offset"/>; the result is the bytes read.
    /// </summary>
    Read,

    /// <summary>
    /// Writes; with <see cref="IoFlags.Durable"/> the completion proves that the bytes are on the medium.
    /// </summary>
    Write,

    /// <summary>fdatasync of <see cref="IoOp.File"/>.</summary>
    Sync,

    /// <summary>
    /// Makes the file <see cref="IoOp.Offset"/> + <see cref="IoOp.Length"/> bytes long with written zeroes from the
    /// offset on (not merely allocated).
    /// </summary>
    Zero,

    /// <summary>
    /// Renames <see cref="IoOp.Path"/> to <see cref="IoOp.TargetPath"/> (replaces it); not durable before
    /// <see cref="SyncDirectory"/>.
    /// </summary>
    Rename,

    /// <summary>Removes <see cref="IoOp.Path"/>.</summary>
    Delete,

    /// <summary>fsync of the directory itself: makes creations, renames and removals last.</summary>
    SyncDirectory,
}

/// <summary>How an operation is to be done.</summary>
[Flags]
internal enum IoFlags : byte
{
    None = 0,

    /// <summary>Write: RWF_DSYNC, or a sync before the completion.</summary>
    Durable = 1,

    /// <summary>Open: bypass the page cache where the file system can; buffers and offsets are 4 KiB aligned.</summary>
    Direct = 2,

    /// <summary>Open: create the file.</summary>
    Create = 4,

    /// <summary>Open: read only.</summary>
    ReadOnly = 8,

    /// <summary>May be slow: must not delay other operations.</summary>
    Background = 16,
}

/// <summary>One operation. The buffer belongs to the ring from enqueue until its event was reaped.</summary>
internal readonly record struct IoOp(
    IoKind Kind,
    IoFlags Flags,
    int File,
    long Offset,
    nint Buffer,
    int Length,
    string? Path = null,
    string? TargetPath = null);

/// <summary>An operation ended.</summary>
/// <param name="Token">As given at enqueue.</param>
/// <param name="Result">Bytes or file number; a negative errno when it failed.</param>
internal readonly record struct IoEvent(ulong Token, int Result);

/// <summary>Submits, reaps, wakes: the one way to the disk. Portable, io_uring or simulated stand behind it.</summary>
/// <remarks>
/// <see cref="TryEnqueue"/> and <see cref="SubmitAndReap"/> belong to the shard's thread; <see cref="Wake"/> may be
/// called by any.
/// Completions may come in any order. After an operation failed the caller stops the shard; the ring never retries a
/// failed write or sync.
/// </remarks>
internal interface IIoRing : IDisposable
{
    /// <summary>
    /// What stands behind durable writes here: the directory, direct I/O or not and why. One line for logs and INFO.
    /// </summary>
    string Description { get; }

    /// <summary>Names of the files in the directory, sorted (ordinal). Blocking, for recovery only.</summary>
    IReadOnlyList<string> ListFiles();

    /// <summary>Queues an operation. False when the ring is full: reap, then try again.</summary>
    bool TryEnqueue(in IoOp op, ulong token);

    /// <summary>Starts what is queued, takes what has ended, and parks when nothing has.</summary>
    /// <param name="timeoutNs">0 polls; otherwise the longest time to park. <see cref="Wake"/> ends the
    /// parking.</param>
    /// <returns>How many events were written.</returns>
    int SubmitAndReap(Span<IoEvent> events, long timeoutNs);

    /// <summary>Ends the current or the next parking. Cheap when nobody is parked.</summary>
    void Wake();
}
