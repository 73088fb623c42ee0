using System;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace CoreEngine.Simulation.Histories;

/// <summary>One event as one line of JSON, in both directions.</summary>
internal static class HistoryLine
{
    /// <summary>Writes the event as one JSON object, without the line feed.</summary>
    internal static void Write(Utf8JsonWriter json, in HistoryEvent e)
    {
        json.WriteStartObject();
        json.WriteNumber("index"u8, e.Index);
        json.WriteNumber("time"u8, e.Time);
        json.WriteNumber("process"u8, e.Process);
        json.WriteString("type"u8, TypeName(e.Type));
        json.WriteString("f"u8, FunctionName(e.Function));
        json.WriteString("key"u8, e.Key);
        if (e.Function == HistoryFunction.Cas)
        {
            json.WriteStartArray("value"u8);
            json.WriteStringValue(e.Expected);
            json.WriteStringValue(e.Value);
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("value"u8, e.Value);
        }

        json.WriteEndObject();
    }

    /// <summary>
    /// Reads one line. Fields that are not ours are passed over; a missing or senseless one is named.
    /// </summary>
    internal static bool TryRead(ReadOnlySpan<byte> line, out HistoryEvent e, [NotNullWhen(false)] out string? reason)
    {
        var fields = new Fields();
        e = default;
        try
        {
            reason = fields.Read(line);
        }
        catch (JsonException exception)
        {
            reason = $"not a JSON object: {exception.Message}";
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException)
        {
            reason = $"a field has the wrong kind: {exception.Message}";
        }

        reason ??= fields.Build(out e);
        return reason is null;
    }

    /// <summary>The name of an event type, as in a history file.</summary>
    internal static ReadOnlySpan<byte> TypeName(HistoryEventType type) => type switch
    {
        HistoryEventType.Invoke => "invoke"u8,
        HistoryEventType.Ok => "ok"u8,
        HistoryEventType.Fail => "fail"u8,
        HistoryEventType.Info => "info"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>The name of an operation, as in a history file.</summary>
    internal static ReadOnlySpan<byte> FunctionName(HistoryFunction function) => function switch
    {
        HistoryFunction.Read => "read"u8,
        HistoryFunction.Write => "write"u8,
        HistoryFunction.Cas => "cas"u8,
        HistoryFunction.Append => "append"u8,
        HistoryFunction.Delete => "delete"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(function)),
    };

    /// <summary>
    /// What has been read of a line so far. Field order is free, so the parts are judged together at the end.
    /// </summary>
    private struct Fields
    {
        private long _index;
        private long? _time;
        private int? _process;
        private HistoryEventType? _type;
        private HistoryFunction? _function;
        private string? _key;
        private string? _value;
        private string? _expected;
        private bool _hasPair;

        internal string? Read(ReadOnlySpan<byte> line)
        {
            var json = new Utf8JsonReader(line);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
            {
                return "not a JSON object";
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                string? reason = ReadField(ref json);
                if (reason is not null)
                {
                    return reason;
                }
            }

            return json.Read() ? "more than one JSON value" : null;
        }

        internal readonly string? Build(out HistoryEvent e)
        {
            e = default;
            if (_time is null || _process is null || _type is null || _function is null || _key is null)
            {
                return "one of time, process, type, f, key is missing";
            }

            bool isInvoke = _type == HistoryEventType.Invoke;
            string? reason = _function switch
            {
                HistoryFunction.Cas when isInvoke && !_hasPair => "the value of a cas must be [old, new]",
                HistoryFunction.Cas when isInvoke && _value is null => "the new value of a cas must be a string",
                not HistoryFunction.Cas when _hasPair => "only the value of a cas is a pair",
                HistoryFunction.Write or HistoryFunction.Append when isInvoke && _value is null =>
                    "value must be a string",
                _ => null,
            };
            e = new HistoryEvent(
                _index, _time.Value, _process.Value, _type.Value, _function.Value, _key, _value, _expected);
            return reason;
        }

        private string? ReadField(ref Utf8JsonReader json)
        {
            if (json.ValueTextEquals("type"u8))
            {
                json.Read();
                _type = ParseType(in json);
                return _type is null ? "type must be invoke, ok, fail or info" : null;
            }

            if (json.ValueTextEquals("f"u8))
            {
                json.Read();
                _function = ParseFunction(in json);
                return _function is null ? "f must be read, write, cas, append or delete" : null;
            }

            if (json.ValueTextEquals("value"u8))
            {
                json.Read();
                return ReadValue(ref json);
            }

            return ReadPlainField(ref json);
        }

        private string? ReadPlainField(ref Utf8JsonReader json)
        {
            if (json.ValueTextEquals("index"u8))
            {
                json.Read();
                _index = json.GetInt64();
            }
            else if (json.ValueTextEquals("time"u8))
            {
                json.Read();
                _time = json.GetInt64();
            }
            else if (json.ValueTextEquals("process"u8))
            {
                json.Read();
                _process = json.GetInt32();
            }
            else if (json.ValueTextEquals("key"u8))
            {
                json.Read();
                _key = json.GetString();
            }
            else
            {
                json.Read();
                json.Skip();
            }

            return null;
        }

        private string? ReadValue(ref Utf8JsonReader json)
        {
            if (json.TokenType != JsonTokenType.StartArray)
            {
                _value = json.GetString();
                return null;
            }

            _hasPair = true;
            json.Read();
            _expected = json.GetString();
            json.Read();
            _value = json.GetString();
            return json.Read() && json.TokenType == JsonTokenType.EndArray ? null : "a pair has two parts";
        }

        private static HistoryEventType? ParseType(in Utf8JsonReader json)
        {
            return json.ValueTextEquals("invoke"u8) ? HistoryEventType.Invoke
                : json.ValueTextEquals("ok"u8) ? HistoryEventType.Ok
                : json.ValueTextEquals("fail"u8) ? HistoryEventType.Fail
                : json.ValueTextEquals("info"u8) ? HistoryEventType.Info
                : null;
        }

        private static HistoryFunction? ParseFunction(in Utf8JsonReader json)
        {
            return json.ValueTextEquals("read"u8) ? HistoryFunction.Read
                : json.ValueTextEquals("write"u8) ? HistoryFunction.Write
                : json.ValueTextEquals("cas"u8) ? HistoryFunction.Cas
                : json.ValueTextEquals("append"u8) ? HistoryFunction.Append
                : json.ValueTextEquals("delete"u8) ? HistoryFunction.Delete
                : null;
        }
    }
}
