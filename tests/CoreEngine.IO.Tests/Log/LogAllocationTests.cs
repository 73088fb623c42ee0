// Goal: appending, submitting, completing and reading back cost no allocation in steady state, and the checks are fast
// enough for a scan.
// Method: the counter of allocated bytes of this thread, over the real ring, so that the operations are real ones.
using System;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Tests.Ring;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogAllocationTests
{
    [Fact]
    public void Io_AppendSubmitCompleteAndRead_AllocateNothing()
    {
        using var directory = new ScratchDirectory();
        using PortableIoRing ring = PortableIoRing.Open(directory.Path);
        LogOptions options = LogHarness.Options with { SegmentBytes = 16 * 1024 * 1024, SparesWanted = 1 };
        LogHarness.Format(ring, options);
        SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), options);
        LogCursor cursor = log.TryOpenCursor()!;
        byte[] record = LogHarness.Entry(1, 24);
        Prepare(log, ring);

        // The index doubles at 32 and at 64 points of 64 KiB: 600 batches warm it past the first, 300 more stay below
        // the second.
        for (int i = 0; i < 3; i++)
        {
            Run(log, ring, cursor, record, 200, ref _next);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(log, ring, cursor, record, 300, ref _next);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        ring.Dispose();
        log.Dispose();
    }

    private ulong _next = 1;

    /// <summary>Waits for the spare segment: preparing one allocates its name, once per segment.</summary>
    private static void Prepare(SegmentedLog log, PortableIoRing ring)
    {
        while (log.SpareSegmentCount == 0)
        {
            _ = log.TrySubmit();
            LogHarness.Reap(log, ring);
        }
    }

    private static void Run(
        SegmentedLog log, PortableIoRing ring, LogCursor cursor, byte[] record, int batches, ref ulong next)
    {
        ulong first = next;
        for (int batch = 0; batch < batches; batch++)
        {
            for (int i = 0; i < 10; i++)
            {
                RecordHeader.Seal(record, 24, RecordType.Entry, 0, LogHarness.Group, next++, 1);
                LogHarness.Append(log, ring, record);
            }

            LogHarness.Flush(log, ring);
        }

        Check(cursor.Seek(LogHarness.Group, first));
        ulong read = 0;
        while (read < next - first)
        {
            while (cursor.TryNext(out _, out _))
            {
                read++;
            }

            if (cursor.State == CursorState.Pending)
            {
                LogHarness.Reap(log, ring);
            }

            Check(cursor.State is CursorState.Pending or CursorState.AtEnd);
        }
    }

    private static void Check(bool condition)
    {
        if (!condition)
        {
            throw new InvalidOperationException("The cursor does not show what was appended.");
        }
    }
}
