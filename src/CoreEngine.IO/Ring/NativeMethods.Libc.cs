using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace CoreEngine.IO.Ring;

/// <summary>
/// The calls of the C library that the base library lacks or whose errors it hides (a failed fsync, above all).
/// </summary>
internal static partial class NativeMethods
{
    internal const int OpenReadOnly = 0;
    internal const int OpenReadWrite = 2;
    internal const int OpenCreate = 0x40;
    internal const int OpenCloseOnExec = 0x80000;
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int LockRelease = 8;

    /// <summary>RWF_DSYNC: this one write is durable when the call returns.</summary>
    internal const int WriteDataSync = 2;

    private const string Libc = "libc";
    private const int FutexWaitPrivate = 128;
    private const int FutexWakePrivate = 129;

    private static readonly bool IsArm64 = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    /// <summary>O_DIRECT differs between processors.</summary>
    internal static int OpenDirect => IsArm64 ? 0x10000 : 0x4000;

    /// <summary>O_DIRECTORY differs between processors.</summary>
    internal static int OpenDirectory => IsArm64 ? 0x4000 : 0x10000;

    private static long FutexCall => IsArm64 ? 98 : 202;

    /// <summary>
    /// Sleeps while the word holds <paramref name="expected"/>. Returns early without reason at times: check again.
    /// </summary>
    internal static void FutexWait(nint word, int expected, in TimeSpec timeout) =>
        _ = FutexWaitTimed(FutexCall, word, FutexWaitPrivate, expected, in timeout);

    /// <summary>Sleeps while the word holds <paramref name="expected"/>, without an end of its own.</summary>
    internal static void FutexWait(nint word, int expected) =>
        _ = FutexPlain(FutexCall, word, FutexWaitPrivate, expected, 0);

    /// <summary>Wakes at most <paramref name="count"/> sleepers.</summary>
    internal static void FutexWake(nint word, int count) =>
        _ = FutexPlain(FutexCall, word, FutexWakePrivate, count, 0);

    /// <summary>Reads a clock of the kernel without entering it.</summary>
    [LibraryImport(Libc, EntryPoint = "clock_gettime")]
    [SuppressGCTransition]
    internal static partial int ClockGetTime(int clock, out TimeSpec now);

    [LibraryImport(Libc, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int file);

    [LibraryImport(Libc, EntryPoint = "pread", SetLastError = true)]
    internal static partial nint PRead(int file, nint buffer, nuint length, long offset);

    [LibraryImport(Libc, EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint PWrite(int file, nint buffer, nuint length, long offset);

    [LibraryImport(Libc, EntryPoint = "pwritev2", SetLastError = true)]
    internal static partial nint PWriteV2(int file, in IoVector vector, int count, long offset, int flags);

    [LibraryImport(Libc, EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int FDataSync(int file);

    [LibraryImport(Libc, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FSync(int file);

    [LibraryImport(Libc, EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt(int sourceDirectory, string source, int targetDirectory, string target);

    [LibraryImport(Libc, EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkAt(int directory, string path, int flags);

    [LibraryImport(Libc, EntryPoint = "flock", SetLastError = true)]
    internal static partial int FLock(int file, int operation);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint FutexPlain(long number, nint word, int operation, int value, nint timeout);

    [LibraryImport(Libc, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint FutexWaitTimed(long number, nint word, int operation, int value, in TimeSpec timeout);

    /// <summary>struct iovec.</summary>
    internal readonly record struct IoVector(nint Address, nuint Length);

    /// <summary>struct timespec of 64-bit systems, relative.</summary>
    internal readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
