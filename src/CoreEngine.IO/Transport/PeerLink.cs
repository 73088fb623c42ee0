using System;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>Both lanes of one life of a link.</summary>
internal sealed class LinkLanes(Connection control, Connection bulk)
{
    /// <summary>The connection of a lane.</summary>
    internal Connection this[Lane lane] => lane == Lane.Control ? control : bulk;

    /// <summary>The peer's incarnation, alike on both.</summary>
    internal ulong Incarnation => control.Identity.Incarnation;
}

/// <summary>The link to one peer: pairs its two connections, and takes both down when either ends.</summary>
/// <remarks>
/// Lanes pair only when session and incarnation agree, so a connection of an earlier life can never stand beside one
/// of this
/// life. The shard sees a life of the link only between the two events that it takes with <see cref="TryTakeEvent"/>.
/// </remarks>
internal sealed class PeerLink
{
    private readonly TransportState _state;
    private readonly Lock _gate = new();
    private readonly Connection?[] _lanes = new Connection?[2];
    private ulong _session;
    private bool _hasBeenUp;
    private int _accepted;
    private readonly ulong _firstSession;
    private TransportPeer _peer;
    private bool _isDialer;

    /// <summary>Both lanes, or null when the link is down. Written under the gate.</summary>
    private LinkLanes? _current;

    /// <summary>A link that is down.</summary>
    /// <param name="firstSession">Number of the first session that this side dials.</param>
    internal PeerLink(TransportState state, TransportPeer peer, ulong firstSession, bool isDialer)
    {
        _state = state;
        _peer = peer;
        _firstSession = firstSession;
        _isDialer = isDialer;
        _session = isDialer ? firstSession : 0;
    }

    /// <summary>The other end. Set when it has moved: the next attempt to dial goes there.</summary>
    internal TransportPeer Peer
    {
        get => Volatile.Read(ref _peer);
        set => Volatile.Write(ref _peer, value);
    }

    /// <summary>True when this side dials: its id is the lower, or it joins and the other side may not know
    /// it.</summary>
    internal bool IsDialer => Volatile.Read(ref _isDialer);

    /// <summary>
    /// What the shard uses: set and cleared by <see cref="TryTakeEvent"/> alone. Shard's thread only.
    /// </summary>
    internal LinkLanes? Adopted { get; private set; }

    /// <summary>The other side knows this one by now, and its id is the lower: it dials from here on.</summary>
    internal void Yield()
    {
        lock (_gate)
        {
            if (_isDialer)
            {
                TakeDown("the other side dials");
                Volatile.Write(ref _isDialer, false);
                _session = 0;
            }
        }
    }

    /// <summary>This side knows the address of the other one by now, and dials from here on.</summary>
    /// <returns>False when it did already.</returns>
    internal bool TryBecomeDialer()
    {
        lock (_gate)
        {
            if (_isDialer)
            {
                return false;
            }

            TakeDown("this side dials");
            Volatile.Write(ref _isDialer, true);
            _session = _firstSession;
            return true;
        }
    }

    /// <summary>The session to dial next.</summary>
    internal ulong Session
    {
        get
        {
            lock (_gate)
            {
                return _session;
            }
        }
    }

