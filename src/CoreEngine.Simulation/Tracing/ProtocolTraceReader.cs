using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;

namespace CoreEngine.Simulation.Tracing;

/// <summary>Reads what <see cref="ProtocolTraceWriter"/> writes.</summary>
internal static class ProtocolTraceReader
{
    /// <summary>False, with the reason, when a line is no event.</summary>
    internal static bool TryRead(string line, out ProtocolEvent traced, out string reason)
    {
        traced = null!;
        reason = string.Empty;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            traced = Read(document.RootElement);
            return true;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or OverflowException)
        {
            reason = $"no event of a protocol trace: {error.Message}";
            return false;
        }
    }

    private static ProtocolEvent Read(JsonElement root)
    {
        JsonElement state = root.GetProperty("state");
        JsonElement persisted = root.GetProperty("persisted");
        bool hasProperties = root.TryGetProperty("prop", out JsonElement properties);
        return new ProtocolEvent
        {
            Name = Text(root, "name"),
            TimeNs = root.TryGetProperty("time", out JsonElement time) ? time.GetInt64() : null,
            Replica = Replica(root, "nid"),
            Term = Number(state, "term"),
            Vote = Replica(state, "vote"),
            Commit = Number(state, "commit"),
            Role = Text(root, "role"),
            Log = Number(root, "log"),
            Conf = [.. root.GetProperty("conf")[0].EnumerateArray().Select(static voter => Parse(voter.GetString()))],
            DurableTerm = Number(persisted, "term"),
            DurableVote = Replica(persisted, "vote"),
            DurableIndex = Number(persisted, "lastIndex"),
            Message = root.TryGetProperty("msg", out JsonElement message) ? ReadMessage(message) : null,
            Terms = hasProperties && properties.TryGetProperty("terms", out JsonElement terms)
                ? [.. terms.EnumerateArray().Select(static term => term.GetUInt64())]
                : [],
            Incarnation = hasProperties && properties.TryGetProperty("incarnation", out JsonElement incarnation)
                ? ulong.Parse(incarnation.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                : 0,
        };
    }

    private static TracedMessage ReadMessage(JsonElement message) => new(
        Text(message, "type"),
        Number(message, "term"),
        Replica(message, "from"),
        Replica(message, "to"),
        message.GetProperty("entries").GetInt32(),
        Number(message, "logTerm"),
        Number(message, "index"),
        Number(message, "commit"),
        message.GetProperty("reject").GetBoolean(),
        Number(message, "rejectHint"),
        Number(message, "durable"));

    private static string Text(JsonElement element, string name) =>
        element.GetProperty(name).GetString() ?? throw new FormatException($"'{name}' is null");

    private static ulong Number(JsonElement element, string name) => element.GetProperty(name).GetUInt64();

    private static uint Replica(JsonElement element, string name) => Parse(element.GetProperty(name).GetString());

    private static uint Parse(string? text) =>
        uint.Parse(text ?? throw new FormatException("a replica is null"), CultureInfo.InvariantCulture);
}
