using System.Runtime.InteropServices;

[assembly: DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]

namespace CoreEngine.Nemesis.Machine;

/// <summary>Calls of the C library that make faults and that the base library does not have.</summary>
internal static partial class NativeMethods
{
    internal const int SignalKill = 9;
    internal const int SignalStop = 19;
    internal const int SignalContinue = 18;

    /// <summary>CLONE_NEWNET.</summary>
    internal const int NetworkNamespace = 0x40000000;

    /// <summary>EXT4_IOC_SHUTDOWN, also XFS's and F2FS's: <c>_IOR('X', 125, u32)</c>.</summary>
    internal const uint FileSystemShutdown = 0x8004587d;

    /// <summary>O_RDONLY | O_CLOEXEC.</summary>
    internal const int OpenReadOnly = 0x80000;

    private const string Libc = "libc";

    [LibraryImport(Libc, EntryPoint = "kill", SetLastError = true)]
    internal static partial int Kill(int process, int signal);

    [LibraryImport(Libc, EntryPoint = "setns", SetLastError = true)]
    internal static partial int SetNamespace(int file, int type);

    [LibraryImport(Libc, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport(Libc, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int file);

    /// <summary>With a pointer to one unsigned number.</summary>
    [LibraryImport(Libc, EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int Control(int file, nuint request, in uint argument);
}
