using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// Prints what a directory holds, for people: superblock copies, segments, batches, records. Changes nothing and needs
/// no lock.
/// </summary>
internal static class LogInspector
{
    /// <summary>Dumps a directory.</summary>
    /// <returns>What a verification says of it.</returns>
    /// <exception cref="IOException">The directory is missing.</exception>
    internal static LogVerdict Dump(string directory, TextWriter writer)
    {
        using PortableIoRing ring = PortableIoRing.OpenReadOnly(directory);
        return Dump(ring, writer);
    }

    /// <summary>Dumps the directory of a ring.</summary>
    internal static LogVerdict Dump(IIoRing ring, TextWriter writer)
    {
        LogVerdict verdict = LogWalk.Run(
            ring, new DumpObserver(writer), superblock => WriteSuperblock(superblock, writer));
        Write(writer, $"{verdict.Report}");
        foreach (string note in verdict.Report.Notes)
        {
            Write(writer, $"note: {note}");
        }

        foreach (ulong spare in verdict.Spares)
        {
            Write(writer, $"{LogFormat.SegmentName(spare)}: zeroed and ready, holds nothing");
        }

        Write(writer, $"{verdict.Message}");
        return verdict;
    }

    private static void WriteSuperblock(SuperblockReading reading, TextWriter writer)
    {
        for (int copy = 0; copy < reading.Copies.Count; copy++)
        {
            (PageFinding finding, Superblock superblock) = reading.Copies[copy];
            Write(writer, $"superblock copy {copy}: {finding}, version {superblock.Version}");
        }

        if (reading.Copies.Count == 0 || reading.Agreeing == 0)
        {
            return;
        }

        Superblock chosen = reading.Chosen;
        Write(writer, $"cluster {chosen.Identity.Cluster}, replica {chosen.Identity.Replica}, "
            + $"incarnation {chosen.Identity.Incarnation}, shard {chosen.Shard} of {chosen.Shards}");
        Write(writer, $"segments of {chosen.SegmentBytes} bytes, oldest {chosen.OldestSegment}, newest at least "
            + $"{chosen.NewestSegment}, durable below {chosen.DurableLsn}");
    }

    private static void Write(TextWriter writer, FormattableString text) =>
        writer.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private static void Write(TextWriter writer, string text) => writer.WriteLine(text);

    private sealed class DumpObserver(TextWriter writer) : ILogScanObserver
    {
        public void OnSegment(in SegmentHeader header, uint salt) => Write(
            writer,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{LogFormat.SegmentName(header.Sequence)}: from lsn {header.BaseLsn}, salt {salt:x8}, ")
            + string.Create(CultureInfo.InvariantCulture, $"previous batch {header.PreviousBatch}"));

        public void OnBatch(in BatchHeader header, ulong segment, long offset, RunList runs)
        {
            Write(
                writer,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"  batch at byte {offset}, lsn {header.Lsn}: {header.Pages} pages, ")
                + string.Create(CultureInfo.InvariantCulture, $"{header.Length} bytes, {header.Records} records, ")
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"durable below {header.DurableLsn}, previous {header.PreviousLsn} ")
                + string.Create(CultureInfo.InvariantCulture, $"crc {header.PreviousChecksum:x8}, ")
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(header.Flags == BatchFlags.None ? "no flags" : header.Flags)}, time {header.Time}"));
            foreach (Run run in runs.Runs)
            {
                Write(
                    writer,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"    run: group {run.Group} {run.Type} x {run.Count} from index {run.First} term {run.Term}"));
            }
        }

        public void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record, ulong batchLsn, ulong lsn) => Write(
            writer,
            string.Create(
                CultureInfo.InvariantCulture,
                $"    {header.Type} group {header.Group} index {header.Index} term {header.Term}: ")
            + string.Create(CultureInfo.InvariantCulture, $"{header.BodyLength} bytes at lsn {lsn}"));

        public void OnDamage(LogDamage damage) => Write(writer, $"  DAMAGED {damage}");
    }
}

