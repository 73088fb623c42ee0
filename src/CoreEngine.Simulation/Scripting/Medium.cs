using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using CoreEngine.IO.Log;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Scripting;

/// <summary>Reads and damages the bytes of a replica's disk while the replica is down.</summary>
internal static class Medium
{
    private const int DataStart = LogFormat.HeaderPages * LogFormat.PageBytes;

    /// <summary>The first segment, which a short script does not leave.</summary>
    internal static SimulatedFile FirstSegment(SimulatedReplica replica) =>
        replica.Disk.Find(LogFormat.SegmentName(LogFormat.FirstSegment))
        ?? throw new ScenarioException($"replica {replica.Number} has no first segment");

    /// <summary>The segment that is written to.</summary>
    internal static SimulatedFile NewestSegment(SimulatedReplica replica) => SegmentsWithData(replica)[^1];

    /// <summary>Any segment that holds batches.</summary>
    internal static SimulatedFile AnySegment(SimulatedReplica replica, Prng chance)
    {
        List<SimulatedFile> segments = SegmentsWithData(replica);
        return segments[(int)chance.Between(0, segments.Count)];
    }

    private static List<SimulatedFile> SegmentsWithData(SimulatedReplica replica)
    {
        var segments = new List<SimulatedFile>();
        foreach (string name in replica.Disk.Names)
        {
            SimulatedFile file = replica.Disk.Find(name)!;
            if (LogFormat.TryParseSegment(name, out _) && EndOfData(file) > DataStart)
            {
                segments.Add(file);
            }
        }

        return segments;
    }

    /// <summary>Where the pages that were written end, in bytes of the file.</summary>
    internal static int EndOfData(SimulatedFile segment)
    {
        byte[] bytes = ReadAll(segment);
        int end = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        return Math.Max(DataStart, (end + LogFormat.PageBytes - 1) / LogFormat.PageBytes * LogFormat.PageBytes);
    }

    /// <summary>How many pages the last batch has.</summary>
    internal static int PagesOfLastBatch(SimulatedFile segment) => LastBatch(segment).Pages;

    /// <summary>How many records the last batch has.</summary>
    internal static int RecordsOfLastBatch(SimulatedFile segment) => LastBatch(segment).Records;

    private static BatchHeader LastBatch(SimulatedFile segment)
    {
        byte[] bytes = ReadAll(segment);
        int end = EndOfData(segment) / LogFormat.PageBytes;
        for (int page = end - 1; page >= LogFormat.HeaderPages; page--)
        {
            ReadOnlySpan<byte> stream = bytes.AsSpan((page * LogFormat.PageBytes) + LogFormat.TagBytes);
            if (BatchHeader.TryRead(stream, out BatchHeader header))
            {
                return header;
            }
        }

        throw new ScenarioException("the segment holds no batch");
    }

    /// <summary>A bit of some page that holds batches.</summary>
    /// <param name="lastPage">Of the very last one.</param>
    internal static long DrawBit(SimulatedFile segment, Prng chance, bool lastPage)
    {
        int end = EndOfData(segment);
        int first = lastPage ? end - LogFormat.PageBytes : DataStart;
        return chance.Between(first * 8L, end * 8L);
    }

    /// <summary>Where a value stands among the data; negative when it is not found.</summary>
    internal static int Find(SimulatedFile segment, ulong value)
    {
        Span<byte> wanted = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(wanted, value);
        return ReadAll(segment).AsSpan().IndexOf(wanted);
    }

    /// <summary>Changes a field of a page's content as another program would have written it: the page stays
    /// whole.</summary>
    internal static void Rewrite(SimulatedFile file, int page, int field, int value)
    {
        byte[] bytes = new byte[LogFormat.PageBytes];
        _ = file.Read((long)page * LogFormat.PageBytes, bytes);
        uint salt = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4));
        ulong lsn = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8));
        byte[] stream = new byte[LogFormat.StreamBytes];
        Page.CopyStream(bytes, stream);
        BinaryPrimitives.WriteInt32LittleEndian(stream.AsSpan(field), value);
        stream.CopyTo(bytes.AsSpan(LogFormat.TagBytes));
        _ = Page.Seal(bytes, salt, lsn);
        file.WriteDurably((long)page * LogFormat.PageBytes, bytes);
    }

    private static byte[] ReadAll(SimulatedFile file)
    {
        byte[] bytes = new byte[file.Length];
        _ = file.Read(0, bytes);
        return bytes;
    }
}
