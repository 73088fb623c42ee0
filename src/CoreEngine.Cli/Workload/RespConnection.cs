using System;
using System.Buffers;
using System.Buffers.Text;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Cli.Workload;

/// <summary>
/// A client's end of a RESP2 connection: commands are gathered, sent in one write, replies read in order.
/// </summary>
/// <remarks>
/// For one task at a time. A broken, closed or silent connection throws <see cref="IOException"/>; it is of no use
/// afterwards.
/// Buffers grow to the largest reply and stay.
/// </remarks>
internal sealed class RespConnection : IDisposable
{
    /// <summary>A reply larger than this is not from our server.</summary>
    private const int ReplyBytesMax = 64 * 1024 * 1024;

    private readonly Socket _socket;
    private readonly TimeSpan _patience;
    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private CancellationTokenSource _timer = new();
    private byte[] _input = new byte[16 * 1024];
    private int _start;
    private int _end;

    private RespConnection(Socket socket, TimeSpan patience)
    {
        _socket = socket;
        _patience = patience;
    }

    /// <summary>Connects. <paramref name="patience"/> bounds this and every later wait for a reply.</summary>
    /// <param name="endpoint">Where the server listens.</param>
    /// <param name="patience">Bounds the connecting and each wait for a reply.</param>
    /// <param name="stop">Stops the connecting.</param>
    /// <param name="open">Makes the TCP socket; null makes one in the network of this process.</param>
    /// <exception cref="IOException">Nobody answers there.</exception>
    internal static async Task<RespConnection> ConnectAsync(
        IPEndPoint endpoint, TimeSpan patience, CancellationToken stop, Func<Socket>? open = null)
    {
        open ??= () => new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Socket socket = open();
        socket.NoDelay = true;
        try
        {
            using var timer = CancellationTokenSource.CreateLinkedTokenSource(stop);
            timer.CancelAfter(patience);
            await socket.ConnectAsync(endpoint, timer.Token);
            return new RespConnection(socket, patience);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            socket.Dispose();
            stop.ThrowIfCancellationRequested();
            throw new IOException($"no connection to {endpoint}: {error.Message}", error);
        }
    }

    /// <summary>Begins a command of so many parts.</summary>
    internal void Begin(int parts) => WriteHeader((byte)'*', parts);

    /// <summary>Adds a part of the command.</summary>
    internal void Add(ReadOnlySpan<byte> part)
    {
        WriteHeader((byte)'$', part.Length);
        _output.Write(part);
        _output.Write("\r\n"u8);
    }

    /// <summary>Adds a part of the command.</summary>
    internal void Add(string part)
    {
        int length = Encoding.UTF8.GetByteCount(part);
        WriteHeader((byte)'$', length);
        Encoding.UTF8.GetBytes(part, _output.GetSpan(length));
        _output.Advance(length);
        _output.Write("\r\n"u8);
    }

    /// <summary>Sends one command and waits for its reply.</summary>
    internal async ValueTask<RespReply> CallAsync(params string[] parts)
    {
        Begin(parts.Length);
        foreach (string part in parts)
        {
            Add(part);
        }

        await FlushAsync();
        return await ReadAsync();
    }

    /// <summary>Sends everything gathered so far.</summary>
    internal async ValueTask FlushAsync()
    {
        try
        {
            CancellationToken token = StartTimer();
            ReadOnlyMemory<byte> rest = _output.WrittenMemory;
            while (!rest.IsEmpty)
            {
                rest = rest[await _socket.SendAsync(rest, SocketFlags.None, token)..];
            }

            _output.ResetWrittenCount();
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            throw new IOException($"the connection broke while sending: {error.Message}", error);
        }
    }

    /// <summary>Reads the next reply.</summary>
    internal async ValueTask<RespReply> ReadAsync()
    {
        while (true)
        {
            if (TryParse(out RespReply reply))
            {
                return reply;
            }

            MakeRoom();
            await ReceiveAsync();
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _timer.Dispose();
    }

    private void WriteHeader(byte type, int number)
    {
        Span<byte> span = _output.GetSpan(16);
        span[0] = type;
        bool fits = Utf8Formatter.TryFormat(number, span[1..], out int length);
        Model.Invariant.Holds(fits);
        "\r\n"u8.CopyTo(span[(1 + length)..]);
        _output.Advance(length + 3);
    }

    private async ValueTask ReceiveAsync()
    {
        int received;
        try
        {
            received = await _socket.ReceiveAsync(_input.AsMemory(_end), SocketFlags.None, StartTimer());
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            throw new IOException($"the connection broke while waiting for a reply: {error.Message}", error);
        }

        _end += received > 0 ? received : throw new IOException("the server closed the connection");
    }

    /// <summary>A timer is used again until it fires: then the connection is lost anyway.</summary>
    private CancellationToken StartTimer()
    {
        if (!_timer.TryReset())
        {
            _timer.Dispose();
            _timer = new CancellationTokenSource();
        }

        _timer.CancelAfter(_patience);
        return _timer.Token;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _input.AsSpan(_start, _end - _start).CopyTo(_input);
            _end -= _start;
            _start = 0;
        }

        if (_end == _input.Length)
        {
            Array.Resize(ref _input, _input.Length < ReplyBytesMax
                ? _input.Length * 2
                : throw new IOException($"a reply of more than {ReplyBytesMax} bytes"));
        }
    }

    private bool TryParse(out RespReply reply)
    {
        reply = default;
        ReadOnlySpan<byte> bytes = _input.AsSpan(_start, _end - _start);
        int line = bytes.IndexOf("\r\n"u8);
        if (line < 1)
        {
            return line < 0 ? false : throw new IOException("an empty line is no reply");
        }

        ReadOnlyMemory<byte> text = _input.AsMemory(_start + 1, line - 1);
        switch (bytes[0])
        {
            case (byte)'+':
                reply = new RespReply(RespReplyType.Simple, 0, text);
                break;
            case (byte)'-':
                reply = new RespReply(RespReplyType.Error, 0, text);
                break;
            case (byte)':':
                reply = new RespReply(RespReplyType.Integer, Number(text.Span), default);
                break;
            case (byte)'$':
                return TryParseBulk(Number(text.Span), line + 2, out reply);
            default:
                throw new IOException($"a reply of type {bytes[0]} was not asked for");
        }

        _start += line + 2;
        return true;
    }

    private bool TryParseBulk(long length, int offset, out RespReply reply)
    {
        reply = new RespReply(RespReplyType.Nil, 0, default);
        if (length < 0)
        {
            _start += offset;
            return true;
        }

        if (length > ReplyBytesMax)
        {
            throw new IOException($"a reply of {length} bytes");
        }

        int total = offset + (int)length + 2;
        if (_end - _start < total)
        {
            return false;
        }

        reply = new RespReply(RespReplyType.Bulk, 0, _input.AsMemory(_start + offset, (int)length));
        _start += total;
        return true;
    }

    private static long Number(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out long number, out int used) && used == text.Length
            ? number
            : throw new IOException("a reply holds a number that is none");
}
