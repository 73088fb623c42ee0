using System;
using System.Buffers;
using System.Diagnostics;
using System.IO;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Histories;

/// <summary>Records what clients saw, one JSON line per event, in the order of its own clock readings.</summary>
/// <remarks>
/// Thread-safe: any number of client tasks share one writer. Each event reaches the operating system in one write
/// before the call returns, so a killed client loses no event but the one being written; a power cut may lose more. The
/// clock is read inside the call: record the invocation before sending and the completion after the reply.
/// </remarks>
public sealed class HistoryWriter : IDisposable
{
    private static readonly JsonWriterOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();
    private readonly Stream _stream;
    private readonly Func<long> _clock;
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private readonly Utf8JsonWriter _json;

    /// <summary>Index of the next event, also the number of events written.</summary>
    private long _next;

    /// <summary>Last time written: lines never go back in time.</summary>
    private long _time = long.MinValue;

    /// <summary>
    /// A write failed, perhaps half done: a line after it could be glued to its rest, so there is none.
    /// </summary>
    private bool _isBroken;

    /// <summary>Creates the file, replacing one that is there.</summary>
    public HistoryWriter(string path)
        : this(
            new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0),
            MonotonicNanoseconds)
    {
    }

    /// <summary>Writes to a stream, which the writer then owns, with a clock of the caller (nanoseconds).</summary>
    public HistoryWriter(Stream stream, Func<long> clock)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(clock);
        _stream = stream;
        _clock = clock;
        _json = new Utf8JsonWriter(_line, Format);
    }

    /// <summary>CLOCK_MONOTONIC in nanoseconds: on Linux the same for every process of the machine.</summary>
    public static long MonotonicNanoseconds()
    {
        Invariant.Holds(Stopwatch.Frequency == 1_000_000_000);
        return Stopwatch.GetTimestamp();
    }

    /// <summary>Records that a process is about to send an operation.</summary>
    /// <param name="process">The client's logical process.</param>
    /// <param name="function">What the operation does.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The argument of write and append, the new value of cas; else null.</param>
    /// <param name="expected">The expected value of cas; else null.</param>
    /// <exception cref="IOException">The file could not be written: do not send the operation.</exception>
    public void Invoke(int process, HistoryFunction function, string key, string? value, string? expected = null) =>
        Record(process, HistoryEventType.Invoke, function, key, value, expected);

    /// <summary>Records how an operation ended.</summary>
    /// <param name="process">The process that invoked it.</param>
    /// <param name="type">Ok, Fail or Info.</param>
    /// <param name="function">As invoked.</param>
    /// <param name="key">As invoked.</param>
    /// <param name="value">The result of a read that is ok; else as invoked.</param>
    /// <param name="expected">As invoked.</param>
    public void Complete(
        int process,
        HistoryEventType type,
        HistoryFunction function,
        string key,
        string? value,
        string? expected = null)
    {
        if (type == HistoryEventType.Invoke)
        {
            throw new ArgumentOutOfRangeException(nameof(type), "A completion is ok, fail or info.");
        }

        Record(process, type, function, key, value, expected);
    }

    /// <summary>Closes the file. No event may be recorded afterwards.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _json.Dispose();
            _stream.Dispose();
        }
    }

    private void Record(
        int process, HistoryEventType type, HistoryFunction function, string key, string? value, string? expected)
    {
        ArgumentNullException.ThrowIfNull(key);
        lock (_lock)
        {
            if (_isBroken)
            {
                throw new IOException("An earlier write of this history failed: it takes no more events.");
            }

            _isBroken = true;
            _line.ResetWrittenCount();
            _json.Reset();

            // Within the lock, so that index order, line order and time order are one order.
            long now = Math.Max(_clock(), _time);
            HistoryLine.Write(_json, new HistoryEvent(_next, now, process, type, function, key, value, expected));
            _json.Flush();
            _line.GetSpan(1)[0] = (byte)'\n';
            _line.Advance(1);
            _stream.Write(_line.WrittenSpan);
            _stream.Flush();
            _next++;
            _time = now;
            _isBroken = false;
        }
    }
}
