using System;
using System.Threading;

namespace CoreEngine.IO.Transport;

/// <summary>Who is at the other end, as the hellos agreed.</summary>
/// <param name="Replica">The peer.</param>
/// <param name="Incarnation">The peer's incarnation.</param>
/// <param name="Session">The dialer's number for this life of the link.</param>
internal readonly record struct ConnectionIdentity(uint Replica, Lane Lane, ulong Incarnation, ulong Session);

/// <summary>One established connection: one lane to one peer, from hello to end. Never reused.</summary>
/// <remarks>
/// The thread that made it calls <see cref="Run"/> and stays until the end; a second thread waits for the case that
/// the socket is
/// full. Pipes and blocks belong to this connection alone and are left to the garbage collector with it, so that the
/// shard may
/// still hold bytes of a connection that has ended.
/// </remarks>
internal sealed class Connection
{
    private const int ControlBlockBytes = 64 * 1024;
    private const int BulkBlockBytes = 256 * 1024;
    private const int ThreadStackBytes = 256 * 1024;

    private readonly TransportState _state;
    private readonly PeerLink _link;
    private readonly SocketPort _port;
    private int _closed;

    /// <summary>Takes over a port whose hellos are done.</summary>
    internal Connection(TransportState state, PeerLink link, SocketPort port, ConnectionIdentity identity)
    {
        _state = state;
        _link = link;
        _port = port;
        Identity = identity;
        TransportOptions options = state.Options;
        bool control = identity.Lane == Lane.Control;
        int blockBytes = control ? ControlBlockBytes : BulkBlockBytes;
        int queueBytes = control ? options.ControlQueueBytesMax : options.BulkQueueBytesMax;
        Outbound = new Outbound(state, port, queueBytes, blockBytes);
        Inbound = new Inbound(state, options.InboundBytesMax, blockBytes);
    }

    /// <summary>The other end.</summary>
    internal ConnectionIdentity Identity { get; }

    /// <summary>The way out.</summary>
    internal Outbound Outbound { get; }

    /// <summary>The way in.</summary>
    internal Inbound Inbound { get; }

    /// <summary>True once the connection has ended or is about to.</summary>
    internal bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>
    /// Carries bytes until the connection ends; returns when no other thread uses the port any more: the caller
    /// releases it.
    /// </summary>
    internal void Run()
    {
        Thread sender = new(RunSender, ThreadStackBytes)
        {
            IsBackground = true,
            Name = $"coreengine-send-{Identity.Replica}-{Identity.Lane}",
        };
        sender.Start();
        try
        {
            Inbound.RunReceiver(_port);
            Close(_state.Stopping ? "the transport is closing" : "ended by the other side");
        }
        catch (Exception error)
        {
            // The outermost frame of the thread: a fault of one connection, or of the host's callback, ends that
            // connection only.
            Close($"receive thread failed: {error}");
        }

        sender.Join();
        Interlocked.Increment(ref _state.Counters.ConnectionsClosed);
    }

    /// <summary>Ends the connection and, with it, the link. Safe from any thread, any number of times.</summary>
    /// <param name="reason">Logged by the first call.</param>
    internal void Close(string reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        _port.Shutdown();
        Inbound.Close();
        Outbound.Close();
        _state.Log($"connection to replica {Identity.Replica} ({Identity.Lane}) closed: {reason}");
        _link.Closed(this);
    }

    private void RunSender()
    {
        try
        {
            Outbound.RunSender(() => Close("send failed"));
        }
        catch (Exception error)
        {
            // As in Run.
            Close($"send thread failed: {error}");
        }
    }
}
