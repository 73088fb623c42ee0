using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CoreEngine.Simulation.Tracing;

/// <summary>Writes events as NDJSON, with the field names of etcd-io/raft's trace validation.</summary>
/// <remarks>Ours on top: <c>time</c>,
/// <c>persisted</c>, <c>durable</c> in a message, and in <c>prop</c> the terms of entries and the
/// incarnation. Numbers of replicas are strings, as there.</remarks>
internal static class ProtocolTraceWriter
{
    internal static string Write(ProtocolEvent traced)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("name", traced.Name);
            if (traced.TimeNs is { } time)
            {
                writer.WriteNumber("time", time);
            }

            writer.WriteString("nid", Name(traced.Replica));
            WriteState(writer, traced);
            writer.WriteString("role", traced.Role);
            writer.WriteNumber("log", traced.Log);
            WriteConf(writer, traced.Conf);
            if (traced.Message is { } message)
            {
                WriteMessage(writer, message);
            }

            WriteProperties(writer, traced);
            writer.WriteStartObject("persisted");
            writer.WriteNumber("term", traced.DurableTerm);
            writer.WriteString("vote", Name(traced.DurableVote));
            writer.WriteNumber("lastIndex", traced.DurableIndex);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteState(Utf8JsonWriter writer, ProtocolEvent traced)
    {
        writer.WriteStartObject("state");
        writer.WriteNumber("term", traced.Term);
        writer.WriteString("vote", Name(traced.Vote));
        writer.WriteNumber("commit", traced.Commit);
        writer.WriteEndObject();
    }

    private static void WriteConf(Utf8JsonWriter writer, IReadOnlyList<uint> voters)
    {
        writer.WriteStartArray("conf");
        writer.WriteStartArray();
        foreach (uint voter in voters)
        {
            writer.WriteStringValue(Name(voter));
        }

        writer.WriteEndArray();

        // No joint configuration.
        writer.WriteStartArray();
        writer.WriteEndArray();
        writer.WriteEndArray();
    }

    private static void WriteMessage(Utf8JsonWriter writer, TracedMessage message)
    {
        writer.WriteStartObject("msg");
        writer.WriteString("type", message.Type);
        writer.WriteNumber("term", message.Term);
        writer.WriteString("from", Name(message.From));
        writer.WriteString("to", Name(message.To));
        writer.WriteNumber("entries", message.Entries);
        writer.WriteNumber("logTerm", message.LogTerm);
        writer.WriteNumber("index", message.Index);
        writer.WriteNumber("commit", message.Commit);
        writer.WriteString("vote", "0");
        writer.WriteBoolean("reject", message.Reject);
        writer.WriteNumber("rejectHint", message.RejectHint);
        writer.WriteNumber("durable", message.Durable);
        writer.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter writer, ProtocolEvent traced)
    {
        if (traced.Terms.Count == 0 && traced.Incarnation == 0)
        {
            return;
        }

        writer.WriteStartObject("prop");
        writer.WriteStartArray("terms");
        foreach (ulong term in traced.Terms)
        {
            writer.WriteNumberValue(term);
        }

        writer.WriteEndArray();
        if (traced.Incarnation != 0)
        {
            writer.WriteString("incarnation", traced.Incarnation.ToString("x16", CultureInfo.InvariantCulture));
        }

        writer.WriteEndObject();
    }

    private static string Name(uint replica) => replica.ToString(CultureInfo.InvariantCulture);
}
