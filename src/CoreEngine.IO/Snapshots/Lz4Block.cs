using System;
using CoreEngine.IO.Ring;

namespace CoreEngine.IO.Snapshots;

/// <summary>One block of LZ4 (the block format; no frame around it).</summary>
/// <remarks>
/// Compressed only by the native library. Restored by it, or by the code below where it is missing: a replica without
/// the library can read, and be sent, what another one compressed. Thread-safe: no state.
/// </remarks>
internal static class Lz4Block
{
    /// <summary>A match of fewer bytes is not worth its two bytes of distance, so the format knows none.</summary>
    private const int MatchMin = 4;

    /// <summary>Lengths of this many in a token go on in the bytes behind it.</summary>
    private const int LengthMask = 15;

    /// <summary>Empty when blocks can be compressed here; else why not, for people.</summary>
    internal static string MissingReason => NativeMethods.CompressionReason;

    /// <summary>Compresses a block.</summary>
    /// <returns>Bytes written; 0 when they do not fit into <paramref name="target"/>.</returns>
    internal static int Compress(ReadOnlySpan<byte> raw, Span<byte> target) =>
        NativeMethods.NativeCompress(raw, target);

    /// <summary>Restores a block that must fill <paramref name="raw"/> exactly.</summary>
    /// <returns>False when it is not such a block; then <paramref name="raw"/> holds anything.</returns>
    internal static bool TryRestore(ReadOnlySpan<byte> stored, Span<byte> raw) => MissingReason.Length == 0
        ? NativeMethods.NativeRestore(stored, raw)
        : TryRestoreManaged(stored, raw);

    /// <summary>The same without the library: each length is checked against both ends before a byte moves.</summary>
    internal static bool TryRestoreManaged(ReadOnlySpan<byte> stored, Span<byte> raw)
    {
        int from = 0;
        int to = 0;
        while (from < stored.Length)
        {
            int token = stored[from++];
            if (!TryLength(stored, ref from, token >> 4, out int literals)
                || literals > stored.Length - from
                || literals > raw.Length - to)
            {
                return false;
            }

            stored.Slice(from, literals).CopyTo(raw[to..]);
            from += literals;
            to += literals;
            if (from == stored.Length)
            {
                // The last sequence has literals alone.
                return to == raw.Length;
            }

            if (stored.Length - from < 2)
            {
                return false;
            }

            int distance = stored[from] | (stored[from + 1] << 8);
            from += 2;
            if (!TryLength(stored, ref from, token & LengthMask, out int more)
                || distance == 0
                || distance > to
                || more > raw.Length - to - MatchMin)
            {
                return false;
            }

            Repeat(raw, to, distance, more + MatchMin);
            to += more + MatchMin;
        }

        return false;
    }

    /// <summary>A length of at most the block's own bytes times 255: it cannot overflow.</summary>
    private static bool TryLength(ReadOnlySpan<byte> stored, ref int from, int start, out int length)
    {
        length = start;
        if (start < LengthMask)
        {
            return true;
        }

        while (from < stored.Length)
        {
            byte next = stored[from++];
            length += next;
            if (next != byte.MaxValue)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A match may reach into itself: then it repeats what it has just written.</summary>
    private static void Repeat(Span<byte> raw, int to, int distance, int length)
    {
        int done = 0;
        while (done < length)
        {
            // What lies between the source and here doubles with each step.
            int part = int.Min(length - done, distance + done);
            raw.Slice(to - distance, part).CopyTo(raw[(to + done)..]);
            done += part;
        }
    }
}
