// Goal: a failed write stops the log for good, a full disk is known before a batch meets it. Method: errors injected at
// a disk in memory.
using System.Linq;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogFaultTests
{
    private static readonly LogOptions Eager = LogHarness.Options with { SubmitBytesMin = 1 };

    [Fact]
    public void Raft_S17_SyncFailsOnceThenSucceeds_NothingIsAcknowledgedOrSyncedAgain()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), Eager);
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(1, 100));
        ulong durable = log.DurableEnd;
        int failures = 1;
        ring.Fault = op => op.Kind == IoKind.Write && failures-- > 0 ? (FaultKind.Fail, Errno.Io) : null;
        ring.Manual = true;
        for (ulong index = 2; index <= 5; index++)
        {
            Assert.True(log.TryAppend(LogHarness.Entry(index, 100)));
            Assert.True(log.TrySubmit());
        }

        LogHarness.Poll(log, ring);
        int started = ring.Syncing.Count;
        foreach (MemoryIoRing.Pending write in ring.InFlight)
        {
            ring.Complete(write);
            LogHarness.Poll(log, ring);
            Assert.Equal(durable, log.DurableEnd);
        }

        Assert.Equal(Errno.Io, log.Fault!.Errno);
        Assert.Equal(LogFormat.SegmentName(1), log.Fault.File);
        Assert.False(log.TryAppend(LogHarness.Entry(6, 100)));
        Assert.False(log.TrySubmit());
        log.RetrySpares();
        Assert.False(log.Seal());
        LogHarness.Poll(log, ring);
        Assert.Equal(started, ring.Syncing.Count);
        Assert.Equal(durable, log.DurableEnd);
    }

    [Fact]
    public void Io_ErrorOfALaterBatch_DoesNotTakeBackAnEarlierOneNorAcknowledgeIt()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), Eager);
        ring.Manual = true;
        Assert.True(log.TryAppend(LogHarness.Entry(1, 100)));
        ulong first = log.StagedEnd;
        Assert.True(log.TrySubmit());
        Assert.True(log.TryAppend(LogHarness.Entry(2, 100)));
        Assert.True(log.TrySubmit());
        LogHarness.Poll(log, ring);
        MemoryIoRing.Pending[] writes = [.. ring.InFlight];
        ring.Fault = op => op.Offset == writes[1].Op.Offset ? (FaultKind.Fail, Errno.Io) : null;
        ring.Complete(writes[1]);
        LogHarness.Poll(log, ring);
        ring.Complete(writes[0]);
        LogHarness.Poll(log, ring);
        Assert.NotNull(log.Fault);
        Assert.True(log.DurableEnd < first);
    }

    [Fact]
    public void Io_BatchesAreAcknowledgedInOrderWhateverOrderTheyEndIn()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), Eager);
        ring.Manual = true;
        ulong before = log.DurableEnd;
        for (ulong index = 1; index <= 4; index++)
        {
            Assert.True(log.TryAppend(LogHarness.Entry(index, 100)));
            Assert.True(log.TrySubmit());
        }

        Assert.Equal(4, log.InFlight);
        Assert.True(log.TryAppend(LogHarness.Entry(5, 100)));
        Assert.False(log.TrySubmit());
        LogHarness.Poll(log, ring);
        MemoryIoRing.Pending[] writes = [.. ring.InFlight];
        foreach (MemoryIoRing.Pending write in writes.Skip(1).Reverse())
        {
            ring.Complete(write);
            LogHarness.Poll(log, ring);
            Assert.Equal(before, log.DurableEnd);
        }

        ring.Complete(writes[0]);
        LogHarness.Poll(log, ring);
        Assert.Equal(before + (4UL * LogFormat.StreamBytes), log.DurableEnd);
        Assert.Equal(0, log.InFlight);
    }

    [Fact]
    public void Io_ShortDurableWrite_StopsTheLog()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), Eager);
        ulong durable = log.DurableEnd;
        ring.Fault = op => op.Kind == IoKind.Write ? (FaultKind.ShortWrite, 0) : null;
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(1, 9000));
        Assert.Equal(Errno.Io, log.Fault!.Errno);
        Assert.Equal(durable, log.DurableEnd);
    }

    [Fact]
    public void Io_NoSpaceInABatchWrite_IsHandledLikeEveryOtherError()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), Eager);
        ring.Fault = op => op.Kind == IoKind.Write ? (FaultKind.Fail, Errno.NoSpace) : null;
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(1, 100));
        Assert.Equal(Errno.NoSpace, log.Fault!.Errno);
    }

    [Fact]
    public void Io_FailedSyncOfASpareSegment_StopsTheLog()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), Eager);
        ring.Fault = op => op.Kind == IoKind.Sync ? (FaultKind.Fail, Errno.Io) : null;
        _ = log.TrySubmit();
        LogHarness.Poll(log, ring);
        Assert.Equal(Errno.Io, log.Fault!.Errno);
        Assert.Equal(LogFormat.SegmentTemporary, log.Fault.File);
    }

    [Fact]
    public void Io_FullDisk_IsKnownBeforeTheLastSegmentIsFullAndVotesStillFit()
    {
        var ring = new MemoryIoRing { Capacity = 0 };
        ring.Capacity = (3 * 1024 * 1024) + Superblock.FileBytes;
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector(), Eager);
        ulong index = 0;
        int proposals = 0;
        while (!log.IsFull)
        {
            LogHarness.AppendDurably(log, ring, LogHarness.Entry(++index, 50_000));
            LogHarness.Poll(log, ring);
            Assert.True(++proposals < 200);
            Assert.Null(log.Fault);
        }

        Assert.True(log.IsOutOfSpace);
        Assert.False(log.IsExhausted);
        for (int vote = 0; vote < 100; vote++)
        {
            LogHarness.AppendDurably(log, ring, LogHarness.Entry(index, 24, term: 9, type: RecordType.HardState));
            Assert.Null(log.Fault);
        }

        Assert.DoesNotContain(LogFormat.SegmentTemporary, ring.ListFiles());
        ring.Capacity = long.MaxValue;
        log.RetrySpares();
        LogHarness.Poll(log, ring);
        Assert.False(log.IsFull);
        Assert.Equal(2, log.SpareSegmentCount);
        var collector = new RecordCollector();
        Assert.Equal(LogOpenStatus.Opened, LogHarness.Open(ring.Copy(), collector).Status);
        Assert.Equal((int)index + 100, collector.Records.Count);
    }

    [Fact]
    public void Io_ThresholdRule_HoldsBackASecondSmallWrite()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
        ring.Manual = true;
        Assert.True(log.TryAppend(LogHarness.Entry(1, 100)));
        Assert.True(log.TrySubmit());
        Assert.True(log.TryAppend(LogHarness.Entry(2, 100)));
        Assert.False(log.TrySubmit());
        Assert.True(log.TryAppend(LogHarness.Entry(3, 40_000)));
        Assert.True(log.TrySubmit());
        Assert.Equal(2, log.InFlight);
    }

    [Fact]
    public void Io_ARecordThatTheCapRefusesLetsTheStagedBatchGo()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
        ring.Manual = true;
        Assert.True(log.TryAppend(LogHarness.Entry(1, 100)));
        Assert.True(log.TrySubmit());
        Assert.True(log.TryAppend(LogHarness.Entry(2, 100)));
        byte[] large = LogHarness.Entry(3, Limits.RecordBodyBytesMax);
        Assert.False(log.TryAppend(large));
        Assert.True(log.TrySubmit());
        Assert.True(log.TryAppend(large));
        Assert.True(log.TrySubmit());
        Assert.Equal(3, log.InFlight);
    }
}
