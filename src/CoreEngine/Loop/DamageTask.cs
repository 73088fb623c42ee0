using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Loop;

/// <summary>Entries, or a snapshot, of one group that the scrubber found damaged and that are not made good
/// yet.</summary>
/// <param name="group">Whose.</param>
/// <param name="damage">Where in the log; null for a snapshot.</param>
/// <param name="first">First entry that may have stood there.</param>
/// <param name="last">Last of them.</param>
/// <remarks>Shard's thread only. Copies of what memory holds are written; the rest is fetched from peers like any hole;
/// where there are no peers a snapshot takes the entries' place.</remarks>
internal sealed class DamageTask(GroupRuntime group, LogDamage? damage, ulong first, ulong last)
{
    /// <summary>Everything before it was seen to.</summary>
    private ulong _next;
    private bool _isSnapshotAsked;

    /// <summary>Whose they are.</summary>
    internal GroupRuntime Group => group;

    /// <summary>No peer can give it back, and no snapshot stands for it so far.</summary>
    internal bool IsStuck { get; private set; }

    /// <summary>Goes on.</summary>
    /// <returns>True once everything is on the medium again, or nobody needs it any more.</returns>
    internal bool Step(EngineLoop loop)
    {
        if (group.Fault is not null)
        {
            return true;
        }

        SnapshotFile? snapshot = loop.Snapshots.Newest(group.Number);
        if (damage is null)
        {
            return snapshot is not null;
        }

        if (IsStuck && snapshot is not null && snapshot.Manifest.Index >= last)
        {
            // It stands for them, here and after a restart.
            IsStuck = false;
            Forget();
        }

        _next = ulong.Max(_next, first);
        while (_next <= last)
        {
            ulong before = _next;
            Advance(loop, damage);
            if (_next == before)
            {
                return false;
            }
        }

        LogSuffix suffix = group.Suffix;
        return !suffix.Holes.Touches(first, last) && !group.Core.IsCopying;
    }

    private void Forget() => _next = last + 1;

    private void Advance(EngineLoop loop, LogDamage damaged)
    {
        LogSuffix suffix = group.Suffix;
        if (_next <= suffix.BaseIndex)
        {
            _next = suffix.BaseIndex + 1;
        }
        else if (_next > suffix.LastIndex)
        {
            Forget();
        }
        else if (!loop.Log.Index.MayStandWithin(group.Number, _next, damaged, out ulong until))
        {
            _next = ulong.Min(until, last) + 1;
        }
        else if (TryHole(suffix, out ulong holeLast))
        {
            _next = holeLast + 1;
        }
        else
        {
            Repair(loop, suffix, ulong.Min(until, ulong.Min(last, suffix.LastIndex)));
        }
    }

    private bool TryHole(LogSuffix suffix, out ulong holeLast)
    {
        foreach (Hole hole in suffix.Holes.All)
        {
            if (hole.First <= _next && _next <= hole.Last)
            {
                holeLast = hole.Last;
                return true;
            }
        }

        holeLast = 0;
        return false;
    }

    private void Repair(EngineLoop loop, LogSuffix suffix, ulong until)
    {
        loop.Activate(group);
        if (_next >= suffix.FirstCached)
        {
            ulong written = group.Core.Rewrite(_next, until, group.Outputs);
            _next = written >= _next ? written + 1 : _next;
            return;
        }

        if (!_isSnapshotAsked && !group.Core.Unreadable(_next, ulong.Min(until, suffix.FirstCached - 1), group.Outputs))
        {
            // Nobody else has them; the machine may have taken them in.
            _isSnapshotAsked = true;
            IsStuck = true;
            group.Snapshots.Ask(null);
            loop.Options.Log?.Invoke(
                $"group {group.Number} '{group.Name}': entry {_next} cannot be read any more and no other replica can "
                + "be asked; a snapshot is taken in its place");
        }
    }
}
