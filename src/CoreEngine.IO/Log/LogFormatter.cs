using System;
using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Makes files of the format, each under a temporary name first: write, sync, rename, sync the directory.
/// </summary>
/// <remarks>The superblock comes last: a directory without it is not formatted.</remarks>
internal sealed class LogFormatter(IIoRing ring, LogOptions options)
{
    private readonly BlockingIo _io = new(ring);

    internal LogOpenResult Format(in LogIdentity identity)
    {
        options.Verify();
        Invariant.Holds(identity.Replica != 0);
        Invariant.Holds(identity.Incarnation != 0);
        if (FindTrace(ring.ListFiles()) is { } trace)
        {
            return new LogOpenResult(
                LogOpenStatus.AlreadyFormatted,
                $"The directory holds a log already ({trace}). Format another directory, or move this one away first.");
        }

        var superblock = new Superblock(
            1,
            identity,
            options.Shard,
            options.Shards,
            options.SegmentBytes,
            LogFormat.FirstSegment,
            LogFormat.FirstSegment,
            LogFormat.FirstLsn);
        int result = CreateSegment(LogFormat.FirstSegment, out int file);
        if (result >= 0)
        {
            var header = new SegmentHeader(
                identity,
                options.Shard,
                LogFormat.FirstSegment,
                LogFormat.FirstLsn,
                LogFormat.FirstLsn,
                0,
                0,
                options.SegmentBytes);
            result = WriteHeader(file, in header, SaltFrom(new Prng(options.Seed)));
            _ = _io.Run(new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0));
        }

        result = result < 0 ? result : CreateSuperblock(in superblock);
        return result < 0
            ? new LogOpenResult(
                LogOpenStatus.IoFailed,
                $"The directory cannot be formatted ({Errno.Text(-result)}): {ring.Description}.")
            : new LogOpenResult(LogOpenStatus.Formatted, "Formatted.") { Identity = identity };
    }

    /// <summary>Creates a zeroed segment and leaves it open for direct writes. Blocking.</summary>
    /// <returns>Zero or more, or a negative errno.</returns>
    internal int CreateSegment(ulong sequence, out int file)
    {
        file = _io.Run(new IoOp(
            IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, LogFormat.SegmentTemporary));
        if (file < 0)
        {
            return file;
        }

        string name = LogFormat.SegmentName(sequence);
        int result = RunAll(
            new IoOp(IoKind.Zero, IoFlags.None, file, 0, 0, (int)options.SegmentBytes),
            new IoOp(IoKind.Sync, IoFlags.None, file, 0, 0, 0),
            new IoOp(IoKind.Rename, IoFlags.None, 0, 0, 0, 0, LogFormat.SegmentTemporary, name),
            new IoOp(IoKind.SyncDirectory, IoFlags.None, 0, 0, 0, 0));
        if (result < 0)
        {
            _ = _io.Run(new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0));
        }

        return result;
    }

    /// <summary>Writes a segment's header pages durably.</summary>
    internal int WriteHeader(int file, in SegmentHeader header, uint salt)
    {
        using var slab = new AlignedSlab(LogFormat.HeaderPages * LogFormat.PageBytes);
        header.Write(slab.GetSpan(), salt);
        int result = _io.Run(new IoOp(IoKind.Write, IoFlags.Durable, file, 0, slab.Address, slab.Length));
        result = result >= 0 && result != slab.Length ? -Errno.Io : result;
        return result;
    }

    /// <summary>A salt from the seeded source; never zero.</summary>
    internal static uint SaltFrom(Prng salts)
    {
        uint salt = (uint)(salts.Next() >> 32);
        return salt == 0 ? 1 : salt;
    }

    private static string? FindTrace(IReadOnlyList<string> files)
    {
        foreach (string name in files)
        {
            if (name == LogFormat.SuperblockFile || LogFormat.TryParseSegment(name, out _))
            {
                return name;
            }
        }

        return null;
    }

    private int CreateSuperblock(in Superblock superblock)
    {
        int file = _io.Run(new IoOp(
            IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, LogFormat.SuperblockTemporary));
        if (file < 0)
        {
            return file;
        }

        using var slab = new AlignedSlab(Superblock.FileBytes);
        superblock.Write(slab.GetSpan());
        int result = RunAll(
            new IoOp(IoKind.Write, IoFlags.Durable, file, 0, slab.Address, slab.Length),
            new IoOp(IoKind.Sync, IoFlags.None, file, 0, 0, 0),
            new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0),
            new IoOp(IoKind.Rename, IoFlags.None, 0, 0, 0, 0, LogFormat.SuperblockTemporary, LogFormat.SuperblockFile),
            new IoOp(IoKind.SyncDirectory, IoFlags.None, 0, 0, 0, 0));
        return result;
    }

    private int RunAll(params ReadOnlySpan<IoOp> ops)
    {
        foreach (IoOp op in ops)
        {
            int result = _io.Run(in op);
            if (result < 0)
            {
                return result;
            }

            if (op.Kind is IoKind.Write or IoKind.Zero && result != op.Length)
            {
                return -Errno.Io;
            }
        }

        return 0;
    }
}
