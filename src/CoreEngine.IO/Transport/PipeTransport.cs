using System;
using System.Net;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>
/// The transport over TCP with System.IO.Pipelines: two connections per pair of replicas, plaintext on loopback.
/// </summary>
/// <remarks>
/// Made, then <see cref="Start"/>ed, once. The shard sees a link only between the two events that it takes from
/// <see cref="TryReceiveEvent"/>: before the first it sends and receives nothing there, after the second nothing more.
/// The members of <see cref="ITransport"/> belong to the shard's thread and allocate nothing per frame; <see
/// cref="Counters"/> and
/// <see cref="IDisposable.Dispose"/> may be called from any.
/// </remarks>
internal sealed class PipeTransport : ITransport
{
    private readonly TransportState _state;
    private readonly LinkTable _links;
    private Prng _chance = new(0);
    private readonly int[] _cursors = new int[2];
    private readonly Acceptor? _shared;
    private Acceptor? _acceptor;
    private bool _disposed;

    /// <summary>Checks the options; opens nothing.</summary>
    /// <param name="options">What it is to do.</param>
    /// <param name="shared">Listens for this transport and others, and outlives them; null: it listens
    /// itself.</param>
    /// <exception cref="ArgumentException">A setting makes no sense.</exception>
    internal PipeTransport(TransportOptions options, Acceptor? shared = null)
    {
        _shared = shared;
        options.Validate();
        _state = new TransportState(options);
        _links = new LinkTable(_state);
        foreach (TransportPeer peer in options.Peers)
        {
            _ = _links.FindOrAdd(peer, options.DialsAll || options.Replica < peer.Replica);
        }
    }

    /// <inheritdoc/>
    public string Description =>
        $"pipes over TCP at {BoundEndpoint}, {_links.All.Length} peers, control and bulk connection each, plaintext";

    /// <summary>Where peers reach this replica. Known after <see cref="Start"/>; the port is the real one.</summary>
    internal IPEndPoint BoundEndpoint => _acceptor?.BoundEndpoint ?? _state.Options.Listen;

    /// <summary>What happened so far.</summary>
    internal TransportCounters Counters => _state.Counters;

    /// <summary>Bytes queued for a peer and not yet taken by the socket. Shard's thread only.</summary>
    internal long QueuedBytes(uint peer, Lane lane) => Find(peer)?.Adopted?[lane].Outbound.QueuedBytes ?? 0;

    /// <summary>True when bytes of this lane wait to be received. Shard's thread only.</summary>
    internal bool HasArrived(uint peer, Lane lane) => Find(peer)?.Adopted?[lane].Inbound.Waiting ?? false;

    /// <summary>Binds the listen address, begins to accept and to dial.</summary>
    /// <exception cref="InvalidOperationException">The address cannot be bound, for example a port in use.</exception>
    internal void Start()
    {
        Invariant.Holds(_acceptor is null);
        Invariant.Holds(!_disposed);
        _acceptor = _shared ?? new Acceptor(_state);
        _acceptor.Open(new Doorway(_state, _links));
        if (_shared is null)
        {
            _acceptor.Start();
        }

        _chance = new Prng(unchecked(_state.Options.Seed + 1));
        foreach (PeerLink link in _links.All)
        {
            if (link.IsDialer)
            {
                StartDialers(link);
            }
        }
    }

    /// <inheritdoc/>
    public void SetPeer(uint peer, IPEndPoint address)
    {
        bool dials = _state.Options.Replica < peer;
        if (peer == _state.Options.Replica || !IPAddress.IsLoopback(address.Address) || (dials && address.Port == 0))
        {
            return;
        }

        bool isNew = _links.Find(peer) is null;
        var where = new TransportPeer(peer, address);
        PeerLink? link = _links.FindOrAdd(where, dials);
        if (link is null)
        {
            _state.Log($"replica {peer} at {address} is not linked: there are {Limits.ReplicasMax - 1} links already");
            return;
        }

        link.Peer = where;
        if (dials && (isNew || link.TryBecomeDialer()))
        {
            StartDialers(link);
        }
    }

