using System;
using System.Net;
using System.Net.Sockets;
using CoreEngine.IO.Transport;

namespace CoreEngine.IO.Tests.Transport;

/// <summary>A peer made of bare sockets that dials a transport and says what it likes.</summary>
internal sealed class RawPeer : IDisposable
{
    private const int PatienceMilliseconds = 30_000;
    private readonly Socket _socket;

    internal RawPeer(IPEndPoint target, int receiveBufferBytes = 0)
    {
        _socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            ReceiveTimeout = PatienceMilliseconds,
            NoDelay = true,
        };
        if (receiveBufferBytes != 0)
        {
            _socket.ReceiveBufferSize = receiveBufferBytes;
        }

        _socket.Connect(target);
    }

    internal static Hello GoodHello(uint replica, uint target, Lane lane, ulong session = 1, ulong incarnation = 77) =>
        new(1, 1, lane, HelloRefusal.None, replica, target, incarnation, TransportRig.Cluster, 0, session);

    internal static byte[] Bytes(in Hello hello)
    {
        byte[] frame = new byte[Hello.FrameBytes];
        hello.WriteFrame(frame);
        return frame;
    }

    internal static byte[] Frame(uint from, uint to, ulong sequence, byte[] body)
    {
        FrameWriter writer = new(body, default);
        byte[] frame = new byte[writer.FrameBytes];
        FrameHeader header = new(0x20, 0, 1, from, to, 0, sequence, 0);
        writer.WriteTo(frame, header, FrameCodec.HashOf(TransportRig.Cluster));
        return frame;
    }

    internal void Send(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    internal byte[] ReceiveExactly(int count)
    {
        byte[] bytes = new byte[count];
        int have = 0;
        while (have < count)
        {
            int got = _socket.Receive(bytes.AsSpan(have));
            if (got == 0)
            {
                return bytes[..have];
            }

            have += got;
        }

        return bytes;
    }

    /// <summary>True when the transport ends the connection; what it says before is thrown away.</summary>
    internal bool IsEnded()
    {
        byte[] sink = new byte[4096];
        try
        {
            while (_socket.Receive(sink) > 0)
            {
            }

            return true;
        }
        catch (SocketException error)
        {
            return error.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted;
        }
    }

    /// <summary>Says hello and reads the answer.</summary>
    internal Hello Greet(in Hello hello)
    {
        Send(Bytes(hello));
        byte[] answer = ReceiveExactly(Hello.FrameBytes);
        return Hello.TryReadBody(answer.AsSpan(FrameCodec.HeaderBytes), out Hello read) ? read : default;
    }

    public void Dispose() => _socket.Dispose();
}
