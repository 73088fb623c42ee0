using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Server;
using CoreEngine.Model;

namespace CoreEngine.Cli.Tests.Server;

/// <summary>A cluster of one in this process, on a real directory, served over RESP on a free port.</summary>
internal sealed class ServedReplica : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory;
    private readonly Engine _engine;
    private readonly RespServer _server;

    private ServedReplica(TemporaryDirectory directory, Engine engine, ServerState state, RespServer server)
    {
        State = state;
        _directory = directory;
        _engine = engine;
        _server = server;
    }

    /// <summary>What the server's sessions share.</summary>
    internal ServerState State { get; }

    internal IPEndPoint Endpoint => _server.Endpoint;

    /// <summary>Faults when a session met a defect.</summary>
    internal Task Broken => _server.Broken;

    internal static async Task<ServedReplica> StartAsync(int connectionsMax = 64)
    {
        const long SegmentBytes = 4 * 1024 * 1024;
        var directory = new TemporaryDirectory();
        Engine.Format(directory.Path, new ClusterId(1, 2), 1, SegmentBytes);
        var options = new EngineOptions
        {
            Replica = 1,
            Directory = directory.Path,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            SegmentBytes = SegmentBytes,
        };
        Engine engine = await Engine.OpenAsync(options);
        var storeOptions = new KeyValueStoreOptions();
        Group group = await engine.OpenGroupAsync("kv", new KeyValueMachine(storeOptions), GroupOptions.Raft());

        // The leader's first entry: from then on reads are answered, not refused for want of a leader.
        await group.WaitAsync(Frontier.Committed, 1);
        var state = new ServerState(new ServedEngine(engine, options), group, storeOptions, connectionsMax);
        return new ServedReplica(
            directory, engine, state, RespServer.Start(new IPEndPoint(IPAddress.Loopback, 0), state));
    }

    internal RespWire Connect() => new(Endpoint);

    /// <summary>Stops the engine under the running server.</summary>
    internal ValueTask StopEngineAsync() => _engine.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _engine.DisposeAsync();
        _directory.Dispose();
    }
}

/// <summary>A connection that sends bytes and reads replies in the text form of RESP.</summary>
internal sealed class RespWire : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly BufferedStream _stream;

    internal RespWire(IPEndPoint endpoint)
    {
        _socket.ReceiveTimeout = 30_000;
        _socket.Connect(endpoint);
        _stream = new BufferedStream(new NetworkStream(_socket), 64 * 1024);
    }

    internal void SendBytes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    internal void Send(params string[] parts) => SendBytes(Encode(parts));

    /// <summary>Sends a command and reads its reply.</summary>
    internal string Call(params string[] parts)
    {
        Send(parts);
        return Read();
    }

    /// <summary>No more is sent; replies may still come.</summary>
    internal void Shutdown() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>
    /// The next reply: its type and text; of an array its elements in brackets; "closed" at the end. Bytes are Latin-1.
    /// </summary>
    internal string Read()
    {
        string? line = ReadLine();
        if (line is null)
        {
            return "closed";
        }

        int number = line[0] is '$' or '*' ? int.Parse(line.AsSpan(1), provider: null) : 0;
        if (line[0] == '*')
        {
            string[] elements = new string[number];
            for (int i = 0; i < number; i++)
            {
                elements[i] = Read();
            }

            return $"[{string.Join(' ', elements)}]";
        }

        if (line[0] != '$' || number < 0)
        {
            return number < 0 ? "nil" : line;
        }

        byte[] body = new byte[number + 2];
        _stream.ReadExactly(body);
        return Encoding.Latin1.GetString(body, 0, number);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    internal static byte[] Encode(params string[] parts)
    {
        var text = new StringBuilder();
        text.Append('*').Append(parts.Length).Append("\r\n");
        foreach (string part in parts)
        {
            text.Append('$').Append(part.Length).Append("\r\n").Append(part).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private string? ReadLine()
    {
        var line = new StringBuilder();
        int value = _stream.ReadByte();
        while (value >= 0 && value != '\n')
        {
            line.Append((char)value);
            value = _stream.ReadByte();
        }

        return value < 0 ? null : line.ToString().TrimEnd('\r');
    }
}
