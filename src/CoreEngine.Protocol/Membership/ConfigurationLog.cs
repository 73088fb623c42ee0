using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Membership;

/// <summary>The configurations that a log holds: each is in effect from its append on, committed or not, and goes when
/// its entry is truncated (Raft thesis, 4.1; raft.md S27).</summary>
/// <remarks>Belongs to the log, which tells it of every append and truncation. Never empty; short, because older ones
/// are forgotten when a newer one is committed.</remarks>
internal sealed class ConfigurationLog
{
    private Configuration[] _items = [Configuration.None];

    /// <summary>The one in effect: the newest in the log.</summary>
    internal Configuration Latest => _items[^1];

    /// <summary>The oldest that is remembered: committed, or the first of the group.</summary>
    internal Configuration Base => _items[0];

    /// <summary>All that are remembered, oldest first.</summary>
    internal ReadOnlySpan<Configuration> All => _items;

    /// <summary>Everything before <see cref="Base"/> is replaced: the group's first one, or that of a
    /// snapshot.</summary>
    internal void SetBase(Configuration configuration)
    {
        int newer = 0;
        while (newer < _items.Length && _items[newer].Epoch <= configuration.Epoch)
        {
            newer++;
        }

        _items = [configuration, .. _items.AsSpan(newer)];
    }

    /// <summary>The entry of a configuration was appended.</summary>
    internal void Append(Configuration configuration)
    {
        if (_items.Length == 1 && configuration.Epoch <= Base.Epoch)
        {
            // What is committed was known before a log that had lost its snapshot is written anew.
            return;
        }

        Invariant.Holds(configuration.Epoch > Latest.Epoch);
        _items = [.. _items, configuration];
    }

    /// <summary>The entry of a configuration can be read again that could not (raft.md S18).</summary>
    internal void Insert(Configuration configuration)
    {
        int place = 0;
        while (place < _items.Length && _items[place].Epoch < configuration.Epoch)
        {
            place++;
        }

        bool isKnown = place < _items.Length && _items[place].Epoch == configuration.Epoch;
        if (!isKnown && place > 0)
        {
            _items = [.. _items[..place], configuration, .. _items[place..]];
        }
    }

    /// <summary>Everything above <paramref name="index"/> is void.</summary>
    internal void TruncateTo(ulong index)
    {
        int kept = _items.Length;
        while (kept > 1 && _items[kept - 1].Epoch > index)
        {
            kept--;
        }

        Keep(0, kept);
    }

    /// <summary>Everything up to <paramref name="index"/> is committed: what came before the newest configuration
    /// there is forgotten.</summary>
    internal void Commit(ulong index)
    {
        int forgotten = 0;
        while (forgotten + 1 < _items.Length && _items[forgotten + 1].Epoch <= index)
        {
            forgotten++;
        }

        Keep(forgotten, _items.Length);
    }

    /// <summary>The configuration in effect for a log that ends at an index not below the base.</summary>
    internal Configuration At(ulong index)
    {
        int place = _items.Length - 1;
        while (place > 0 && _items[place].Epoch > index)
        {
            place--;
        }

        return _items[place];
    }

    /// <summary>The configuration with an epoch; null when it is not known (any more).</summary>
    internal Configuration? Find(ulong epoch)
    {
        foreach (Configuration item in _items)
        {
            if (item.Epoch == epoch)
            {
                return item;
            }
        }

        return null;
    }

    private void Keep(int first, int end)
    {
        if (end - first < _items.Length)
        {
            _items = _items[first..end];
        }
    }
}
