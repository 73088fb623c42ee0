using System;
using System.Buffers;
using System.Text;
using System.Text.Json;

namespace CoreEngine.Cli.Workload;

/// <summary>
/// What a client process tells its parent: one JSON object to a line, with what happened since the line before.
/// </summary>
internal sealed class ProgressLine
{
    private readonly ArrayBufferWriter<byte> _buffer = new(4096);

    internal TallyCounts Counts { get; set; }

    /// <summary>Latencies of single operations.</summary>
    internal LatencyHistogram Single { get; } = new();

    /// <summary>Latencies of pipelined operations.</summary>
    internal LatencyHistogram Loaded { get; } = new();

    /// <summary>The line, without its line feed.</summary>
    internal string Format()
    {
        _buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(_buffer);
        json.WriteStartObject();
        json.WriteNumber("ok"u8, Counts.Ok);
        json.WriteNumber("reads"u8, Counts.Reads);
        json.WriteNumber("fail"u8, Counts.Fail);
        json.WriteNumber("info"u8, Counts.Unknown);
        json.WriteNumber("load"u8, Counts.Load);
        json.WriteNumber("loadErrors"u8, Counts.LoadErrors);
        Write(json, "single"u8, Single);
        Write(json, "loaded"u8, Loaded);
        json.WriteEndObject();
        json.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    /// <summary>Reads a line. False when it is something else.</summary>
    internal bool TryRead(string line)
    {
        Single.Clear();
        Loaded.Clear();
        try
        {
            var json = new Utf8JsonReader(Encoding.UTF8.GetBytes(line));
            return json.Read() && json.TokenType == JsonTokenType.StartObject && ReadFields(ref json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }

    private bool ReadFields(ref Utf8JsonReader json)
    {
        TallyCounts counts = default;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string? key = json.GetString();
            json.Read();
            switch (key)
            {
                case "ok":
                    counts.Ok = json.GetInt64();
                    break;
                case "reads":
                    counts.Reads = json.GetInt64();
                    break;
                case "fail":
                    counts.Fail = json.GetInt64();
                    break;
                case "info":
                    counts.Unknown = json.GetInt64();
                    break;
                case "load":
                    counts.Load = json.GetInt64();
                    break;
                case "loadErrors":
                    counts.LoadErrors = json.GetInt64();
                    break;
                case "single":
                    Read(ref json, Single);
                    break;
                case "loaded":
                    Read(ref json, Loaded);
                    break;
                default:
                    json.Skip();
                    break;
            }
        }

        Counts = counts;
        return json.TokenType == JsonTokenType.EndObject;
    }

    /// <summary>Pairs of bucket and count, flat; empty buckets are left out.</summary>
    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, LatencyHistogram histogram)
    {
        json.WriteStartArray(name);
        for (int bucket = 0; bucket < LatencyHistogram.Buckets; bucket++)
        {
            if (histogram[bucket] > 0)
            {
                json.WriteNumberValue(bucket);
                json.WriteNumberValue(histogram[bucket]);
            }
        }

        json.WriteEndArray();
    }

    private static void Read(ref Utf8JsonReader json, LatencyHistogram histogram)
    {
        while (json.Read() && json.TokenType == JsonTokenType.Number)
        {
            int bucket = json.GetInt32();
            json.Read();
            long count = json.GetInt64();
            if (bucket is < 0 or >= LatencyHistogram.Buckets || count < 0)
            {
                throw new FormatException("no such bucket");
            }

            histogram.AddBucket(bucket, count);
        }
    }
}
