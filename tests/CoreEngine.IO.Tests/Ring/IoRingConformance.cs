// Goal: every ring does what the interface says, and an error of the system is seen: one suite for all of them. Method:
// the real disk and devices that refuse.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using CoreEngine.IO.Ring;
using Xunit;

namespace CoreEngine.IO.Tests.Ring;

public abstract class IoRingConformance
{
    private const int SlotsMax = 256;
    private const long LongNs = 20_000_000_000;
    private const int ZeroBytes = 244 * 4096;

    [Fact]
    public void Io_WritesComeBackAndNamesLast()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        using var slab = new AlignedSlab(8192);
        slab.GetSpan()[..4096].Fill(0x5A);
        int file = Run(ring, new IoOp(IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, "a.tmp"));
        Assert.True(file >= 0);
        Assert.Equal(ZeroBytes, Run(ring, new IoOp(IoKind.Zero, IoFlags.Background, file, 0, 0, ZeroBytes)));
        Assert.Equal(4096, Run(ring, new IoOp(IoKind.Write, IoFlags.Durable, file, 8192, slab.Address, 4096)));
        Assert.Equal(0, Run(ring, new IoOp(IoKind.Sync, IoFlags.None, file, 0, 0, 0)));
        Assert.Equal(0, Run(ring, new IoOp(IoKind.Rename, IoFlags.None, 0, 0, 0, 0, "a.tmp", "a")));
        Assert.Equal(0, Run(ring, new IoOp(IoKind.SyncDirectory, IoFlags.None, 0, 0, 0, 0)));
        Assert.Equal(["a"], ring.ListFiles());
        Assert.Equal(4096, Run(ring, new IoOp(IoKind.Read, IoFlags.None, file, 8192, slab.Address + 4096, 4096)));
        Assert.True(slab.Slice(4096, 4096).SequenceEqual(slab.Slice(0, 4096)));
        Assert.Equal(0, Run(ring, new IoOp(IoKind.Read, IoFlags.None, file, ZeroBytes * 2, slab.Address, 4096)));
        Assert.Equal(0, Run(ring, new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0)));
        Assert.Equal(0, Run(ring, new IoOp(IoKind.Delete, IoFlags.None, 0, 0, 0, 0, "a")));
        Assert.Equal(-Errno.NoEntry, Run(ring, new IoOp(IoKind.Delete, IoFlags.None, 0, 0, 0, 0, "a")));
        Assert.Equal(-Errno.NoEntry, Run(ring, new IoOp(IoKind.Open, IoFlags.None, 0, 0, 0, 0, "a")));
        Assert.Contains("class power", ring.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Io_ErrorsOfWriteAndSyncAreSeen()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        using var slab = new AlignedSlab(4096);
        int full = Run(ring, new IoOp(IoKind.Open, IoFlags.None, 0, 0, 0, 0, "/dev/full"));
        Assert.Equal(-Errno.NoSpace, Run(ring, new IoOp(IoKind.Write, IoFlags.None, full, 0, slab.Address, 4096)));
        Assert.True(Run(ring, new IoOp(IoKind.Write, IoFlags.Durable, full, 0, slab.Address, 4096)) < 0);
        Assert.Equal(-Errno.Invalid, Run(ring, new IoOp(IoKind.Sync, IoFlags.None, full, 0, 0, 0)));
        int readOnly = Run(ring, new IoOp(IoKind.Open, IoFlags.ReadOnly, 0, 0, 0, 0, "/dev/zero"));
        Assert.Equal(
            -Errno.BadFile, Run(ring, new IoOp(IoKind.Write, IoFlags.Durable, readOnly, 0, slab.Address, 4096)));
        Assert.Equal(-Errno.BadFile, Run(ring, new IoOp(IoKind.Sync, IoFlags.None, 9999, 0, 0, 0)));
        Assert.Equal(-Errno.BadFile, Run(ring, new IoOp(IoKind.Write, IoFlags.Durable, 9999, 0, slab.Address, 4096)));
    }

    [Fact]
    public void Io_ManyOperationsAtOnce_EachEndOnce()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        using var slab = new AlignedSlab(SlotsMax * 4096);
        int file = Run(ring, new IoOp(IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, "a"));
        var events = new IoEvent[32];
        for (int round = 0; round < 5; round++)
        {
            int queued = 0;
            while (ring.TryEnqueue(
                new IoOp(
                    IoKind.Write,
                    queued % 3 == 0 ? IoFlags.Background : IoFlags.None,
                    file,
                    queued * 4096,
                    slab.Address + (queued * 4096),
                    4096),
                (ulong)queued))
            {
                queued++;
            }

            Assert.Equal(SlotsMax, queued);
            var seen = new HashSet<ulong>();
            int empty = 0;
            while (seen.Count < queued)
            {
                // A wait may end for nothing: two ends that come together wake twice, and are taken at once.
                int count = ring.SubmitAndReap(events, LongNs);
                empty += count == 0 ? 1 : 0;
                Assert.True(empty <= queued, $"{seen.Count} of {queued} ended");
                foreach (IoEvent ended in events.AsSpan(0, count))
                {
                    Assert.True(seen.Add(ended.Token));
                    Assert.Equal(4096, ended.Result);
                }
            }
        }
    }

    [Fact]
    public void Io_WakeEndsTheParkingNowOrNext()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        var events = new IoEvent[4];
        ring.Wake();
        Assert.Equal(0, ring.SubmitAndReap(events, LongNs));
        for (int i = 0; i < 200; i++)
        {
            var waker = new Thread(ring.Wake);
            waker.Start();
            Assert.Equal(0, ring.SubmitAndReap(events, -1));
            waker.Join();
        }

        Assert.Equal(0, ring.SubmitAndReap(events, 1));
    }

    [Fact]
    public void Io_OperationsAllocateNothing()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        using var slab = new AlignedSlab(4096);
        int file = Run(ring, new IoOp(IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, "a"));
        var write = new IoOp(IoKind.Write, IoFlags.None, file, 0, slab.Address, 4096);
        Repeat(ring, in write, 200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(ring, in write, 500);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Io_BuffersAreGivenBack_OnlyWhenNothingIsUnderWay()
    {
        using var directory = new ScratchDirectory();
        using var slab = new AlignedSlab(64 * 4096);
        int file;
        using (IIoRing ring = Open(directory.Path))
        {
            file = Run(ring, new IoOp(IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, "a"));
            Assert.Equal(64 * 4096, Run(ring, new IoOp(IoKind.Zero, IoFlags.None, file, 0, 0, 64 * 4096)));
            slab.GetSpan().Fill(0x33);
            for (int i = 0; i < 64; i++)
            {
                var write = new IoOp(IoKind.Write, IoFlags.Durable, file, i * 4096, slab.Address + (i * 4096), 4096);
                Assert.True(ring.TryEnqueue(in write, (ulong)i));
            }

            Assert.InRange(ring.SubmitAndReap(new IoEvent[64], 0), 0, 64);
        }

        // Whatever the ring had begun has ended: it is on the disk, and nothing reads the buffer any more.
        slab.GetSpan().Fill(0x77);
        byte[] found = File.ReadAllBytes(Path.Combine(directory.Path, "a"));
        Assert.DoesNotContain((byte)0x77, found);
        Assert.Equal(64 * 4096, found.Count(one => one == 0x33));
    }

    [Fact]
    public void Io_AnotherThreadMayTakeOver()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        using var slab = new AlignedSlab(4096);
        int file = Run(ring, new IoOp(IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, "a"));
        int written = 0;
        for (int i = 0; i < 3; i++)
        {
            var write = new IoOp(IoKind.Write, IoFlags.Durable, file, i * 4096, slab.Address, 4096);
            var thread = new Thread(() => written += Run(ring, in write));
            thread.Start();
            thread.Join();
        }

        Assert.Equal(3 * 4096, written);
        Assert.Equal(4096, Run(ring, new IoOp(IoKind.Read, IoFlags.None, file, 8192, slab.Address, 4096)));
    }

    [Fact]
    public void Io_ADirectFileIsOpenedAllTheSame_WhereTheFileSystemRefusesIt()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        Assert.True(Run(ring, new IoOp(IoKind.Open, IoFlags.Direct, 0, 0, 0, 0, "/dev/full")) >= 0);
    }

    private protected abstract IIoRing Open(string directory);

    private static void Repeat(IIoRing ring, in IoOp op, int times)
    {
        for (int i = 0; i < times; i++)
        {
            _ = Run(ring, in op);
        }
    }

    private protected static int Run(IIoRing ring, in IoOp op)
    {
        if (!ring.TryEnqueue(in op, 42))
        {
            throw new InvalidOperationException("The ring is full.");
        }

        Span<IoEvent> events = stackalloc IoEvent[4];
        int count = 0;
        while (count == 0)
        {
            count = ring.SubmitAndReap(events, LongNs);
        }

        return events[0].Result;
    }
}
