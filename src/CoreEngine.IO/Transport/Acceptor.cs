using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace CoreEngine.IO.Transport;

/// <summary>Listens, judges who dials, and carries the connections of peers with lower ids, one thread each.</summary>
/// <remarks>
/// Connections that have not said hello are limited in number and in time; those of one peer in number.
/// </remarks>
internal sealed class Acceptor : IDisposable
{
    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(100);

    private readonly TransportState _state;
    private readonly LinkTable _links;
    private readonly Socket _listener;
    private int _handshakes;

    /// <summary>Binds exactly the address that the options name.</summary>
    /// <exception cref="InvalidOperationException">The address cannot be bound; the message names it and the
    /// remedy.</exception>
    internal Acceptor(TransportState state, LinkTable links)
    {
        _state = state;
        _links = links;
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

    /// <summary>The accepting thread's body.</summary>
    internal void Run()
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

    /// <summary>Stops listening; <see cref="Run"/> returns.</summary>
    public void Dispose() => _listener.Dispose();

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

    /// <summary>One accepted connection's thread: from its first byte to its end.</summary>
    private void Serve(Socket socket, string remote)
    {
        Connection? connection = null;
        PeerLink? entered = null;
        using SocketPort port = new(socket);
        try
        {
            connection = _state.TryAdd(port) ? Greet(port, remote, out entered) : null;
        }
        catch (SocketException error)
        {
            Refuse(HelloRefusal.Closed, remote, $" ({error.Message})");
        }
        finally
        {
            Interlocked.Decrement(ref _handshakes);
        }

        try
        {
            connection?.Run();
        }
        finally
        {
            _state.Remove(port);
            entered?.Leave();
        }
    }

    /// <summary>Receives the dialer's hello, judges it and answers.</summary>
    /// <param name="entered">The link that counts this connection, from success or a late failure on.</param>
    /// <exception cref="SocketException">The socket broke at once.</exception>
    private Connection? Greet(SocketPort port, string remote, out PeerLink? entered)
    {
        entered = null;
        TransportOptions options = _state.Options;
        port.Tune();
        HelloRefusal refusal =
            HelloExchange.Receive(port, options.HandshakeTimeout, out Hello hello, out FrameFault fault);
        if (refusal != HelloRefusal.None)
        {
            Refuse(refusal, remote, fault == FrameFault.None ? string.Empty : $" ({fault})");
            return null;
        }

        refusal = Judge(hello, out PeerLink? link);
        entered = refusal == HelloRefusal.None ? link : null;
        Hello answer = new(
            Hello.OwnVersionMin,
            Hello.OwnVersionMax,
            hello.Lane,
            refusal,
            options.Replica,
            hello.Replica,
            options.Incarnation,
            options.Cluster,
            Features: 0,
            hello.Session);
        if (!HelloExchange.TrySend(port, answer) && refusal == HelloRefusal.None)
        {
            refusal = HelloRefusal.Closed;
        }

        if (refusal == HelloRefusal.None)
        {
            ConnectionIdentity identity = new(hello.Replica, hello.Lane, hello.Incarnation, hello.Session);
            Connection connection = new(_state, link!, port, identity);
            if (link!.TryInstall(connection))
            {
                return connection;
            }

            refusal = HelloRefusal.Stale;
        }

        Refuse(refusal, remote, $" (says: replica {hello.Replica} of cluster {hello.Cluster}, {hello.Lane})");
        return null;
    }

    private HelloRefusal Judge(in Hello hello, out PeerLink? link)
    {
        link = null;
        HelloRefusal refusal = hello.JudgeDialer(_state.Options);
        if (refusal != HelloRefusal.None)
        {
            return refusal;
        }

        uint replica = hello.Replica;
        link = _links.Find(replica);
        if (link is null && _state.Options.AcceptsUnknown && replica != _state.Options.Replica && replica != 0)
        {
            // Somebody who joins: where it listens, the members will say.
            link = _links.FindOrAdd(new TransportPeer(replica, new IPEndPoint(IPAddress.Loopback, 0)), false);
        }

        if (link is null)
        {
            return HelloRefusal.UnknownReplica;
        }

        if (link.IsDialer && replica < _state.Options.Replica)
        {
            link.Yield();
        }

        if (link.IsDialer)
        {
            return HelloRefusal.WrongDirection;
        }

        if (link.IsStale(hello.Session))
        {
            return HelloRefusal.Stale;
        }

        return link.TryEnter() ? HelloRefusal.None : HelloRefusal.PeerLimit;
    }

    private void Refuse(HelloRefusal refusal, string remote, string detail)
    {
        if (_state.Stopping)
        {
            return;
        }

        _state.Counters.Count(refusal);
        _state.Log($"connection from {remote} refused: {refusal}{detail}");
    }
}
