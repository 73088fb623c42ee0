using System;
using System.IO;
using System.Runtime.InteropServices;

namespace CoreEngine.IO.Ring;

/// <summary>
/// The optional C library: aligned durable writes and syncs with the error in the return value. See native/README.md.
/// </summary>
internal static partial class NativeMethods
{
    private const int AbiVersion = 1;
    private const string LibraryFile = "libcoreengine_native.so";

    private static readonly NativeLibraryCalls Calls = Load();

    /// <summary>
    /// True when the library is loaded and of our version; otherwise the C library is called directly.
    /// </summary>
    internal static bool HasNative => Calls.Reason.Length == 0;

    /// <summary>Why the library is not used; empty when it is.</summary>
    internal static string NativeReason => Calls.Reason;

    /// <summary>Writes durably: bytes written, or a negative errno. Only with <see cref="HasNative"/>.</summary>
    internal static unsafe long NativeWriteDurable(int file, nint buffer, int length, long offset) =>
        Calls.WriteDurable(file, buffer, (nuint)length, offset);

    /// <summary>fdatasync: zero, or a negative errno. Only with <see cref="HasNative"/>.</summary>
    internal static unsafe int NativeDataSync(int file) => Calls.DataSync(file);

    /// <summary>fsync of a directory: zero, or a negative errno. Only with <see cref="HasNative"/>.</summary>
    internal static unsafe int NativeDirectorySync(int directory) => Calls.DirectorySync(directory);

    /// <summary>Why blocks cannot be compressed here; empty when they can.</summary>
    internal static string CompressionReason => Calls.CompressionReason;

    /// <summary>
    /// Compresses one LZ4 block: bytes written, or 0 when they do not fit. Only without a
    /// <see cref="CompressionReason"/>.
    /// </summary>
    internal static unsafe int NativeCompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        // The pinned spans outlive the call, and the library stays within their lengths.
        fixed (byte* from = source, to = target)
        {
            return Calls.Compress(from, source.Length, to, target.Length);
        }
    }

    /// <summary>
    /// Restores one LZ4 block that fills the target exactly; false when it is none. Only without a
    /// <see cref="CompressionReason"/>.
    /// </summary>
    internal static unsafe bool NativeRestore(ReadOnlySpan<byte> source, Span<byte> target)
    {
        // As above; the library checks what it reads, since the bytes may be anybody's.
        fixed (byte* from = source, to = target)
        {
            return Calls.Restore(from, source.Length, to, target.Length) == target.Length;
        }
    }

    private static NativeLibraryCalls Load()
    {
        string architecture = IsArm64 ? "linux-arm64" : "linux-x64";
        string beside = Path.Combine(AppContext.BaseDirectory, "runtimes", architecture, "native", LibraryFile);
        if (!NativeLibrary.TryLoad(beside, out nint library)
            && !NativeLibrary.TryLoad(
                LibraryFile, typeof(NativeMethods).Assembly, DllImportSearchPath.SafeDirectories, out library))
        {
            return new NativeLibraryCalls("native library not found");
        }

        return Bind(library);
    }

    private static unsafe NativeLibraryCalls Bind(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "ce_abi_version", out nint version)
            || ((delegate* unmanaged<int>)version)() != AbiVersion)
        {
            return new NativeLibraryCalls("native library of another version");
        }

        if (!NativeLibrary.TryGetExport(library, "ce_pwritev2_dsync", out nint write)
            || !NativeLibrary.TryGetExport(library, "ce_fdatasync", out nint sync)
            || !NativeLibrary.TryGetExport(library, "ce_fsync_dir", out nint directory))
        {
            return new NativeLibraryCalls("native library lacks a function");
        }

        _ = NativeLibrary.TryGetExport(library, "ce_lz4_compress", out nint compress);
        _ = NativeLibrary.TryGetExport(library, "ce_lz4_restore", out nint restore);
        bool hasBoth = compress != 0 && restore != 0;
        return new NativeLibraryCalls(string.Empty)
        {
            Library = library,
            CompressionReason = hasBoth ? string.Empty : "the native library was built without LZ4",
            Compress = (delegate* unmanaged<byte*, int, byte*, int, int>)compress,
            Restore = (delegate* unmanaged<byte*, int, byte*, int, int>)restore,
            WriteDurable = (delegate* unmanaged<int, nint, nuint, long, long>)write,
            DataSync = (delegate* unmanaged<int, int>)sync,
            DirectorySync = (delegate* unmanaged<int, int>)directory,
        };
    }

    /// <summary>Addresses of the library's functions; none may be called unless the reason is empty.</summary>
    private sealed unsafe class NativeLibraryCalls(string reason)
    {
        internal string Reason { get; } = reason;

        /// <summary>Where further functions are looked up; zero when there is none.</summary>
        internal nint Library { get; init; }

        /// <summary>As <see cref="Reason"/>, for the functions that a library may lack.</summary>
        internal string CompressionReason { get; init; } = reason;

        internal delegate* unmanaged<byte*, int, byte*, int, int> Compress { get; init; }

        internal delegate* unmanaged<byte*, int, byte*, int, int> Restore { get; init; }

        internal delegate* unmanaged<int, nint, nuint, long, long> WriteDurable { get; init; }

        internal delegate* unmanaged<int, int> DataSync { get; init; }

        internal delegate* unmanaged<int, int> DirectorySync { get; init; }
    }
}
