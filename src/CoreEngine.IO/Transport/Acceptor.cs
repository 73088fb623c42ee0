using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace CoreEngine.IO.Transport;

/// <summary>Listens, hears who dials and for which shard, and hands the connection to that shard's
/// <see cref="Doorway"/>.</summary>
/// <remarks>
/// Connections that have not said hello are limited in number and in time. A shard that stops closes its door; the
/// others are served on.
/// </remarks>
internal sealed class Acceptor : IDisposable
{
    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(100);

    private readonly TransportState _state;
    private readonly Socket _listener;
    private readonly Doorway?[] _doors;
    private int _handshakes;

    /// <summary>Binds exactly the address that the options name; accepts nobody yet.</summary>
    /// <param name="state">Whose threads accept and hear hellos.</param>
    /// <exception cref="InvalidOperationException">The address cannot be bound; the message names it and the
    /// remedy.</exception>
    internal Acceptor(TransportState state)
    {
        _state = state;
        _doors = new Doorway?[state.Options.Shards];
        IPEndPoint listen = state.Options.Listen;
        _listener = new Socket(listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(listen);
            _listener.Listen(state.Options.HandshakesMax);
            BoundEndpoint = (IPEndPoint)_listener.LocalEndPoint!;
        }
        catch (SocketException error)
        {
            _listener.Dispose();
            throw new InvalidOperationException(Explain(listen, error), error);
        }
    }

    /// <summary>Where peers reach this replica; the port is the real one.</summary>
    internal IPEndPoint BoundEndpoint { get; }

    /// <summary>From now on connections are accepted.</summary>
    internal void Start() => _ = _state.TryStartThread("coreengine-accept", Run);

    /// <summary>A shard's transport has started. Any thread.</summary>
    internal void Open(Doorway door) => Volatile.Write(ref _doors[door.State.Options.Shard], door);

    /// <summary>A shard's transport stops: whoever dials it is refused. Any thread.</summary>
    internal void Close(byte shard) => Volatile.Write(ref _doors[shard], null);

    /// <summary>Stops listening; the accepting thread ends.</summary>
    public void Dispose() => _listener.Dispose();

    /// <summary>Counts and tells a refusal.</summary>
    internal static void Refuse(TransportState state, HelloRefusal refusal, string remote, string detail)
    {
        if (state.Stopping)
        {
            return;
        }

        state.Counters.Count(refusal);
        state.Log($"connection from {remote} refused: {refusal}{detail}");
    }

    private void Run()
    {
        while (!_state.Stopping)
        {
            try
            {
                Take(_listener.Accept());
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                if (_state.Stopping)
                {
                    return;
                }

                // For example no file descriptors left: the next attempt may succeed, but not at once.
                Interlocked.Increment(ref _state.Counters.AcceptsFailed);
                _state.Log($"a connection to {BoundEndpoint} could not be accepted: {error.Message}");
                _state.WaitStopping(FailurePause);
            }
        }
    }

    private static string Explain(IPEndPoint listen, SocketException error) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            $"cannot listen on {listen}: the port is in use; stop the process that holds it or choose another port",
        SocketError.AddressNotAvailable =>
            $"cannot listen on {listen}: this machine has no such address; choose one of its own",
        SocketError.AccessDenied =>
            $"cannot listen on {listen}: not permitted; choose a port above 1023",
        _ => $"cannot listen on {listen}: {error.Message}; choose another address",
    };

    private void Take(Socket socket)
    {
        string remote = socket.RemoteEndPoint?.ToString() ?? "an unknown address";
        if (socket.RemoteEndPoint is not IPEndPoint address || !IPAddress.IsLoopback(address.Address))
        {
            socket.Dispose();
            Refuse(HelloRefusal.NotLoopback, remote, string.Empty);
            return;
        }

        if (Interlocked.Increment(ref _handshakes) > _state.Options.HandshakesMax)
        {
            Interlocked.Decrement(ref _handshakes);
            socket.Dispose();
            Refuse(HelloRefusal.HandshakeLimit, remote, string.Empty);
            return;
        }

        if (!_state.TryStartThread($"coreengine-accepted-{remote}", () => Serve(socket, remote)))
        {
            Interlocked.Decrement(ref _handshakes);
            socket.Dispose();
        }
    }

    /// <summary>One accepted connection's thread, until its hello is heard.</summary>
    private void Serve(Socket socket, string remote)
    {
#pragma warning disable CA2000 // Disposed below, unless a shard's doorway has taken it over.
        SocketPort port = new(socket);
#pragma warning restore CA2000
        Hello hello = default;
        bool isGreeted = false;
        try
        {
            isGreeted = _state.TryAdd(port) && TryHear(port, remote, out hello);
        }
        catch (SocketException error)
        {
            Refuse(HelloRefusal.Closed, remote, $" ({error.Message})");
        }
        finally
        {
            _state.Remove(port);
            Interlocked.Decrement(ref _handshakes);
        }

        if (!isGreeted || !TryHandOver(port, hello, remote))
        {
            port.Dispose();
        }
    }

    /// <summary>Receives the dialer's hello.</summary>
    /// <exception cref="SocketException">The socket broke at once.</exception>
    private bool TryHear(SocketPort port, string remote, out Hello hello)
    {
        port.Tune();
        HelloRefusal refusal =
            HelloExchange.Receive(port, _state.Options.HandshakeTimeout, out hello, out FrameFault fault);
        if (refusal == HelloRefusal.None)
        {
            return true;
        }

        Refuse(refusal, remote, fault == FrameFault.None ? string.Empty : $" ({fault})");
        return false;
    }

    /// <summary>The shard that is meant takes the connection; who means none of ours is told so.</summary>
    private bool TryHandOver(SocketPort port, in Hello hello, string remote)
    {
        bool isAlike = hello.Shards == _doors.Length && hello.Shard < hello.Shards;
        Doorway? door = isAlike ? Volatile.Read(ref _doors[hello.Shard]) : null;
        if (door is not null)
        {
            return door.TryTake(port, hello, remote);
        }

        HelloRefusal refusal = isAlike ? HelloRefusal.ShardAbsent : HelloRefusal.Shards;
        _ = HelloExchange.TrySend(port, Doorway.AnswerTo(hello, refusal, _state.Options));
        Refuse(
            refusal,
            remote,
            $" (replica {hello.Replica} means shard {hello.Shard} of {hello.Shards}; there are {_doors.Length} here)");
        return false;
    }

    private void Refuse(HelloRefusal refusal, string remote, string detail) =>
        Refuse(_state, refusal, remote, detail);
}
