// Goal: the recovery table of io.md 5.3 for writes that never completed. Method: four batches in flight on a disk in
// memory, a power cut
// at every sector, then: all that was acknowledged is there, the tear is cut, a fresh segment goes on, and nothing
// counts as damage.
using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.IO.Log;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogCrashTests
{
    private static readonly LogOptions Eager = LogHarness.Options with { SubmitBytesMin = 1 };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Io_CutAtEverySectorOfFourBatchesInFlight_LosesNothingAcknowledged(int acknowledged)
    {
        Scene scene = Scene.Create(acknowledged);
        int total = scene.Sectors.Sum();
        for (int cut = 0; cut <= total; cut++)
        {
            int limit = cut;
            MemoryIoRing after = scene.Ring.Crash((write, sector) => scene.Ordinal(write, sector) < limit);
            int whole = scene.WholeBefore(cut);
            scene.CheckRecovery(after, whole, $"cut before sector {cut} of {total}", isTail: cut < total);
        }
    }

    [Fact]
    public void Io_AnySingleSectorMissing_CutsThereThoughLaterBatchesAreWhole()
    {
        Scene scene = Scene.Create(acknowledged: 1);
        int total = scene.Sectors.Sum();
        for (int hole = 0; hole < total; hole++)
        {
            int missing = hole;
            MemoryIoRing after = scene.Ring.Crash((write, sector) => scene.Ordinal(write, sector) != missing);
            scene.CheckRecovery(after, scene.WholeBefore(hole), $"sector {hole} missing", isTail: true);
        }
    }

    [Fact]
    public void Io_RandomSectorsOfAllBatchesInFlight_NeverLookLikeDamage()
    {
        Scene scene = Scene.Create(acknowledged: 0);
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            int total = scene.Sectors.Sum();
            bool[] reached = [.. Enumerable.Range(0, total).Select(_ => random.Next(8) != 0)];
            MemoryIoRing after = scene.Ring.Crash((write, sector) => reached[scene.Ordinal(write, sector)]);
            int first = Array.IndexOf(reached, false);
            int whole = scene.WholeBefore(first < 0 ? total : first);
            scene.CheckRecovery(after, whole, $"seed {seed}", isTail: first >= 0);
        }
    }

    [Fact]
    public void Io_CrashBeforeTheFirstBatch_OpensAnEmptyLogInPlace()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        var collector = new RecordCollector();
        LogOpenResult opened = LogHarness.Open(ring.Copy(), collector);
        Assert.Equal(LogOpenStatus.Opened, opened.Status);
        Assert.Empty(collector.Records);
        Assert.False(opened.Report.IsTailCut);
        Assert.False(opened.Report.IsFreshSegment);
    }

    [Fact]
    public void Io_CleanEndWithoutSeal_GoesOnInTheSameSegment()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
        LogHarness.AppendDurably(log, ring, LogHarness.Entry(1, 100));
        MemoryIoRing after = ring.Crash((_, _) => false);
        var collector = new RecordCollector();
        LogOpenResult opened = LogHarness.Open(after, collector);
        Assert.False(opened.Report.IsFreshSegment);
        Assert.False(opened.Report.IsSealed);
        LogHarness.AppendDurably(opened.Log!, after, LogHarness.Entry(2, 100));
        var second = new RecordCollector();
        Assert.Equal(1, LogHarness.Open(after.Copy(), second).Report.Segments);
        Assert.Equal([LogHarness.Entry(1, 100), LogHarness.Entry(2, 100)], second.Records);
    }

    [Fact]
    public void Io_PowerCutAtEverySectorOfASegmentsHeader_KeepsTheLogWhole()
    {
        for (int cut = 0; cut <= 16; cut++)
        {
            var ring = new MemoryIoRing();
            LogHarness.Format(ring);
            SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
            var expected = new List<byte[]>();
            ulong index = 0;
            ring.Manual = true;
            while (ring.InFlight.All(write => write.Op.Offset != 0))
            {
                byte[] record = LogHarness.Entry(++index, 200_000);
                if (!log.TryAppend(record))
                {
                    index--;
                }
                else
                {
                    expected.Add(record);
                }

                _ = log.TrySubmit();
                LogHarness.Poll(log, ring);
                foreach (MemoryIoRing.Pending write in ring.InFlight.Where(write => write.Op.Offset != 0))
                {
                    ring.Complete(write);
                    LogHarness.Poll(log, ring);
                }
            }

            int limit = cut;
            MemoryIoRing after = ring.Crash((_, sector) => sector < limit);
            var collector = new RecordCollector();
            LogOpenResult opened = LogHarness.Open(after, collector);
            Assert.Equal(LogOpenStatus.Opened, opened.Status);
            LogHarness.AssertSame(expected[..collector.Records.Count], collector.Records);
            Assert.True(collector.Records.Count >= 4, $"cut {cut}");
            LogHarness.AppendDurably(opened.Log!, after, LogHarness.Entry(999, 600_000 / 2));
            Assert.Equal(LogOpenStatus.Opened, LogHarness.Open(after.Copy(), new RecordCollector()).Status);
        }
    }

    [Fact]
    public void Io_FileCutShortInItsTail_IsATornTail()
    {
        Scene scene = Scene.Create(acknowledged: 4);
        MemoryIoRing.Pending last = scene.Writes[3];
        for (int length = 0; length < last.Op.Length; length += 512)
        {
            MemoryIoRing after = scene.Ring.Copy();
            after.Truncate(LogFormat.SegmentName(1), (int)last.Op.Offset + length);
            int whole = length >= last.Op.Length ? 4 : 3;
            scene.CheckRecovery(after, whole, $"file cut {length} bytes into the last batch", isTail: true);
        }
    }

    /// <summary>
    /// Six acknowledged batches, then four that were in flight together, of which the first may have been acknowledged.
    /// </summary>
    private sealed class Scene
    {
        private readonly List<byte[]> _before = [];
        private readonly List<List<byte[]>> _batches = [];
        private readonly int _acknowledged;

        private Scene(int acknowledged) => _acknowledged = acknowledged;

        internal MemoryIoRing Ring { get; } = new();

        internal List<MemoryIoRing.Pending> Writes { get; } = [];

        /// <summary>Sectors of each write that is still in flight.</summary>
        internal List<int> Sectors { get; } = [];

        internal static Scene Create(int acknowledged)
        {
            var scene = new Scene(acknowledged);
            LogHarness.Format(scene.Ring);
            SegmentedLog log = LogHarness.MustOpen(scene.Ring, new RecordCollector(), Eager);
            ulong index = 1;
            for (int i = 0; i < 6; i++)
            {
                byte[] record = LogHarness.Entry(index++, 700);
                scene._before.Add(record);
                LogHarness.AppendDurably(log, scene.Ring, record);
            }

            scene.Ring.Manual = true;
            int[] sizes = [100, 5000, 9000, 3000];
            foreach (int size in sizes)
            {
                List<byte[]> batch = [LogHarness.Entry(index++, size), LogHarness.Entry(index++, size / 2)];
                Assert.True(log.TryAppend(batch[0]));
                Assert.True(log.TryAppend(batch[1]));
                Assert.True(log.TrySubmit());
                scene._batches.Add(batch);
            }

            LogHarness.Poll(log, scene.Ring);
            scene.Writes.AddRange(scene.Ring.InFlight);
            Assert.Equal(4, scene.Writes.Count);
            ulong durable = log.DurableEnd;
            for (int i = 0; i < acknowledged; i++)
            {
                scene.Ring.Complete(scene.Writes[i]);
                LogHarness.Poll(log, scene.Ring);
                Assert.True(log.DurableEnd > durable);
                durable = log.DurableEnd;
            }

            scene.Sectors.AddRange(scene.Ring.InFlight.Select(write => write.Bytes.Length / 512));
            return scene;
        }

        /// <summary>Numbers the sectors in flight through all writes.</summary>
        internal int Ordinal(int write, int sector) => Sectors.Take(write).Sum() + sector;

        /// <summary>Batches of the four that are whole when the first missing sector is this one.</summary>
        internal int WholeBefore(int missing)
        {
            int whole = _acknowledged;
            int end = 0;
            foreach (int sectors in Sectors)
            {
                end += sectors;
                if (end > missing)
                {
                    break;
                }

                whole++;
            }

            return whole;
        }

        internal void CheckRecovery(MemoryIoRing after, int whole, string what, bool isTail)
        {
            List<byte[]> expected = [.. _before, .. _batches.Take(whole).SelectMany(batch => batch)];
            var collector = new RecordCollector();
            LogOpenResult opened = LogHarness.Open(after, collector);
            Assert.True(opened.Status == LogOpenStatus.Opened, $"{what}: {opened.Status} {opened.Message}");
            LogHarness.AssertSame(expected, collector.Records, what);
            Assert.False(opened.Report.IsSealed);

            // At a batch's end with nothing behind it there is no tear: the log just ends.
            Assert.True(!opened.Report.IsTailCut || isTail, what);
            Assert.Equal(opened.Report.IsFreshSegment ? 2 : 1, opened.Log!.Segments.Count);

            // A second start at once sees the same; so does one after more was written; and the tear stays void.
            CheckReopen(after.Copy(), expected, what);
            byte[] more = LogHarness.Entry((ulong)expected.Count + 1, 1234);
            LogHarness.AppendDurably(opened.Log!, after, more);
            expected.Add(more);
            CheckReopen(after.Copy(), expected, what);
            Assert.True(opened.Log!.Seal());
            CheckReopen(after.Copy(), expected, what);
            opened.Log!.Dispose();
        }

        private static void CheckReopen(MemoryIoRing ring, List<byte[]> expected, string what)
        {
            var collector = new RecordCollector();
            LogOpenResult opened = LogHarness.Open(ring, collector);
            Assert.True(opened.Status == LogOpenStatus.Opened, $"{what}, again: {opened.Message}");
            LogHarness.AssertSame(expected, collector.Records, what);
            Assert.False(opened.Report.IsTailCut, what);
            Assert.True(LogVerifier.Verify(ring).IsSound);
            opened.Log!.Dispose();
        }
    }
}