    /// <summary>Counts an accepted connection against the peer's limit.</summary>
    /// <returns>False when there are too many; nothing was counted.</returns>
    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _accepted) <= _state.Options.ConnectionsPerPeerMax)
        {
            return true;
        }

        Interlocked.Decrement(ref _accepted);
        return false;
    }

    /// <summary>The counterpart of <see cref="TryEnter"/>.</summary>
    internal void Leave() => Interlocked.Decrement(ref _accepted);

    /// <summary>Makes a connection a lane of this link. What stands in its way is closed: the newer one wins.</summary>
    /// <returns>False when it belongs to a life that is over; the caller closes it.</returns>
    internal bool TryInstall(Connection connection)
    {
        ConnectionIdentity identity = connection.Identity;
        bool up = false;
        bool again = false;
        lock (_gate)
        {
            if (_state.Stopping || connection.IsClosed || IsStale(identity.Session))
            {
                return false;
            }

            MakeRoom(identity);
            _session = identity.Session;
            _lanes[(int)identity.Lane] = connection;
            if (_lanes[0] is Connection control && _lanes[1] is Connection bulk)
            {
                Invariant.Holds(control.Identity.Session == bulk.Identity.Session);
                Invariant.Holds(control.Identity.Incarnation == bulk.Identity.Incarnation);
                Volatile.Write(ref _current, new LinkLanes(control, bulk));
                up = true;
                again = _hasBeenUp;
                _hasBeenUp = true;
            }
        }

        Interlocked.Increment(ref _state.Counters.ConnectionsOpened);
        if (up)
        {
            Interlocked.Add(ref _state.Counters.Reconnects, again ? 1 : 0);
            _state.Log($"link to replica {Peer.Replica} is up, incarnation {identity.Incarnation:x16}");
            _state.Options.Wake();
        }

        return true;
    }

    /// <summary>Takes the whole link down when the connection is one of its lanes.</summary>
    internal void Closed(Connection connection)
    {
        lock (_gate)
        {
            if (_lanes[(int)connection.Identity.Lane] != connection)
            {
                return;
            }

            TakeDown("the other lane ended");
        }

        _state.Options.Wake();
    }

    /// <summary>
    /// Takes the next change: down when the life that the shard knows is over, then up when there is a new one.
    /// </summary>
    internal bool TryTakeEvent(out LinkEvent change)
    {
        LinkLanes? current = Volatile.Read(ref _current);
        change = default;
        if (current == Adopted)
        {
            return false;
        }

        if (Adopted is LinkLanes old)
        {
            Adopted = null;
            change = new LinkEvent(Peer.Replica, Connected: false, old.Incarnation);
            return true;
        }

        Invariant.Holds(current is not null);
        Adopted = current;
        change = new LinkEvent(Peer.Replica, Connected: true, current.Incarnation);
        return true;
    }

    /// <summary>
    /// A dialer knows its session; on the other side an older number of the same dialing process is stale.
    /// </summary>
    internal bool IsStale(ulong session)
    {
        lock (_gate)
        {
            // Judged only against a life that stands: a restarted dialer whose numbers begin anew is never locked out.
            bool stands = _lanes[0] is not null || _lanes[1] is not null;
            return IsDialer
                ? session != _session
                : stands && session >> 32 == _session >> 32 && session < _session;
        }
    }

    private void MakeRoom(in ConnectionIdentity identity)
    {
        bool fits = _lanes[(int)identity.Lane] is null;
        foreach (Connection? lane in _lanes)
        {
            fits &= lane is null
                || (lane.Identity.Session == identity.Session && lane.Identity.Incarnation == identity.Incarnation);
        }

        if (!fits)
        {
            TakeDown("replaced by a newer connection", ref _state.Counters.ConnectionsReplaced);
        }
    }

    private void TakeDown(string reason)
    {
        long ignored = 0;
        TakeDown(reason, ref ignored);
    }

    private void TakeDown(string reason, ref long counter)
    {
        Invariant.Holds(_gate.IsHeldByCurrentThread);
        Connection? control = _lanes[0];
        Connection? bulk = _lanes[1];
        Array.Clear(_lanes);
        bool wasUp = _current is not null;
        Volatile.Write(ref _current, null);
        _session += IsDialer ? 1UL : 0UL;
        foreach (Connection? lane in new[] { control, bulk })
        {
            if (lane is not null)
            {
                Interlocked.Increment(ref counter);
                lane.Close(reason);
            }
        }

        if (wasUp)
        {
            _state.Log($"link to replica {Peer.Replica} is down");
        }
    }
}
