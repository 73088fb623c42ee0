using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;

namespace CoreEngine.Simulation.Histories;

/// <summary>Cuts a stream into lines, in bounded memory.</summary>
internal static class JsonLines
{
    /// <summary>Takes one line, without its line feed. False with the reason when it makes no sense.</summary>
    internal delegate bool TakeLine(ReadOnlySpan<byte> line, [NotNullWhen(false)] out string? reason);

    /// <summary>
    /// Reads a stream to its end. False, with line number and reason, when a complete line is refused.
    /// </summary>
    /// <param name="stream">Read from where it stands.</param>
    /// <param name="take">Takes each line in turn.</param>
    /// <param name="isLastLineTorn">True when the last line has no line feed and makes no sense.</param>
    /// <param name="reason">Which line is refused, and why.</param>
    internal static bool TryRead(
        Stream stream, TakeLine take, out bool isLastLineTorn, [NotNullWhen(false)] out string? reason)
    {
        byte[] buffer = new byte[64 * 1024];
        int held = 0;
        int count = 0;
        isLastLineTorn = false;
        while (true)
        {
            if (held == buffer.Length)
            {
                if (buffer.Length >= HistoryReader.LineBytesMax)
                {
                    reason = $"line {count + 1}: longer than {HistoryReader.LineBytesMax} bytes";
                    return false;
                }

                Array.Resize(ref buffer, buffer.Length * 2);
            }

            int read = stream.Read(buffer, held, buffer.Length - held);
            if (read == 0)
            {
                break;
            }

            held += read;
            if (!TryTake(buffer.AsSpan(0, held), take, ref count, out int taken, out reason))
            {
                return false;
            }

            buffer.AsSpan(taken, held - taken).CopyTo(buffer);
            held -= taken;
        }

        // A rest without a line feed is complete when it parses: an object that closes cannot be a beginning of a
        // longer one.
        isLastLineTorn = held > 0 && !take(buffer.AsSpan(0, held), out _);
        reason = null;
        return true;
    }

    private static bool TryTake(
        ReadOnlySpan<byte> bytes,
        TakeLine take,
        ref int count,
        out int taken,
        [NotNullWhen(false)] out string? reason)
    {
        taken = 0;
        reason = null;
        int length = bytes.IndexOf((byte)'\n');
        while (length >= 0)
        {
            if (!take(bytes.Slice(taken, length), out reason))
            {
                reason = $"line {count + 1}: {reason}";
                return false;
            }

            count++;
            taken += length + 1;
            length = bytes[taken..].IndexOf((byte)'\n');
        }

        return true;
    }
}
