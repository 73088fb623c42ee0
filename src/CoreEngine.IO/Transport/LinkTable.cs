using System.Diagnostics;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>The links of one transport; members come while it runs. Any thread; readers take no lock.</summary>
internal sealed class LinkTable(TransportState state)
{
    private readonly Lock _gate = new();
    private readonly Prng _chance = new(state.Options.Seed);
    private PeerLink[] _links = [];

    /// <summary>All links as of now; only ever longer.</summary>
    internal PeerLink[] All => Volatile.Read(ref _links);

    /// <summary>The link to a replica; null when there is none.</summary>
    internal PeerLink? Find(uint replica)
    {
        foreach (PeerLink link in All)
        {
            if (link.Peer.Replica == replica)
            {
                return link;
            }
        }

        return null;
    }

    /// <summary>The link to a replica, made when there is none yet.</summary>
    /// <returns>Null when there are as many as may be.</returns>
    internal PeerLink? FindOrAdd(TransportPeer peer, bool isDialer)
    {
        lock (_gate)
        {
            if (Find(peer.Replica) is { } known)
            {
                return known;
            }

            if (_links.Length == Limits.ReplicasMax - 1)
            {
                return null;
            }

            // The high half tells one process of a dialer from the next, even under one seed; the low half counts.
            ulong process = new Prng(_chance.Next() ^ (ulong)Stopwatch.GetTimestamp()).Next();
            ulong firstSession = (process & 0xFFFF_FFFF_0000_0000) | 1;
            var link = new PeerLink(state, peer, firstSession, isDialer);
            Volatile.Write(ref _links, [.. _links, link]);
            return link;
        }
    }
}
