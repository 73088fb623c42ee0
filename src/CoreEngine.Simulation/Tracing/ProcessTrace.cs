using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using CoreEngine.Diagnostics;

namespace CoreEngine.Simulation.Tracing;

/// <summary>
/// The protocol trace of one replica in a process of its own, a life after the other in one file; each event with the
/// machine's monotonic clock, by which the traces of the replicas of one machine are merged.
/// </summary>
/// <remarks>An event is with the operating system before what it tells of goes on: SIGKILL cuts off no whole
/// line.</remarks>
internal sealed class ProcessTrace : IDisposable
{
    private readonly Lock _lock = new();
    private readonly StreamWriter _writer;
    private readonly ProtocolTracer _tracer;

    private ProcessTrace(StreamWriter writer)
    {
        _writer = writer;
        _tracer = new ProtocolTracer(Emit);
        Taps = new EngineTaps(_tracer.Tap, transport => new TracedTransport(transport, _tracer));
    }

    /// <summary>For the engine's options.</summary>
    internal EngineTaps Taps { get; }

    /// <summary>Goes on behind what earlier lives wrote; a line that a crash cut off is ended.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    internal static ProcessTrace Append(string path)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        bool isWhole = true;
        if (file.Length > 0)
        {
            file.Seek(-1, SeekOrigin.End);
            isWhole = file.ReadByte() == '\n';
        }

        var writer = new StreamWriter(file) { AutoFlush = true, NewLine = "\n" };
        if (!isWhole)
        {
            writer.WriteLine();
        }

        return new ProcessTrace(writer);
    }

    public void Dispose() => _writer.Dispose();

    private void Emit(ProtocolEvent traced)
    {
        lock (_lock)
        {
            double nanoseconds = Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency);
            _writer.WriteLine(ProtocolTraceWriter.Write(traced with { TimeNs = (long)nanoseconds }));
        }
    }
}
