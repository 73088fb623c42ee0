using System;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Loop;

/// <summary>Where a group keeps what is a replica's: a place that stays, whoever comes and goes.</summary>
internal sealed class PeerPlaces
{
    private const int PlacesMax = 4 * Limits.ReplicasMax;

    private uint[] _peers = [];

    /// <summary>The replica's place; made when it has none.</summary>
    /// <param name="current">Whose members keep theirs.</param>
    /// <param name="isReused">It was another one's, which is no member any more: what is kept there is to be
    /// forgotten.</param>
    internal int PlaceOf(uint replica, Configuration current, out bool isReused)
    {
        int place = Array.IndexOf(_peers, replica);
        isReused = place < 0 && _peers.Length == PlacesMax;
        if (place >= 0)
        {
            return place;
        }

        if (!isReused)
        {
            _peers = [.. _peers, replica];
            return _peers.Length - 1;
        }

        place = Array.FindIndex(_peers, peer => current.PlaceOf(peer) < 0);
        Invariant.Holds(place >= 0);
        _peers[place] = replica;
        return place;
    }
}
