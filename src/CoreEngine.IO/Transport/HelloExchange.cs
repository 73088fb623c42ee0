using System;
using System.Buffers;
using System.Diagnostics;

namespace CoreEngine.IO.Transport;

/// <summary>
/// Sends and receives the first frame of a connection, within a deadline and never more bytes than it needs.
/// </summary>
internal static class HelloExchange
{
    /// <summary>Sends a hello. The socket is new, so its buffer takes the few bytes at once.</summary>
    /// <returns>False when the connection has ended.</returns>
    internal static bool TrySend(SocketPort port, in Hello hello)
    {
        Span<byte> frame = stackalloc byte[Hello.FrameBytes];
        hello.WriteFrame(frame);
        ReadOnlySpan<byte> rest = frame;
        while (!rest.IsEmpty)
        {
            int count = port.SendBlocking(rest);
            if (count < 0)
            {
                return false;
            }

            rest = rest[count..];
        }

        return true;
    }

    /// <summary>Receives a hello.</summary>
    /// <param name="timeout">For the whole frame, however it trickles.</param>
    /// <param name="fault">What is wrong with the frame, when the result is <see
    /// cref="HelloRefusal.NotAHello"/>.</param>
    internal static HelloRefusal Receive(SocketPort port, TimeSpan timeout, out Hello hello, out FrameFault fault)
    {
        FrameRules rules = FrameRules.ForHello;
        hello = default;
        fault = FrameFault.None;
        long start = Stopwatch.GetTimestamp();
        byte[] frame = new byte[FrameCodec.HeaderBytes];

        // The length comes first and alone: whoever speaks another protocol is sent away by its first four bytes.
        HelloRefusal refusal = Fill(port, frame.AsSpan(0, sizeof(int)), start, timeout);
        if (refusal != HelloRefusal.None)
        {
            return refusal;
        }

        if (!FrameCodec.IsLengthSane(frame, rules))
        {
            fault = FrameFault.Length;
            return HelloRefusal.NotAHello;
        }

        refusal = Fill(port, frame.AsSpan(sizeof(int)), start, timeout);
        if (refusal != HelloRefusal.None)
        {
            return refusal;
        }

        fault = FrameCodec.ReadHeader(frame, rules, out _, out int bodyLength, out _);
        if (fault != FrameFault.None)
        {
            return HelloRefusal.NotAHello;
        }

        Array.Resize(ref frame, FrameCodec.HeaderBytes + bodyLength);
        refusal = Fill(port, frame.AsSpan(FrameCodec.HeaderBytes), start, timeout);
        return refusal != HelloRefusal.None ? refusal : Parse(frame, rules, out hello, out fault);
    }

    private static HelloRefusal Parse(byte[] frame, in FrameRules rules, out Hello hello, out FrameFault fault)
    {
        hello = default;
        byte[] scratch = [];
        FrameReader reader = new(new ReadOnlySequence<byte>(frame), rules, ref scratch);
        if (reader.TryRead(out FrameHeader header, out ReadOnlySpan<byte> body, out fault) != FrameStatus.Frame)
        {
            return HelloRefusal.NotAHello;
        }

        if (!Hello.TryReadBody(body, out hello))
        {
            fault = FrameFault.BodyLength;
            return HelloRefusal.NotAHello;
        }

        if (header.From != hello.Replica || header.To != hello.Target)
        {
            fault = FrameFault.Address;
            return HelloRefusal.NotAHello;
        }

        return HelloRefusal.None;
    }

    private static HelloRefusal Fill(SocketPort port, Span<byte> target, long start, TimeSpan timeout)
    {
        while (!target.IsEmpty)
        {
            TimeSpan rest = timeout - Stopwatch.GetElapsedTime(start);
            if (rest <= TimeSpan.Zero || !port.WaitReadable(rest))
            {
                return HelloRefusal.Timeout;
            }

            int count = port.Receive(target);
            if (count == 0)
            {
                return HelloRefusal.Closed;
            }

            target = target[count..];
        }

        return HelloRefusal.None;
    }
}
