// Goal: a cursor shows the durable entries in force, whole and in order, over every boundary, and names what it cannot
// read. Method: a disk in memory.
using System.Collections.Generic;
using System.Linq;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogCursorTests
{
    [Fact]
    public void Io_CursorCrossesPagesBatchesWindowsAndSegments()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        LogOptions options = LogHarness.Options with { CursorBytes = 8192 };
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), options);
        var expected = new List<byte[]>();
        for (ulong index = 1; index <= 300; index++)
        {
            byte[] record = LogHarness.Entry(index, (int)(index * 97 % 20_000));
            expected.Add(record);
            LogHarness.Append(log, ring, record);
            if (index % 5 == 0)
            {
                LogHarness.Flush(log, ring);
            }
        }

        LogHarness.Flush(log, ring);
        Assert.True(log.Segments.Count > 2);
        LogCursor cursor = log.TryOpenCursor()!;
        foreach (ulong from in new ulong[] { 1, 2, 5, 6, 77, 150, 299, 300 })
        {
            Assert.True(cursor.Seek(LogHarness.Group, from));
            LogHarness.AssertSame(expected.Skip((int)from - 1), LogHarness.ReadAll(log, ring, cursor));
        }

        cursor.Dispose();
        LogHarness.Poll(log, ring);
    }

    [Fact]
    public void Io_CursorShowsNothingThatIsNotDurable()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(1, 100));
        ring.Manual = true;
        Assert.True(log.TryAppend(LogHarness.Entry(2, 100)));
        LogCursor cursor = log.TryOpenCursor()!;
        Assert.True(cursor.Seek(LogHarness.Group, 1));
        Assert.Single(LogHarness.ReadAll(log, ring, cursor));
        Assert.Equal(CursorState.AtEnd, cursor.State);
        Assert.True(log.TrySubmit());
        LogHarness.Poll(log, ring);
        Assert.Empty(LogHarness.ReadAll(log, ring, cursor));
        ring.Complete(ring.InFlight[0]);
        LogHarness.Poll(log, ring);
        LogHarness.AssertSame([LogHarness.Entry(2, 100)], LogHarness.ReadAll(log, ring, cursor));
    }

    [Fact]
    public void Io_CursorSkipsWhatWasTruncatedAndOverwritten()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
        byte[][] first = [.. Enumerable.Range(1, 6).Select(index => LogHarness.Entry((ulong)index, 50))];
        LogHarness.AppendDurably(log, ring, first);
        byte[] second = LogHarness.Entry(4, 60, term: 2);
        byte[] third = LogHarness.Entry(4, 70, term: 3);
        LogHarness.AppendDurably(
            log,
            ring,
            LogHarness.Entry(3, 0, type: RecordType.Truncate),
            second,
            LogHarness.Entry(3, 0, type: RecordType.Truncate),
            third);
        LogCursor cursor = log.TryOpenCursor()!;
        Assert.True(cursor.Seek(LogHarness.Group, 1));
        LogHarness.AssertSame([first[0], first[1], first[2], third], LogHarness.ReadAll(log, ring, cursor));
        Assert.Equal(4UL, log.Index.LastOf(LogHarness.Group));
        Assert.False(cursor.Seek(LogHarness.Group, 5));
        Assert.False(cursor.Seek(99, 1));
    }

    [Fact]
    public void Io_CursorNamesGroupAndIndexOfADamagedPage()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(1, 50), LogHarness.Entry(2, 50));
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(3, 50));
        int offset = (int)ring.Syncing.Last(op => op.Kind == IoKind.Write).Offset;
        ring.Change(LogFormat.SegmentName(1), file => file[offset + 200] ^= 1);
        LogCursor cursor = log.TryOpenCursor()!;
        Assert.True(cursor.Seek(LogHarness.Group, 1));
        Assert.Equal(2, LogHarness.ReadAll(log, ring, cursor).Count);
        Assert.Equal(CursorState.Faulted, cursor.State);
        Assert.Equal(new CursorFault(LogHarness.Group, 3, 1, offset, PageFinding.Damaged, 0), cursor.Fault);
        Assert.True(cursor.Seek(LogHarness.Group, 1));
        ring.Fault = op => op.Kind == IoKind.Read ? (FaultKind.Fail, Errno.Io) : null;
        cursor.Dispose();
        LogHarness.Poll(log, ring);
        LogCursor again = log.TryOpenCursor()!;
        Assert.True(again.Seek(LogHarness.Group, 1));
        Assert.Empty(LogHarness.ReadAll(log, ring, again));
        Assert.Equal(Errno.Io, again.Fault!.Errno);
    }

    [Fact]
    public void Io_CursorMaySeekAndCloseWhileAReadIsUnderWay()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(1, 9000));
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(2, 50));
        for (int polls = 0; polls < 4; polls++)
        {
            LogCursor cursor = log.TryOpenCursor()!;
            Assert.True(cursor.Seek(LogHarness.Group, 1));
            for (int i = 0; i < polls; i++)
            {
                _ = cursor.TryNext(out _, out _);
                LogHarness.Poll(log, ring);
            }

            _ = cursor.TryNext(out _, out _);
            Assert.True(cursor.Seek(LogHarness.Group, 2));
            LogHarness.AssertSame([LogHarness.Entry(2, 50)], LogHarness.ReadAll(log, ring, cursor));
            Assert.True(cursor.Seek(LogHarness.Group, 1));
            _ = cursor.TryNext(out _, out _);
            cursor.Dispose();
            LogHarness.Poll(log, ring);
        }

        var cursors = new List<LogCursor>();
        while (log.TryOpenCursor() is { } one)
        {
            cursors.Add(one);
        }

        Assert.Equal(SegmentedLog.CursorsMax, cursors.Count);
    }
}
