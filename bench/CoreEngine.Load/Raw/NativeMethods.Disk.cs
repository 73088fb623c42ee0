using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace CoreEngine.Load.Raw;

/// <summary>
/// The system calls of the raw rows: written apart from the engine's, so that the baseline shares no bug with it.
/// </summary>
internal static partial class NativeMethods
{
    internal const int ReadWrite = 2;
    internal const int Create = 0x40;
    internal const int CloseOnExec = 0x80000;

    /// <summary>RWF_DSYNC: this one write is on the medium when the call returns.</summary>
    internal const int WriteDataSync = 2;

    private const string Libc = "libc";

    /// <summary>O_DIRECT differs between processors.</summary>
    internal static int Direct => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    [LibraryImport(Libc, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int file);

    [LibraryImport(Libc, EntryPoint = "pwritev2", SetLastError = true)]
    internal static partial nint PWriteV2(int file, in Vector vector, int count, long offset, int flags);

    [LibraryImport(Libc, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FSync(int file);

    [LibraryImport(Libc, EntryPoint = "aligned_alloc", SetLastError = true)]
    internal static partial nint AlignedAlloc(nuint alignment, nuint bytes);

    [LibraryImport(Libc, EntryPoint = "free")]
    internal static partial void Free(nint memory);

    /// <summary>struct iovec.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Vector
    {
        internal nint Address;
        internal nuint Length;
    }
}
