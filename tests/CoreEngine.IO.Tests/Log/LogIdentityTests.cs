// Goal: a directory that is not ours, not formatted or not of our format is refused with cause and remedy. Method:
// typed results.
using System;
using System.Buffers.Binary;
using CoreEngine.IO.Log;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Log;

public class LogIdentityTests
{
    [Fact]
    public void Io_UnformattedDirectory_DoesNotOpen()
    {
        LogOpenResult opened = LogHarness.Open(new MemoryIoRing(), new RecordCollector());
        Assert.Equal(LogOpenStatus.Unformatted, opened.Status);
        Assert.Contains("coreengine format", opened.Message, StringComparison.Ordinal);
        Assert.Null(opened.Log);
    }

    [Fact]
    public void Io_SegmentsWithoutSuperblock_AreNotTakenForAnUnusedDirectory()
    {
        MemoryIoRing ring = Formatted();
        ring.Remove(LogFormat.SuperblockFile);
        LogOpenResult opened = LogHarness.Open(ring, new RecordCollector());
        Assert.Equal(LogOpenStatus.Unformatted, opened.Status);
        Assert.Contains("no superblock", opened.Message, StringComparison.Ordinal);
        Assert.Equal(
            LogOpenStatus.AlreadyFormatted, SegmentedLog.Format(ring, LogHarness.Identity, LogHarness.Options).Status);
    }

    [Fact]
    public void Io_SecondFormat_IsRefusedAndChangesNothing()
    {
        MemoryIoRing ring = Formatted();
        byte[] before = [.. ring.Medium(LogFormat.SuperblockFile)];
        LogIdentity other = LogHarness.Identity with { Incarnation = 9 };
        LogOpenResult second = SegmentedLog.Format(ring, other, LogHarness.Options);
        Assert.Equal(LogOpenStatus.AlreadyFormatted, second.Status);
        Assert.Equal(before, ring.Medium(LogFormat.SuperblockFile));
    }

    [Fact]
    public void Io_DirectoryOfAnotherReplicaClusterOrShard_IsRefused()
    {
        MemoryIoRing ring = Formatted();
        var collector = new RecordCollector();
        ClusterId cluster = LogHarness.Identity.Cluster;
        Assert.Equal(
            LogOpenStatus.OtherReplica, SegmentedLog.Open(ring, LogHarness.Options, 4, cluster, collector).Status);
        Assert.Equal(
            LogOpenStatus.ForeignCluster,
            SegmentedLog.Open(ring, LogHarness.Options, 3, new ClusterId(5, 5), collector).Status);
        Assert.Equal(
            LogOpenStatus.OtherReplica,
            SegmentedLog.Open(ring, LogHarness.Options with { Shard = 1, Shards = 2 }, 3, cluster, collector).Status);
        LogOpenResult any = SegmentedLog.Open(ring, LogHarness.Options, 3, null, collector);
        Assert.Equal(LogOpenStatus.Opened, any.Status);
        Assert.Equal(LogHarness.Identity, any.Identity);
        any.Log!.Dispose();
    }

    [Fact]
    public void Io_SegmentOfAnotherReplica_IsRefused()
    {
        MemoryIoRing ring = Formatted();
        var other = new MemoryIoRing();
        _ = SegmentedLog.Format(other, LogHarness.Identity with { Incarnation = 77 }, LogHarness.Options);
        byte[] foreign = other.Medium(LogFormat.SegmentName(1));
        ring.Change(LogFormat.SegmentName(1), file => foreign.CopyTo(file, 0));
        LogOpenResult opened = LogHarness.Open(ring, new RecordCollector());
        Assert.NotEqual(LogOpenStatus.Opened, opened.Status);
        Assert.Contains("belongs to replica", opened.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 2, "version is 2")]
    [InlineData(12, 0x100, "incompatible features 0x100")]
    [InlineData(20, 16384, "16384 B")]
    [InlineData(24, 4096, "sectors of 4096 B")]
    public void Raft_S22_OtherVersionOrGeometry_IsRefusedWithItsReason(int field, int value, string reason)
    {
        MemoryIoRing superblock = Formatted();
        superblock.Change(LogFormat.SuperblockFile, file =>
        {
            for (int copy = 0; copy < 4; copy++)
            {
                Reseal(file.AsSpan(copy * 4096, 4096), field, value);
            }
        });
        LogOpenResult opened = LogHarness.Open(superblock, new RecordCollector());
        Assert.Equal(LogOpenStatus.NewerFormat, opened.Status);
        Assert.Contains(reason, opened.Message, StringComparison.Ordinal);

        MemoryIoRing segment = Formatted();
        segment.Change(LogFormat.SegmentName(1), file =>
        {
            Reseal(file.AsSpan(0, 4096), field, value);
            Reseal(file.AsSpan(4096, 4096), field, value);
        });
        opened = LogHarness.Open(segment, new RecordCollector());
        Assert.Equal(LogOpenStatus.NewerFormat, opened.Status);
        Assert.Contains(reason, opened.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Io_CompatibleFeatureBits_AreReadAllTheSame()
    {
        MemoryIoRing ring = Formatted();
        ring.Change(LogFormat.SegmentName(1), file =>
        {
            Reseal(file.AsSpan(0, 4096), 16, 0xFF);
            Reseal(file.AsSpan(4096, 4096), 16, 0xFF);
        });
        LogOpenResult opened = LogHarness.Open(ring, new RecordCollector());
        Assert.Equal(LogOpenStatus.Opened, opened.Status);
        opened.Log!.Dispose();
    }

    private static MemoryIoRing Formatted()
    {
        var ring = new MemoryIoRing();
        LogHarness.Format(ring);
        return ring;
    }

    /// <summary>
    /// Changes a field as another version would have written it: the page is whole, its content is other.
    /// </summary>
    private static void Reseal(Span<byte> page, int field, int value)
    {
        uint salt = BinaryPrimitives.ReadUInt32LittleEndian(page[4..]);
        ulong lsn = BinaryPrimitives.ReadUInt64LittleEndian(page[8..]);
        byte[] stream = new byte[LogFormat.StreamBytes];
        Page.CopyStream(page, stream);
        BinaryPrimitives.WriteInt32LittleEndian(stream.AsSpan(field), value);
        stream.CopyTo(page[LogFormat.TagBytes..]);
        _ = Page.Seal(page, salt, lsn);
    }
}
