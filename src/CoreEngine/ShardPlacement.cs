using System.Collections.Generic;
using System.Threading;

namespace CoreEngine;

/// <summary>Which shard serves a group: the one whose log holds it, else the one that the host names, else the one that
/// the group's number gives.</summary>
/// <remarks>
/// The number of shards is kept on disk and does not change, so a place, once taken, is for the group's life. It must
/// be the same on every replica: shards are linked to their like. Any thread.
/// </remarks>
internal sealed class ShardPlacement(int shards)
{
    /// <summary>Shards of one engine.</summary>
    internal const int ShardsMax = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<uint, int> _places = [];

    /// <summary>The rule for a group that nobody has placed: Fibonacci hashing (Knuth, The Art of Computer Programming
    /// 3, 6.4), which spreads consecutive numbers evenly.</summary>
    internal static int Of(uint group, int shards) =>
        (int)(((ulong)unchecked(group * 0x9E3779B1u) * (ulong)shards) >> 32);

    /// <summary>A shard's log holds this group.</summary>
    /// <exception cref="EngineOpenException">Another one's does too.</exception>
    internal void Recall(uint group, int shard)
    {
        lock (_gate)
        {
            if (!_places.TryAdd(group, shard))
            {
                throw new EngineOpenException(
                    $"group {group} stands in the logs of shards {_places[group]} and {shard}: one of the shards' "
                    + "directories was put there from elsewhere; restore the right one, or replace this replica");
            }
        }
    }

    /// <summary>Finds a group's shard, and keeps it there.</summary>
    /// <param name="group">Its number.</param>
    /// <param name="wanted">The shard that the host names; null: none.</param>
    /// <exception cref="EngineOpenException">The host names another shard than the group's own, or none that there
    /// is.</exception>
    internal int Place(uint group, int? wanted)
    {
        if (wanted is < 0 || wanted >= shards)
        {
            throw new EngineOpenException(
                $"group {group} is to be in shard {wanted}, and this engine has {shards} (counted from 0); "
                + "name another, or none");
        }

        lock (_gate)
        {
            if (!_places.TryGetValue(group, out int place))
            {
                place = wanted ?? Of(group, shards);
                _places.Add(group, place);
            }

            return wanted is null || wanted == place
                ? place
                : throw new EngineOpenException(
                    $"group {group} is in shard {place}, and {wanted} is asked for: a group stays where it was opened "
                    + "first; leave GroupOptions.Shard out, or name its shard");
        }
    }
}
