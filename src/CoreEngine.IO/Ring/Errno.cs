using System.Globalization;
using System.Runtime.InteropServices;

namespace CoreEngine.IO.Ring;

/// <summary>
/// The error numbers of Linux that code here tells apart; alike on x64 and arm64. Rings return them negated.
/// </summary>
internal static class Errno
{
    internal const int NoEntry = 2;
    internal const int Interrupted = 4;
    internal const int Io = 5;
    internal const int BadFile = 9;
    internal const int WouldBlock = 11;
    internal const int Busy = 16;
    internal const int Invalid = 22;
    internal const int NoSpace = 28;
    internal const int NoSystemCall = 38;
    internal const int TimedOut = 62;
    internal const int NotSupported = 95;
    internal const int QuotaExceeded = 122;

    /// <summary>True when the medium is full rather than broken.</summary>
    internal static bool IsOutOfSpace(int errno) => errno is NoSpace or QuotaExceeded;

    /// <summary>Number and the system's words for it.</summary>
    internal static string Text(int errno) =>
        string.Create(CultureInfo.InvariantCulture, $"errno {errno}, {Marshal.GetPInvokeErrorMessage(errno)}");
}
