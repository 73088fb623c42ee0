using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Which part of the log an operation belongs to.</summary>
internal enum LogTokenKind : byte
{
    Batch = 1,
    Roll = 2,
    CloseOld = 3,
    Spare = 4,
    Superblock = 5,
    Cursor = 6,
    Drop = 7,
}

/// <summary>Tokens of the log's operations: top byte the owner, then the kind, then a value of 48 bits.</summary>
internal static class LogToken
{
    /// <summary>Top byte of every token of the log; nobody else on the ring may use it.</summary>
    internal const byte Owner = 0x4C;

    private const ulong ValueMask = (1UL << 48) - 1;

    internal static ulong Of(LogTokenKind kind, ulong value)
    {
        Invariant.Holds(value <= ValueMask);
        return ((ulong)Owner << 56) | ((ulong)kind << 48) | value;
    }

    internal static bool IsOwn(ulong token) => (byte)(token >> 56) == Owner;

    internal static LogTokenKind KindOf(ulong token) => (LogTokenKind)((token >> 48) & 0xFF);

    internal static ulong ValueOf(ulong token) => token & ValueMask;
}
