using System;
using System.Collections.Generic;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

/// <summary>Makes records, drives a log to the end of its work, and opens it again.</summary>
internal static class LogHarness
{
    internal const uint Group = 7;
    internal static readonly LogIdentity Identity = new(new ClusterId(0x11, 0x22), 3, 0x1234_5678_9ABC);
    internal static readonly LogOptions Options = new() { SegmentBytes = 1024 * 1024, SparesWanted = 2, Seed = 99 };

    /// <summary>An entry's record whose body tells index and term apart.</summary>
    internal static byte[] Entry(
        ulong index, int bodyBytes, uint group = Group, ulong term = 1, RecordType type = RecordType.Entry)
    {
        byte[] record = new byte[RecordHeader.SizeOf(bodyBytes)];
        new Random((int)((index * 31) + term + group)).NextBytes(record.AsSpan(RecordHeader.Bytes, bodyBytes));
        RecordHeader.Seal(record, bodyBytes, type, 0, group, index, term);
        return record;
    }

    internal static void Format(IIoRing ring, LogOptions? options = null)
    {
        LogOpenResult result = SegmentedLog.Format(ring, Identity, options ?? Options);
        if (result.Status != LogOpenStatus.Formatted)
        {
            throw new InvalidOperationException(result.Message);
        }
    }

    internal static LogOpenResult Open(IIoRing ring, RecordCollector collector, LogOptions? options = null) =>
        SegmentedLog.Open(ring, options ?? Options, Identity.Replica, Identity.Cluster, collector);

    internal static SegmentedLog MustOpen(IIoRing ring, RecordCollector collector, LogOptions? options = null)
    {
        LogOpenResult result = Open(ring, collector, options);
        return result.Log ?? throw new InvalidOperationException($"{result.Status}: {result.Message}");
    }

    /// <summary>Appends, submitting and reaping as long as there is no room.</summary>
    internal static void Append(SegmentedLog log, IIoRing ring, ReadOnlySpan<byte> records)
    {
        while (!log.TryAppend(records))
        {
            if (log.Fault is { } fault)
            {
                throw new InvalidOperationException(fault.ToString());
            }

            _ = log.TrySubmit();
            Reap(log, ring);
        }
    }

    /// <summary>Submits and reaps until everything staged is durable or the log has stopped.</summary>
    internal static void Flush(SegmentedLog log, IIoRing ring)
    {
        while (log.Fault is null && (log.StagedBytes > 0 || log.InFlight > 0))
        {
            _ = log.TrySubmit();
            Reap(log, ring);
        }
    }

    internal static void Reap(SegmentedLog log, IIoRing ring)
    {
        Span<IoEvent> events = stackalloc IoEvent[16];
        int count = ring.SubmitAndReap(events, 10_000_000_000);
        foreach (IoEvent ended in events[..count])
        {
            if (!log.OnEvent(in ended))
            {
                throw new InvalidOperationException("A token of nobody.");
            }
        }
    }

    /// <summary>Asserts that two lists of records are the same, byte for byte.</summary>
    internal static void AssertSame(IEnumerable<byte[]> expected, List<byte[]> actual, string what = "")
    {
        int place = 0;
        foreach (byte[] record in expected)
        {
            Assert.True(place < actual.Count, $"{what}: {actual.Count} records, one more was expected");
            Assert.True(record.AsSpan().SequenceEqual(actual[place]), $"{what}: record {place} differs");
            place++;
        }

        Assert.True(place == actual.Count, $"{what}: {actual.Count} records, {place} were expected");
    }

    /// <summary>Hands over what has ended, without waiting.</summary>
    internal static void Poll(SegmentedLog log, IIoRing ring)
    {
        Span<IoEvent> events = stackalloc IoEvent[16];
        for (int count = ring.SubmitAndReap(events, 0); count > 0; count = ring.SubmitAndReap(events, 0))
        {
            foreach (IoEvent ended in events[..count])
            {
                _ = log.OnEvent(in ended);
            }
        }
    }

    /// <summary>Appends one batch and makes it durable.</summary>
    internal static void AppendDurably(SegmentedLog log, IIoRing ring, params byte[][] records)
    {
        foreach (byte[] record in records)
        {
            Append(log, ring, record);
        }

        Flush(log, ring);
    }

    /// <summary>Reads all that a cursor shows now.</summary>
    internal static List<byte[]> ReadAll(SegmentedLog log, IIoRing ring, LogCursor cursor)
    {
        var records = new List<byte[]>();
        while (true)
        {
            while (cursor.TryNext(out _, out ReadOnlySpan<byte> record))
            {
                records.Add(record.ToArray());
            }

            if (cursor.State != CursorState.Pending)
            {
                return records;
            }

            Reap(log, ring);
        }
    }
}

/// <summary>Keeps every record that recovery shows.</summary>
internal sealed class RecordCollector : ILogVisitor
{
    internal List<byte[]> Records { get; } = [];

    internal List<LogDamage> Damages { get; } = [];

    public void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record) => Records.Add(record.ToArray());

    public void OnDamage(LogDamage damage) => Damages.Add(damage);
}
