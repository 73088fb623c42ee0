using System;
using System.Collections.Generic;
using System.Net;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>Another replica and where it listens.</summary>
internal sealed record TransportPeer(uint Replica, IPEndPoint Address);

/// <summary>All that a transport is told when it is made.</summary>
internal sealed record TransportOptions
{
    /// <summary>This replica.</summary>
    public required uint Replica { get; init; }

    /// <summary>This replica's incarnation, told to every peer.</summary>
    public required ulong Incarnation { get; init; }

    /// <summary>Connections of another cluster are refused.</summary>
    public required ClusterId Cluster { get; init; }

    /// <summary>Exactly this address is bound; port 0 lets the system choose.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>The other replicas. Those with a higher id are dialled, the others dial us.</summary>
    public required IReadOnlyList<TransportPeer> Peers { get; init; }

    /// <summary>
    /// Seeds the jitter of back-off and the numbers of sessions; differs from one process to the next.
    /// </summary>
    public required ulong Seed { get; init; }

    /// <summary>
    /// Called from any thread when there is something to receive. Must be quick, and must not call the transport.
    /// </summary>
    public required Action Wake { get; init; }

    /// <summary>Takes one line per change or refusal, from any thread. Cold path only.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>
    /// Says whether a replica may come with this incarnation: false when it is remembered under another one. Called
    /// from any
    /// thread during a handshake.
    /// </summary>
    public Func<uint, ulong, bool> Admits { get; init; } = static (_, _) => true;

    /// <summary>Replicas of the cluster that <see cref="Peers"/> does not name may dial, up to the limit of
    /// members.</summary>
    public bool AcceptsUnknown { get; init; }

    /// <summary>Dials the peers with lower ids too, which may not know this replica; one that does, dials itself, and
    /// this side yields.</summary>
    public bool DialsAll { get; init; }

    /// <summary>The shard that this transport serves, from 0: it is linked to the same shard of the
    /// others.</summary>
    public byte Shard { get; init; }

    /// <summary>So many shards this replica has: the others must have as many.</summary>
    public byte Shards { get; init; } = 1;

    /// <summary>A connection that has not completed its hello by then is closed.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>First pause before a connection is dialled again.</summary>
    public TimeSpan BackoffMin { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Longest pause. A connection that stood at least as long resets the pause.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long <see cref="IDisposable.Dispose"/> waits for threads.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes queued outbound on one control connection.</summary>
    public int ControlQueueBytesMax { get; init; } = 1024 * 1024;

    /// <summary>Bytes queued outbound on one bulk connection.</summary>
    public int BulkQueueBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>Bytes received on one connection and not yet consumed; beyond, the connection is not read.</summary>
    public int InboundBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Connections that have not said hello yet, in total.</summary>
    public int HandshakesMax { get; init; } = 32;

    /// <summary>Accepted connections of one peer, those that are being closed included.</summary>
    public int ConnectionsPerPeerMax { get; init; } = 8;

    /// <summary>Checks everything that can be known before a socket is opened.</summary>
    /// <exception cref="ArgumentException">A setting makes no sense; the message names it and the remedy.</exception>
    internal void Validate()
    {
        RequireLoopback(Listen, "the listen address");
        HashSet<uint> seen = [Replica];
        foreach (TransportPeer peer in Peers)
        {
            RequireLoopback(peer.Address, $"the address of peer {peer.Replica}");
            Require(seen.Add(peer.Replica), $"replica {peer.Replica} is named twice; every replica has its own id");
            bool dialable = peer.Replica < Replica || peer.Address.Port != 0;
            Require(dialable, $"peer {peer.Replica} has port 0; name the port on which it listens");
        }

        bool fits = Peers.Count < Limits.ReplicasMax;
        Require(fits, $"{Peers.Count} peers are too many; {Limits.ReplicasMax - 1} is the limit");
        Require(ControlQueueBytesMax >= Limits.FrameBytesMax, "ControlQueueBytesMax is below the size of one frame");
        Require(BulkQueueBytesMax >= Limits.FrameBytesMax, "BulkQueueBytesMax is below the size of one frame");
        Require(InboundBytesMax >= 2 * Limits.FrameBytesMax, "InboundBytesMax is below the size of two frames");
        Require(HandshakeTimeout > TimeSpan.Zero, "HandshakeTimeout is not positive");
        Require(BackoffMin >= TimeSpan.FromMilliseconds(1), "BackoffMin is below one millisecond");
        Require(BackoffMax >= BackoffMin, "BackoffMax is below BackoffMin");
        Require(Shard < Shards, $"shard {Shard} is none of {Shards}; shards count from 0");
        Require(HandshakesMax >= 1, "HandshakesMax is below one");
        Require(ConnectionsPerPeerMax >= 4, "ConnectionsPerPeerMax is below four: two lanes, old and new");
    }

    private static void RequireLoopback(IPEndPoint address, string what) => Require(
        IPAddress.IsLoopback(address.Address),
        $"{what} is {address}: plaintext is allowed on loopback only; use a loopback address (127.0.0.1 or ::1)");

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
