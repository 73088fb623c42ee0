using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace CoreEngine.Simulation.Histories;

/// <summary>
/// One event of a transaction as one line of JSON, as Elle's tool reads it:
/// <c>{"index":0,"type":"ok","f":"txn","process":0,"time":1,"value":[["append",5,8],["r",5,[8]]]}</c>.
/// </summary>
internal static class TransactionLine
{
    /// <summary>Writes the event as one JSON object, without the line feed. Keys are written as strings.</summary>
    internal static void Write(Utf8JsonWriter json, TransactionEvent e)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, e.Index);
        json.WriteNumber("time"u8, e.Time);
        json.WriteNumber("process"u8, e.Process);
        json.WriteString("type"u8, HistoryLine.TypeName(e.Type));
        json.WriteString("f"u8, "txn"u8);
        json.WriteStartArray("value"u8);
        foreach (TransactionStep step in e.Steps)
        {
            WriteStep(json, step);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>
    /// Reads one line. Fields that are not ours are passed over; index and time may be missing.
    /// </summary>
    internal static bool TryRead(
        ReadOnlySpan<byte> line, [NotNullWhen(true)] out TransactionEvent? e, [NotNullWhen(false)] out string? reason)
    {
        e = null;
        try
        {
            var json = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref json);
            reason = json.Read() ? "more than one JSON value" : ReadObject(document.RootElement, out e);
        }
        catch (JsonException exception)
        {
            reason = $"not a JSON object: {exception.Message}";
        }
        catch (InvalidOperationException exception)
        {
            reason = $"a text is not valid: {exception.Message}";
        }

        return reason is null && e is not null;
    }

    private static void WriteStep(Utf8JsonWriter json, in TransactionStep step)
    {
        json.WriteStartArray();
        json.WriteStringValue(step.Function == TransactionFunction.Append ? "append"u8 : "r"u8);
        json.WriteStringValue(step.Key);
        if (step.Function == TransactionFunction.Append)
        {
            json.WriteNumberValue(step.Element);
        }
        else if (step.List is null)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteStartArray();
            foreach (long element in step.List)
            {
                json.WriteNumberValue(element);
            }

            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static string? ReadObject(JsonElement json, out TransactionEvent? e)
    {
        e = null;
        if (json.ValueKind != JsonValueKind.Object)
        {
            return "not a JSON object";
        }

        if (!json.TryGetProperty("f"u8, out JsonElement f) || !IsText(f, "txn"u8))
        {
            return "f must be txn";
        }

        if (!json.TryGetProperty("type"u8, out JsonElement word) || ParseType(word) is not HistoryEventType type)
        {
            return "type must be invoke, ok, fail or info";
        }

        string? wrong = ReadNumbers(json, out long process, out long index, out long time);
        if (wrong is not null)
        {
            return wrong;
        }

        if (!json.TryGetProperty("value"u8, out JsonElement value) || value.ValueKind != JsonValueKind.Array)
        {
            return "value must be an array of steps";
        }

        var steps = new List<TransactionStep>();
        foreach (JsonElement item in value.EnumerateArray())
        {
            string? reason = ReadStep(item, out TransactionStep step);
            if (reason is not null)
            {
                return reason;
            }

            steps.Add(step);
        }

        e = new TransactionEvent(index, time, (int)process, type, steps);
        return null;
    }

    private static string? ReadNumbers(JsonElement json, out long process, out long index, out long time)
    {
        process = 0;
        time = 0;
        if (!TryGetOptional(json, "index"u8, out index) || !TryGetOptional(json, "time"u8, out time))
        {
            return "index and time must be numbers";
        }

        bool isProcess = json.TryGetProperty("process"u8, out JsonElement number)
            && TryGetNumber(number, out process)
            && process is >= int.MinValue and <= int.MaxValue;
        return isProcess ? null : "process must be a number";
    }

    private static string? ReadStep(JsonElement json, out TransactionStep step)
    {
        step = default;
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() != 3)
        {
            return "a step is [function, key, value]";
        }

        string? key = json[1].ValueKind == JsonValueKind.String ? json[1].GetString()
            : TryGetNumber(json[1], out long number) ? number.ToString(CultureInfo.InvariantCulture)
            : null;
        if (key is null)
        {
            return "a key must be a string or a whole number";
        }

        if (IsText(json[0], "append"u8))
        {
            bool isElement = TryGetNumber(json[2], out long element);
            step = new TransactionStep(TransactionFunction.Append, key, element, null);
            return isElement ? null : "an append takes a whole number";
        }

        if (!IsText(json[0], "r"u8))
        {
            return "a step is append or r";
        }

        bool isList = TryGetList(json[2], out List<long>? list);
        step = new TransactionStep(TransactionFunction.Read, key, 0, list);
        return isList ? null : "a read returns null or an array of whole numbers";
    }

    private static bool TryGetList(JsonElement json, out List<long>? list)
    {
        list = null;
        if (json.ValueKind != JsonValueKind.Array)
        {
            return json.ValueKind == JsonValueKind.Null;
        }

        list = new List<long>(json.GetArrayLength());
        foreach (JsonElement item in json.EnumerateArray())
        {
            if (!TryGetNumber(item, out long element))
            {
                return false;
            }

            list.Add(element);
        }

        return true;
    }

    private static bool TryGetOptional(JsonElement json, ReadOnlySpan<byte> name, out long number)
    {
        number = 0;
        return !json.TryGetProperty(name, out JsonElement field) || TryGetNumber(field, out number);
    }

    private static bool TryGetNumber(JsonElement json, out long number)
    {
        number = 0;
        return json.ValueKind == JsonValueKind.Number && json.TryGetInt64(out number);
    }

    private static bool IsText(JsonElement json, ReadOnlySpan<byte> text) =>
        json.ValueKind == JsonValueKind.String && json.ValueEquals(text);

    private static HistoryEventType? ParseType(JsonElement json) =>
        IsText(json, "invoke"u8) ? HistoryEventType.Invoke
            : IsText(json, "ok"u8) ? HistoryEventType.Ok
            : IsText(json, "fail"u8) ? HistoryEventType.Fail
            : IsText(json, "info"u8) ? HistoryEventType.Info
            : null;
}
