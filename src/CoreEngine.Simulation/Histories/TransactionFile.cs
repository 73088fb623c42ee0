using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text.Json;

namespace CoreEngine.Simulation.Histories;

/// <summary>Histories of transactions in JSON Lines, in both directions.</summary>
public static class TransactionFile
{
    /// <summary>
    /// Reads a stream to its end; a last line that broke off is left out. False, with line number and reason, when a
    /// complete line makes no sense.
    /// </summary>
    public static bool TryRead(
        Stream stream,
        [NotNullWhen(true)] out IReadOnlyList<TransactionEvent>? events,
        [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var read = new List<TransactionEvent>();
        events = JsonLines.TryRead(stream, TryTake, out _, out reason) ? read : null;
        return events is not null;

        bool TryTake(ReadOnlySpan<byte> line, [NotNullWhen(false)] out string? why)
        {
            if (!TransactionLine.TryRead(line, out TransactionEvent? e, out why))
            {
                return false;
            }

            read.Add(e);
            return true;
        }
    }

    /// <summary>Writes one line per event to a stream, which stays open.</summary>
    public static void Write(Stream stream, IReadOnlyList<TransactionEvent> events)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(events);
        using var json = new Utf8JsonWriter(stream);
        foreach (TransactionEvent e in events)
        {
            TransactionLine.Write(json, e);
            json.Flush();
            stream.WriteByte((byte)'\n');
            json.Reset();
        }
    }
}
