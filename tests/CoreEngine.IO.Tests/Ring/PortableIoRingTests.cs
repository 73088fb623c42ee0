// Goal: the portable ring does what the interface says, and an error of the system is seen. Method: the real disk and
// devices that refuse.
using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using CoreEngine.IO.Ring;
using Xunit;

namespace CoreEngine.IO.Tests.Ring;

public class PortableIoRingTests
{
    private const long LongNs = 20_000_000_000;
    private const int ZeroBytes = 244 * 4096;

    [Fact]
    public void Io_WritesComeBackAndNamesLast()
    {
        using var directory = new ScratchDirectory();
        using PortableIoRing ring = PortableIoRing.Open(directory.Path);
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
        using PortableIoRing ring = PortableIoRing.Open(directory.Path);
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
    public void Io_ReadOnlyRing_RefusesEveryChange()
    {
        using var directory = new ScratchDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "a"), "text");
        using PortableIoRing ring = PortableIoRing.OpenReadOnly(directory.Path);
        Assert.True(Run(ring, new IoOp(IoKind.Open, IoFlags.None, 0, 0, 0, 0, "a")) >= 0);
        Assert.Equal(-Errno.BadFile, Run(ring, new IoOp(IoKind.Delete, IoFlags.None, 0, 0, 0, 0, "a")));
        Assert.Equal(-Errno.NoEntry, Run(ring, new IoOp(IoKind.Open, IoFlags.Create, 0, 0, 0, 0, "b")));
        Assert.Equal(["a"], ring.ListFiles());
    }

    [Fact]
    public void Io_ManyOperationsAtOnce_EachEndOnce()
    {
        using var directory = new ScratchDirectory();
        using PortableIoRing ring = PortableIoRing.Open(directory.Path);
        using var slab = new AlignedSlab(PortableIoRing.SlotsMax * 4096);
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

            Assert.Equal(PortableIoRing.SlotsMax, queued);
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
        using PortableIoRing ring = PortableIoRing.Open(directory.Path);
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
        using PortableIoRing ring = PortableIoRing.Open(directory.Path);
        using var slab = new AlignedSlab(4096);
        int file = Run(ring, new IoOp(IoKind.Open, IoFlags.Create | IoFlags.Direct, 0, 0, 0, 0, "a"));
        var write = new IoOp(IoKind.Write, IoFlags.None, file, 0, slab.Address, 4096);
        Repeat(ring, in write, 200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(ring, in write, 500);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Io_MissingDirectory_IsNamedWithTheRemedy()
    {
        IOException error = Assert.Throws<IOException>(() => PortableIoRing.Open("/nonexistent/place"));
        Assert.Contains("/nonexistent/place", error.Message, StringComparison.Ordinal);
        Assert.Contains("coreengine format", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Io_DirectoryLock_LetsOneOwnerIn()
    {
        using var directory = new ScratchDirectory();
        using (DirectoryLock.Acquire(directory.Path))
        {
            IOException error = Assert.Throws<IOException>(() => DirectoryLock.Acquire(directory.Path));
            Assert.Contains("in use by another process or engine", error.Message, StringComparison.Ordinal);
        }

        DirectoryLock.Acquire(directory.Path).Dispose();
    }

    [Fact]
    public void Io_NativeLibraryIsUsedWhereItWasBuilt()
    {
        string built = Path.Combine(
            AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libcoreengine_native.so");
        using var directory = new ScratchDirectory();
        using PortableIoRing ring = PortableIoRing.Open(directory.Path);
        string expected = File.Exists(built) ? "native library;" : "libc (native library not found)";
        Assert.Contains(expected, ring.Description, StringComparison.Ordinal);
    }

    private static void Repeat(PortableIoRing ring, in IoOp op, int times)
    {
        for (int i = 0; i < times; i++)
        {
            _ = Run(ring, in op);
        }
    }

    private static int Run(PortableIoRing ring, in IoOp op)
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
