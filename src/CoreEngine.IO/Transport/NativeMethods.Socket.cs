using System;
using System.Runtime.InteropServices;

namespace CoreEngine.IO.Transport;

/// <summary>
/// The three socket calls that the base library does not offer: a send that never waits on a blocking socket, and a
/// bare receive.
/// </summary>
/// <remarks>
/// An asynchronous call would turn the socket non-blocking for good, and every blocking receive would then sleep
/// behind the
/// runtime's poll thread: one more wake-up per message. The handle is held by the marshaller for the length of each
/// call.
/// </remarks>
internal static partial class NativeMethods
{
    private const int DontWait = 0x40;
    private const int NoSignal = 0x4000;
    private const int ShutdownBoth = 2;

    /// <summary>Hands over what the socket takes without waiting.</summary>
    /// <returns>Bytes taken; negative: failed, see <see cref="Marshal.GetLastPInvokeError"/>.</returns>
    internal static unsafe nint SendNow(SafeHandle socket, ReadOnlySpan<byte> bytes)
    {
        // The pointer and the length come from the same span, pinned for the call.
        fixed (byte* start = bytes)
        {
            return Send(socket, start, (nuint)bytes.Length, DontWait | NoSignal);
        }
    }

    /// <summary>Hands over some bytes, waiting until the socket takes at least one.</summary>
    internal static unsafe nint SendBlocking(SafeHandle socket, ReadOnlySpan<byte> bytes)
    {
        // As above.
        fixed (byte* start = bytes)
        {
            return Send(socket, start, (nuint)bytes.Length, NoSignal);
        }
    }

    /// <summary>Waits for at least one byte.</summary>
    /// <returns>Bytes received; 0: the other side has closed; negative: failed.</returns>
    internal static unsafe nint ReceiveBlocking(SafeHandle socket, Span<byte> bytes)
    {
        // As above.
        fixed (byte* start = bytes)
        {
            return Receive(socket, start, (nuint)bytes.Length, 0);
        }
    }

    /// <summary>Ends both directions: calls that wait on the socket return.</summary>
    internal static int Shutdown(SafeHandle socket) => Shutdown(socket, ShutdownBoth);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial nint Send(SafeHandle socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static unsafe partial nint Receive(SafeHandle socket, byte* bytes, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Shutdown(SafeHandle socket, int how);
}
