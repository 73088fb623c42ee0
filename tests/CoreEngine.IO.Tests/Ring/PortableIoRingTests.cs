// Goal: the portable ring keeps the rules of all rings (the suite it inherits), and what is its own. Method: a real
// disk.
using System;
using System.IO;
using CoreEngine.IO.Ring;
using Xunit;

namespace CoreEngine.IO.Tests.Ring;

public class PortableIoRingTests : IoRingConformance
{
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

    private protected override IIoRing Open(string directory) => PortableIoRing.Open(directory);
}