/// <summary>What a read-only walk over a directory came to.</summary>
/// <param name="Status">Opened: nothing acknowledged is damaged; else as opening it would end.</param>
/// <param name="Message">In words.</param>
/// <param name="Report">Counts; whether an unfinished write stands at the end.</param>
/// <param name="Damages">Each damaged place.</param>
/// <param name="Spares">Segments that stand ready.</param>
internal sealed record LogVerdict(
    LogOpenStatus Status,
    string Message,
    RecoveryReport Report,
    IReadOnlyList<LogDamage> Damages,
    IReadOnlyList<ulong> Spares)
{
    /// <summary>Nothing that was acknowledged is damaged; a torn tail was not.</summary>
    internal bool IsSound => Status == LogOpenStatus.Opened;

    /// <summary>
    /// Batches at the end that were never completed: 0 or 1, what lies behind the tear is not told apart.
    /// </summary>
    internal int Torn => Report.IsTailCut ? 1 : 0;

    /// <summary>0 when sound, else 1.</summary>
    internal int ExitCode => IsSound ? 0 : 1;
}

/// <summary>Checks every checksum of a directory. Changes nothing and needs no lock.</summary>
internal static class LogVerifier
{
    /// <summary>Verifies a directory.</summary>
    /// <exception cref="IOException">The directory is missing.</exception>
    internal static LogVerdict Verify(string directory)
    {
        using PortableIoRing ring = PortableIoRing.OpenReadOnly(directory);
        return Verify(ring);
    }

    /// <summary>Verifies the directory of a ring.</summary>
    internal static LogVerdict Verify(IIoRing ring) => LogWalk.Run(ring, new SilentObserver(), static _ => { });

    private sealed class SilentObserver : ILogScanObserver
    {
        public void OnSegment(in SegmentHeader header, uint salt)
        {
        }

        public void OnBatch(in BatchHeader header, ulong segment, long offset, RunList runs)
        {
        }

        public void OnRecord(in RecordHeader header, ReadOnlySpan<byte> record, ulong batchLsn, ulong lsn)
        {
        }

        public void OnDamage(LogDamage damage)
        {
        }
    }
}

/// <summary>The read-only walk that inspector and verifier share: the scan of recovery without its writes.</summary>
internal static class LogWalk
{
    internal static LogVerdict Run(IIoRing ring, ILogScanObserver observer, Action<SuperblockReading> onSuperblock)
    {
        var io = new BlockingIo(ring);
        IReadOnlyList<string> files = ring.ListFiles();
        SuperblockReading reading = SuperblockReading.Read(io, files, isReadOnly: true);
        onSuperblock(reading);
        if (reading.Refusal is { } refusal)
        {
            return new LogVerdict(refusal.Status, refusal.Message, new RecoveryReport(), [], []);
        }

        using var scanner = new LogScanner(io, observer, new LogOptions());
        scanner.Report.Notes.AddRange(reading.Notes);
        Superblock superblock = reading.Chosen;
        SegmentMap map = scanner.ReadHeaders(files, in superblock, out string foreign);
        if (foreign.Length == 0 && scanner.Error == 0)
        {
            scanner.Walk(map, in superblock);
        }

        (LogOpenStatus status, string message) = Judge(scanner, foreign);
        return new LogVerdict(status, message, scanner.Report, scanner.Damages, map.Spares);
    }

    private static (LogOpenStatus Status, string Message) Judge(LogScanner scanner, string foreign)
    {
        if (foreign.Length > 0)
        {
            return (LogOpenStatus.NewerFormat, $"A segment cannot be read: {foreign}.");
        }

        if (scanner.Error != 0)
        {
            return (LogOpenStatus.IoFailed, $"Cannot read {scanner.ErrorFile} ({Errno.Text(scanner.Error)}).");
        }

        if (scanner.Damages.Count > 0)
        {
            return (LogOpenStatus.Damaged, $"{scanner.Damages.Count} damaged: {string.Join("; ", scanner.Damages)}");
        }

        return (LogOpenStatus.Opened, scanner.Report.IsTailCut
            ? "Sound. A write at the end never completed; it was not acknowledged, and opening cuts it."
            : "Sound.");
    }
}
