// Goal: a changed bit anywhere in what was acknowledged is found, named with its index range, and never cut away.
// Method: a log of known
// batches on a disk in memory; one bit of every field flipped, one at a time; also writes that were lost or went to
// another place.
using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogDamageTests
{
    private const int Middle = 3;
    private static readonly string First = LogFormat.SegmentName(1);

    [Fact]
    public void Io_FlippedBitInEveryFieldBelowV_IsDamageWithItsIndexRange()
    {
        Written written = Written.Create(isSealed: false);
        int page = written.Offsets[Middle];
        foreach (int place in FieldBytes())
        {
            MemoryIoRing ring = written.Ring.Copy();
            int bit = place % 8;
            ring.Change(First, file => file[page + place] ^= (byte)(1 << bit));
            LogOpenResult opened = LogHarness.Open(ring, new RecordCollector());
            Assert.True(IsOpenWithDamage(opened), $"byte {place}: {opened.Status}");
            LogDamage damage = Assert.Single(opened.Damages);
            Run lost = Assert.Single(damage.Lost!);
            Assert.Equal((7UL, 8UL, 1UL), (lost.First, lost.Last, lost.Term));
            Assert.Equal((1UL, (long)page), (damage.Segment, damage.Offset));
            Assert.Equal([Range(Middle)], damage.Ranges);
            Assert.Contains("index 7..8", opened.Message, StringComparison.Ordinal);
            Assert.Equal(1, LogVerifier.Verify(ring).ExitCode);
        }
    }

    [Fact]
    public void Io_FlippedBitInEverySectorOfEveryBatch_NamesThatBatch()
    {
        Written written = Written.Create(isSealed: true);
        for (int batch = 0; batch < Written.Batches; batch++)
        {
            int end = batch + 1 < Written.Batches ? written.Offsets[batch + 1] : written.Offsets[batch] + 4096;
            for (int place = written.Offsets[batch] + 300; place < end; place += 512)
            {
                MemoryIoRing ring = written.Ring.Copy();
                int at = place;
                ring.Change(First, file => file[at] ^= 0x10);
                LogOpenResult opened = LogHarness.Open(ring, new RecordCollector());
                Assert.True(IsOpenWithDamage(opened));
                Assert.Equal([Range(batch)], Assert.Single(opened.Damages).Ranges);
            }
        }
    }

    [Fact]
    public void Io_FlippedBitInTheLastBatchAtV_IsPossiblyAcknowledgedAndNeverCut()
    {
        Written written = Written.Create(isSealed: false);
        int page = written.Offsets[^1];
        foreach (int place in FieldBytes())
        {
            MemoryIoRing ring = written.Ring.Copy();
            ring.Change(First, file => file[page + place] ^= 0x40);
            byte[] before = ring.Medium(First);
            LogOpenResult opened = LogHarness.Open(ring, new RecordCollector());
            Assert.True(IsOpenWithDamage(opened));
            DamagedRange range = Assert.Single(Assert.Single(opened.Damages).Ranges);
            Assert.Equal(((Written.Batches - 1) * 2UL) + 1, range.First);
            Assert.Equal(before, ring.Medium(First));
        }
    }

    [Fact]
    public void Io_RecordsBehindDamageAreShown_AndTheDamageAtItsPlace()
    {
        Written written = Written.Create(isSealed: true);
        written.Ring.Change(First, file => file[written.Offsets[Middle] + 1000] ^= 1);
        var collector = new RecordCollector();
        Assert.True(IsOpenWithDamage(LogHarness.Open(written.Ring, collector)));
        Assert.Equal((Written.Batches - 1) * 2, collector.Records.Count);
        Assert.Single(collector.Damages);
    }

    [Fact]
    public void Io_LostWriteBelowV_IsDamageAndNotTheEnd()
    {
        Written written = Written.Create(isSealed: false);
        int start = written.Offsets[Middle];
        int length = written.Offsets[Middle + 1] - start;
        written.Ring.Change(First, file => file.AsSpan(start, length).Clear());
        LogOpenResult opened = LogHarness.Open(written.Ring, new RecordCollector());
        Assert.True(IsOpenWithDamage(opened));
        LogDamage damage = Assert.Single(opened.Damages);
        Assert.Equal(PageFinding.Unwritten, damage.Finding);
        Assert.Equal([Range(Middle)], damage.Ranges);
    }

    [Fact]
    public void Io_LostSectorBelowV_IsDamageAndNotATornTail()
    {
        Written written = Written.Create(isSealed: false);
        written.Ring.Change(First, file => file.AsSpan(written.Offsets[Middle] + 1024, 512).Clear());
        LogOpenResult opened = LogHarness.Open(written.Ring, new RecordCollector());
        Assert.Equal(PageFinding.Torn, Assert.Single(opened.Damages).Finding);
    }

    [Theory]
    [InlineData(Middle)]
    [InlineData(Written.Batches - 1)]
    public void Io_MisdirectedWrite_IsFoundWhereItLanded(int target)
    {
        Written written = Written.Create(isSealed: false);
        written.Ring.Change(
            First, file => file.AsSpan(written.Offsets[1], 4096).CopyTo(file.AsSpan(written.Offsets[target])));
        LogOpenResult opened = LogHarness.Open(written.Ring, new RecordCollector());
        Assert.True(IsOpenWithDamage(opened));
        Assert.Equal(PageFinding.Misdirected, Assert.Single(opened.Damages).Finding);
    }

    [Fact]
    public void Io_SeveralDamagedBatchesInARow_AreNamedByTheGap()
    {
        Written written = Written.Create(isSealed: true);
        written.Ring.Change(First, file =>
        {
            for (int batch = 1; batch <= 4; batch++)
            {
                file[written.Offsets[batch] + 50] ^= 2;
            }
        });
        LogOpenResult opened = LogHarness.Open(written.Ring, new RecordCollector());
        var expected = new DamagedRange(LogHarness.Group, RecordType.Entry, 3, 10);
        Assert.Equal([expected], Assert.Single(opened.Damages).Ranges);
    }

    [Fact]
    public void Io_UnreadablePage_IsDamageThere()
    {
        Written written = Written.Create(isSealed: true);
        int bad = written.Offsets[Middle];
        written.Ring.Fault = op =>
            op.Kind == IoKind.Read
            && op.Offset <= bad
            && bad < op.Offset + op.Length
            && op.Length != Superblock.FileBytes
                ? (FaultKind.Fail, Errno.Io)
                : null;
        LogOpenResult opened = LogHarness.Open(written.Ring, new RecordCollector());
        LogDamage damage = Assert.Single(opened.Damages);
        Assert.Equal((PageFinding.Unreadable, (long)bad), (damage.Finding, damage.Offset));
        Assert.Equal([Range(Middle)], damage.Ranges);
    }

    [Fact]
    public void Io_EitherHeaderPageMayBeBad_AndBothWhileTheFirstBatchIsSound()
    {
        Written written = Written.Create(isSealed: true);
        foreach (int place in Enumerable.Range(0, 140).Concat([510, 1022, 2046, 4094]))
        {
            for (int copy = 0; copy < 2; copy++)
            {
                MemoryIoRing one = written.Ring.Copy();
                int at = (copy * 4096) + place;
                one.Change(First, file => file[at] ^= 4);
                LogOpenResult opened = LogHarness.Open(one, new RecordCollector());
                Assert.Equal(LogOpenStatus.Opened, opened.Status);
                Assert.Single(opened.Report.Notes);
                opened.Log!.Dispose();
            }

            MemoryIoRing both = written.Ring.Copy();
            both.Change(First, file => file[place] ^= 4);
            both.Change(First, file => file[4096 + place] ^= 4);
            var collector = new RecordCollector();
            LogOpenResult rebuilt = LogHarness.Open(both, collector);
            Assert.Equal((LogOpenStatus.Opened, 0), (rebuilt.Status, rebuilt.Damages.Count));
            Assert.Equal(Written.Batches * 2, collector.Records.Count);
            rebuilt.Log!.Dispose();
        }
    }

    [Fact]
    public void Io_TwoOfFourSuperblockCopiesAreEnoughAndAreRepaired()
    {
        Written written = Written.Create(isSealed: true);
        for (int bad = 0; bad < 16; bad++)
        {
            foreach (int place in new[] { 0, 9, 17, 33, 60, 81, 97, 121, 135, 510, 3000 })
            {
                MemoryIoRing ring = written.Ring.Copy();
                int copies = bad;
                ring.Change(LogFormat.SuperblockFile, file => Flip(file, copies, place));
                LogOpenResult opened = LogHarness.Open(ring, new RecordCollector());
                bool isEnough = System.Numerics.BitOperations.PopCount((uint)bad) <= 2;
                Assert.Equal(isEnough ? LogOpenStatus.Opened : LogOpenStatus.Damaged, opened.Status);
                if (isEnough)
                {
                    Assert.Equal(System.Numerics.BitOperations.PopCount((uint)bad), opened.Report.Notes.Count);
                    Assert.Empty(LogVerifier.Verify(ring).Report.Notes);
                    opened.Log!.Dispose();
                }
            }
        }
    }

    [Fact]
    public void Io_MissingSegment_IsDamage()
    {
        Written written = Written.Create(isSealed: true);
        written.Ring.Remove(First);
        LogOpenResult opened = LogHarness.Open(written.Ring, new RecordCollector());
        Assert.Equal(LogOpenStatus.Damaged, opened.Status);
        Assert.Null(opened.Log);
    }

    [Fact]
    public void Raft_S18_TornTailIsCutAndRotAtOrBelowVIsNot()
    {
        Written torn = Written.Create(isSealed: false);
        torn.Ring.Change(First, file => file.AsSpan(torn.Offsets[^1] + 512, 512).Clear());
        LogOpenResult cut = LogHarness.Open(torn.Ring, new RecordCollector());
        Assert.Equal(LogOpenStatus.Opened, cut.Status);
        Assert.True(cut.Report.IsTailCut);

        Written rotten = Written.Create(isSealed: false);
        rotten.Ring.Change(First, file => file[rotten.Offsets[^1] + 512] ^= 1);
        LogOpenResult kept = LogHarness.Open(rotten.Ring, new RecordCollector());
        Assert.True(IsOpenWithDamage(kept));
        Assert.False(kept.Report.IsTailCut);
    }

    [Fact]
    public void Io_InspectorAndVerifierChangeNothingAndNameTheDamage()
    {
        Written written = Written.Create(isSealed: true);
        written.Ring.Change(First, file => file[written.Offsets[Middle] + 40] ^= 1);
        byte[] before = [.. written.Ring.Medium(First)];
        using var text = new System.IO.StringWriter();
        LogInspector.Dump(written.Ring, text);
        string dump = text.ToString();
        Assert.Contains("superblock copy 3: Sound, version 1", dump, StringComparison.Ordinal);
        Assert.Contains("Entry group 7 index 6 term 1: 300 bytes", dump, StringComparison.Ordinal);
        Assert.Contains("DAMAGED seg-0000000000000001", dump, StringComparison.Ordinal);
        Assert.Contains("Seal", dump, StringComparison.Ordinal);
        LogVerdict verdict = LogVerifier.Verify(written.Ring);
        Assert.Equal((LogOpenStatus.Damaged, 1, 0), (verdict.Status, verdict.Damages.Count, verdict.Torn));
        Assert.Equal(before, written.Ring.Medium(First));
        Assert.Empty(written.Ring.Syncing);
    }

    /// <summary>
    /// A byte of every field: tag, batch header, both run lists, record header, body, and each sector's stamp.
    /// </summary>
    private static IEnumerable<int> FieldBytes()
    {
        int records = LogFormat.TagBytes + BatchHeader.Bytes + Run.Bytes;
        IEnumerable<int> head = Enumerable.Range(0, records + RecordHeader.Bytes + 4);

        // Two records of 300 bytes: the own run list stands behind them.
        IEnumerable<int> runs = Enumerable.Range(records + (2 * RecordHeader.SizeOf(300)), Run.Bytes);
        IEnumerable<int> stamps = Enumerable.Range(1, 8)
            .SelectMany(sector => new[] { (sector * 512) - 2, (sector * 512) - 1 });
        return head.Concat(runs).Concat(stamps).Concat([2000]);
    }

    private static bool IsOpenWithDamage(LogOpenResult opened)
    {
        opened.Log?.Dispose();
        return opened.Status == LogOpenStatus.Opened && opened.Log is not null && opened.Damages.Count > 0;
    }

    private static DamagedRange Range(int batch) =>
        new(LogHarness.Group, RecordType.Entry, (ulong)(batch * 2) + 1, (ulong)(batch * 2) + 2);

    private static void Flip(byte[] file, int copies, int place)
    {
        for (int copy = 0; copy < 4; copy++)
        {
            file[(copy * 4096) + place] ^= (byte)((copies >> copy) & 1);
        }
    }

    /// <summary>Eight batches of two entries each, one page per batch, all acknowledged.</summary>
    private sealed class Written
    {
        internal const int Batches = 8;

        internal MemoryIoRing Ring { get; private set; } = new();

        internal int[] Offsets { get; } = new int[Batches];

        internal static Written Create(bool isSealed)
        {
            var written = new Written();
            var ring = new MemoryIoRing();
            LogHarness.Format(ring);
            using SegmentedLog log = LogHarness.MustOpen(ring, new RecordCollector());
            for (int i = 0; i < Batches; i++)
            {
                ulong index = (ulong)(i * 2) + 1;
                LogHarness.AppendDurably(log, ring, LogHarness.Entry(index, 300), LogHarness.Entry(index + 1, 300));
                written.Offsets[i] = (int)ring.Syncing.Last(op => op.Kind == IoKind.Write).Offset;
            }

            if (isSealed)
            {
                Assert.True(log.Seal());
            }

            written.Ring = ring.Copy();
            return written;
        }
    }
}
