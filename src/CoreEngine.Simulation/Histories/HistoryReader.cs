using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;

namespace CoreEngine.Simulation.Histories;

/// <summary>The events of one file.</summary>
/// <param name="Events">In the order of the file.</param>
/// <param name="IsLastLineTorn">The last line broke off and was left out: its writer was killed in mid write.</param>
public sealed record RecordedHistory(IReadOnlyList<HistoryEvent> Events, bool IsLastLineTorn);

/// <summary>Reads history files: ours, and any other in the same format.</summary>
public static class HistoryReader
{
    /// <summary>Bytes of one line. More is not a history.</summary>
    public const int LineBytesMax = 16 * 1024 * 1024;

    /// <summary>
    /// Reads a file. False, with line number and reason, when a line that is complete makes no sense.
    /// </summary>
    /// <exception cref="IOException">The file could not be read.</exception>
    public static bool TryRead(
        string path, [NotNullWhen(true)] out RecordedHistory? history, [NotNullWhen(false)] out string? reason)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        return TryRead(stream, out history, out reason);
    }

    /// <summary>
    /// Reads a stream to its end. False, with line number and reason, when a complete line makes no sense.
    /// </summary>
    public static bool TryRead(
        Stream stream, [NotNullWhen(true)] out RecordedHistory? history, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var lines = new Lines();
        history = JsonLines.TryRead(stream, lines.TryTakeLine, out bool isTorn, out reason)
            ? new RecordedHistory(lines.Events, isTorn)
            : null;
        return history is not null;
    }

    private sealed class Lines
    {
        private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);

        internal List<HistoryEvent> Events { get; } = [];

        internal bool TryTakeLine(ReadOnlySpan<byte> line, [NotNullWhen(false)] out string? reason)
        {
            if (!HistoryLine.TryRead(line, out HistoryEvent e, out reason))
            {
                return false;
            }

            // Keys repeat: one string per key keeps a long history in memory.
            if (!_keys.TryGetValue(e.Key, out string? key))
            {
                key = e.Key;
                _keys.Add(key, key);
            }

            Events.Add(e with { Key = key });
            return true;
        }
    }
}
