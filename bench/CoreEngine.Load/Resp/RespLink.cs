using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CoreEngine.Load.Resp;

/// <summary>A connection that speaks the little of RESP2 that the load needs. One thread.</summary>
internal sealed class RespLink : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly Socket _socket =
        new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private readonly byte[] _out = new byte[BufferBytes];
    private readonly byte[] _in = new byte[BufferBytes];
    private int _outCount;
    private int _inStart;
    private int _inEnd;

    /// <exception cref="SocketException">Nobody listens there.</exception>
    internal RespLink(IPEndPoint address) => _socket.Connect(address);

    /// <summary>Queues a command of text arguments; <see cref="Flush"/> sends it.</summary>
    internal void Add(params ReadOnlySpan<string> arguments)
    {
        Put(string.Create(CultureInfo.InvariantCulture, $"*{arguments.Length}\r\n"));
        foreach (string argument in arguments)
        {
            Put(string.Create(CultureInfo.InvariantCulture, $"${argument.Length}\r\n{argument}\r\n"));
        }
    }

    /// <summary>Queues bytes that are a whole command already.</summary>
    internal void Add(ReadOnlySpan<byte> command)
    {
        if (_outCount + command.Length > _out.Length)
        {
            Flush();
        }

        command.CopyTo(_out.AsSpan(_outCount));
        _outCount += command.Length;
    }

    internal void Flush()
    {
        ReadOnlySpan<byte> rest = _out.AsSpan(0, _outCount);
        while (!rest.IsEmpty)
        {
            rest = rest[_socket.Send(rest)..];
        }

        _outCount = 0;
    }

    /// <summary>True when a whole line may be there without waiting.</summary>
    internal bool HasLine => _in.AsSpan(_inStart, _inEnd - _inStart).IndexOf((byte)'\n') >= 0;

    /// <summary>Reads one line, without its end. Valid until the next call.</summary>
    /// <exception cref="IOException">The server closed the connection.</exception>
    internal ReadOnlySpan<byte> ReadLine()
    {
        while (true)
        {
            Span<byte> held = _in.AsSpan(_inStart, _inEnd - _inStart);
            int end = held.IndexOf((byte)'\n');
            if (end >= 0)
            {
                _inStart += end + 1;
                return held[..end].TrimEnd((byte)'\r');
            }

            Receive();
        }
    }

    /// <summary>Reads a bulk string as text; empty for a null or any other reply.</summary>
    internal string ReadBulk()
    {
        string head = Encoding.UTF8.GetString(ReadLine());
        if (!head.StartsWith('$')
            || !int.TryParse(head.AsSpan(1), CultureInfo.InvariantCulture, out int length)
            || length < 0)
        {
            return "";
        }

        while (_inEnd - _inStart < length + 2)
        {
            Receive();
        }

        string text = Encoding.UTF8.GetString(_in, _inStart, length);
        _inStart += length + 2;
        return text;
    }

    public void Dispose() => _socket.Dispose();

    private void Put(string text)
    {
        Span<byte> bytes = stackalloc byte[256];
        int count = Encoding.ASCII.GetBytes(text, bytes);
        Add(bytes[..count]);
    }

    private void Receive()
    {
        if (_inStart == _inEnd)
        {
            _inStart = _inEnd = 0;
        }
        else if (_inEnd == _in.Length)
        {
            _in.AsSpan(_inStart, _inEnd - _inStart).CopyTo(_in);
            _inEnd -= _inStart;
            _inStart = 0;
        }

        if (_inEnd == _in.Length)
        {
            throw new IOException("the server sent a reply larger than the load expects");
        }

        int count = _socket.Receive(_in.AsSpan(_inEnd));
        if (count == 0)
        {
            throw new IOException("the server closed the connection");
        }

        _inEnd += count;
    }
}