    /// <inheritdoc/>
    public bool TrySend(
        uint peer, Lane lane, in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        Invariant.Holds(header.Type >= FrameCodec.MessageTypeMin);
        Invariant.Holds(header.From == _state.Options.Replica);
        Invariant.Holds(header.To == peer);
        ref TransportCounters counters = ref _state.Counters;
        Connection? connection = Find(peer)?.Adopted?[lane];
        if (connection is null || connection.IsClosed)
        {
            counters.DroppedLinkDown++;
            return false;
        }

        FrameWriter frame = new(body, records);
        if (!connection.Outbound.TryWrite(frame, header, _state.ClusterHash))
        {
            counters.DroppedQueueFull++;
            return false;
        }

        counters.FramesOut++;
        counters.BytesOut += frame.FrameBytes;
        return true;
    }

    /// <inheritdoc/>
    public void Flush()
    {
        // Control first: its few bytes should not stand behind the system call for the many.
        for (Lane lane = Lane.Control; lane <= Lane.Bulk; lane++)
        {
            foreach (PeerLink link in _links.All)
            {
                Connection? connection = link.Adopted?[lane];
                if (connection is not null && !connection.Outbound.Flush())
                {
                    connection.Close("send failed");
                }
            }
        }
    }

    /// <inheritdoc/>
    public bool TryReceive(out FrameHeader header, out ReadOnlySpan<byte> body)
    {
        PeerLink[] links = _links.All;
        for (Lane lane = Lane.Control; lane <= Lane.Bulk; lane++)
        {
            ref int cursor = ref _cursors[(int)lane];
            for (int step = 0; step < links.Length; step++)
            {
                int at = cursor + step;
                at -= at >= links.Length ? links.Length : 0;
                Connection? connection = links[at].Adopted?[lane];
                if (connection is not null
                    && connection.Inbound.Waiting
                    && TryTake(connection, out header, out body))
                {
                    cursor = at + 1 == links.Length ? 0 : at + 1;
                    return true;
                }
            }
        }

        header = default;
        body = default;
        return false;
    }

    /// <inheritdoc/>
    public bool TryReceiveEvent(out LinkEvent change)
    {
        foreach (PeerLink link in _links.All)
        {
            if (link.TryTakeEvent(out change))
            {
                return true;
            }
        }

        change = default;
        return false;
    }

    /// <summary>
    /// Closes every connection and waits for the threads, at most <see cref="TransportOptions.CloseTimeout"/>.
    /// </summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _acceptor?.Close(_state.Options.Shard);
        int left = _state.Stop(_state.Options.CloseTimeout, _shared is null ? _acceptor : null);
        if (left != 0)
        {
            _state.Log($"{left} threads of the transport did not end within {_state.Options.CloseTimeout}");
            return;
        }

        _state.Dispose();
    }

    private void StartDialers(PeerLink link)
    {
        StartDialer(link, Lane.Control, _chance.Next());
        StartDialer(link, Lane.Bulk, _chance.Next());
    }

    private void StartDialer(PeerLink link, Lane lane, ulong seed)
    {
        Dialer dialer = new(_state, link, lane, seed);
        _state.TryStartThread($"coreengine-link-{link.Peer.Replica}-{lane}", dialer.Run);
    }

    private PeerLink? Find(uint peer) => _links.Find(peer);

    private bool TryTake(Connection connection, out FrameHeader header, out ReadOnlySpan<byte> body)
    {
        FrameStatus status = connection.Inbound.TryRead(out header, out body, out FrameFault fault);
        if (status == FrameStatus.NeedMore)
        {
            return false;
        }

        bool ours = header.From == connection.Identity.Replica && header.To == _state.Options.Replica;
        if (status == FrameStatus.Bad || !ours)
        {
            fault = status == FrameStatus.Bad ? fault : FrameFault.Address;
            _state.Counters.Count(fault);
            connection.Inbound.Poison();
            connection.Close($"bad frame: {fault}");
            body = default;
            return false;
        }

        _state.Counters.FramesIn++;
        _state.Counters.BytesIn += FrameCodec.HeaderBytes + body.Length;
        return true;
    }
}
