using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace CoreEngine.Load.Raw;

/// <summary>
/// The limit of the network: 64 bytes there and back on loopback, blocking sockets, a thread at each end.
/// </summary>
internal sealed class PingPong : IDisposable
{
    internal const int MessageBytes = 64;

    private readonly Socket _near;
    private readonly Socket _far;
    private readonly Thread _echo;

    internal PingPong()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _near.Connect(listener.LocalEndPoint!);
        _far = listener.Accept();
        _far.NoDelay = true;
        _echo = new Thread(Echo) { IsBackground = true, Name = "echo" };
        _echo.Start();
    }

    /// <summary>Plays for a while.</summary>
    internal Measurement Measure(double seconds, CancellationToken cancellationToken)
    {
        var latencies = new Latencies();
        byte[] message = new byte[MessageBytes];
        Counters before = Counters.AtStart();
        long started = Stopwatch.GetTimestamp();
        double elapsed = 0;
        while (elapsed < seconds)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long at = Stopwatch.GetTimestamp();
            Send(_near, message);
            if (!Receive(_near, message))
            {
                throw new IOException("the echo of the round-trip row closed its connection");
            }

            latencies.RecordSince(at);
            elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        Usage usage = Counters.AtEnd().Since(before);
        return new Measurement
        {
            Key = new RowKey("tcp", MessageBytes, 1),
            Rate = latencies.Count / elapsed,
            P50Us = latencies.PercentileUs(0.5),
            P99Us = latencies.PercentileUs(0.99),
            MeanUs = latencies.MeanUs,
            BytesPerOp = (double)usage.AllocatedBytes / latencies.Count,
            Collections = usage.Collections,
            CpuUsPerOp = usage.CpuUs / latencies.Count,
            WritesPerSecond = 0,
            Durability = "none",
            Remark = "round trips, blocking sockets",
        };
    }

    public void Dispose()
    {
        _near.Shutdown(SocketShutdown.Both);
        _echo.Join();
        _near.Dispose();
        _far.Dispose();
    }

    private static void Send(Socket socket, ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            message = message[socket.Send(message)..];
        }
    }

    /// <returns>False when the other side has closed.</returns>
    private static bool Receive(Socket socket, Span<byte> message)
    {
        while (!message.IsEmpty)
        {
            int count = socket.Receive(message);
            if (count == 0)
            {
                return false;
            }

            message = message[count..];
        }

        return true;
    }

    private void Echo()
    {
        byte[] message = new byte[MessageBytes];
        while (Receive(_far, message))
        {
            Send(_far, message);
        }
    }
}
