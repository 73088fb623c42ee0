using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using CoreEngine.Simulation.Checkers;

namespace CoreEngine.Simulation.Histories;

/// <summary>
/// Writes a history as operations for the checker Porcupine: one JSON object <c>{client, call, ret, input, output}</c>
/// per line, by call.
/// </summary>
/// <remarks>
/// Failed operations did not happen and are left out. An operation of unknown outcome returns at the end of the history
/// with the output <c>{"unknown":true}</c>; a model must then let a read return anything, and let a cas that finds
/// another value do nothing. Times are nanoseconds; equal ones are pushed apart by single nanoseconds, so that their
/// order is that of the events and no two operations overlap that did not.
/// </remarks>
public static class PorcupineExport
{
    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes to a stream, which stays open. False with the reason when the events are no history.</summary>
    public static bool TryWrite(
        Stream stream, IReadOnlyList<HistoryEvent> events, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!HistoryOperation.TryPair(events, out IReadOnlyList<HistoryOperation>? operations, out reason))
        {
            return false;
        }

        long[] times = Times(events);
        using var json = new Utf8JsonWriter(stream, Format);
        foreach (HistoryOperation operation in operations)
        {
            WriteOperation(json, operation, times);
            json.Flush();
            stream.WriteByte((byte)'\n');
            json.Reset();
        }

        return true;
    }

    /// <summary>A time for each event, strictly ascending; one more, the end of the history, is last.</summary>
    private static long[] Times(IReadOnlyList<HistoryEvent> events)
    {
        long[] times = new long[events.Count + 1];
        long last = events.Count > 0 ? events[0].Time - 1 : 0;
        for (int i = 0; i < events.Count; i++)
        {
            last = Math.Max(events[i].Time, last + 1);
            times[i] = last;
        }

        times[^1] = last + 1;
        return times;
    }

    private static void WriteOperation(Utf8JsonWriter json, in HistoryOperation operation, long[] times)
    {
        json.WriteStartObject();
        json.WriteNumber("client"u8, operation.Process);
        json.WriteNumber("call"u8, times[operation.Invoked]);
        json.WriteNumber("ret"u8, operation.IsUnknown ? times[^1] : times[operation.Returned]);
        json.WriteStartObject("input"u8);
        json.WriteString("f"u8, HistoryLine.FunctionName(operation.Function));
        json.WriteString("key"u8, operation.Key);
        if (operation.Function == HistoryFunction.Cas)
        {
            json.WriteString("expected"u8, operation.Expected);
        }

        if (operation.Function is not (HistoryFunction.Read or HistoryFunction.Delete))
        {
            json.WriteString("value"u8, operation.Value);
        }

        json.WriteEndObject();
        json.WriteStartObject("output"u8);
        json.WriteBoolean("unknown"u8, operation.IsUnknown);
        if (operation.Function == HistoryFunction.Read && !operation.IsUnknown)
        {
            json.WriteString("value"u8, operation.Value);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
