using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>One group's share of its shard's places for pending proposals: counted and bounded.</summary>
/// <remarks>Any thread, but for <see cref="Find"/>, which is the shard's.</remarks>
internal sealed class ProposalSlots(GroupRuntime group, ProposalPlaces places, int capacity)
{
    private int _inUse;

    /// <summary>Whose places these are.</summary>
    internal GroupRuntime Group => group;

    /// <summary>Most places at a time.</summary>
    internal int Capacity => capacity;

    /// <summary>Places in use now: pending, or decided and not yet taken (an abandoned one stays here).</summary>
    internal int InUse => Volatile.Read(ref _inUse);

    /// <summary>The place with this number, if it is this group's now.</summary>
    internal ProposalSource? At(int slot) => places.At(slot) is { } source && source.Owner == this ? source : null;

    /// <summary>The pending proposal with this correlation; null when that use is over.</summary>
    internal ProposalSource? Find(ulong correlation) =>
        At(unchecked((int)correlation)) is { } source && source.Generation == (uint)(correlation >> 32) ? source : null;

    /// <summary>Null when all places are in use.</summary>
    internal ProposalSource? Rent()
    {
        if (Interlocked.Increment(ref _inUse) <= capacity && places.Rent() is { } source)
        {
            source.Owner = this;
            return source;
        }

        Interlocked.Decrement(ref _inUse);
        return null;
    }

    internal void Return(ProposalSource source)
    {
        Invariant.Holds(source.Owner == this);
        places.Return(source);
        Interlocked.Decrement(ref _inUse);
    }
}
