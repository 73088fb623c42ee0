// Goal: the ring on io_uring keeps the rules of all rings (the suite it inherits), and what is its own. Method: a real
// kernel; where it refuses io_uring, the reason is in the failure.
using System;
using System.IO;
using CoreEngine.IO.Ring;
using Xunit;

namespace CoreEngine.IO.Tests.Ring;

public class UringIoRingTests : IoRingConformance
{
    [Fact]
    public void Uring_SaysHowTheKernelRunsIt()
    {
        using var directory = new ScratchDirectory();
        using IIoRing ring = Open(directory.Path);
        Assert.StartsWith($"io_uring ring on {directory.Path}", ring.Description, StringComparison.Ordinal);
        Assert.Contains("task run", ring.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Uring_MissingDirectory_IsNamedWithTheRemedy()
    {
        IOException error = Assert.Throws<IOException>(() => UringIoRing.TryOpen("/nonexistent/place", out _));
        Assert.Contains("coreengine format", error.Message, StringComparison.Ordinal);
    }

    private protected override IIoRing Open(string directory)
    {
        UringIoRing? ring = UringIoRing.TryOpen(directory, out string reason);
        Assert.True(ring is not null, reason);
        return ring;
    }
}
