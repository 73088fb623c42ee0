using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>The places for pending proposals: bounded, made on first use, then used again without allocation.</summary>
/// <remarks>
/// A lock-free stack of free places; the head carries a tag, so that a place freed and rented in between is noticed
/// (no ABA).
/// </remarks>
internal sealed class ProposalSlots(int capacity)
{
    private readonly ProposalSource?[] _sources = new ProposalSource?[capacity];
    private readonly int[] _next = new int[capacity];
    private long _head;
    private int _made;
    private int _inUse;

    /// <summary>Most places at a time.</summary>
    internal int Capacity => _sources.Length;

    /// <summary>Places in use now: pending, or decided and not yet taken (an abandoned one stays here).</summary>
    internal int InUse => Volatile.Read(ref _inUse);

    /// <summary>Places made so far; <see cref="At"/> takes numbers below it.</summary>
    internal int Made => int.Min(Volatile.Read(ref _made), _sources.Length);

    /// <summary>The place with this number, or null when it is still being made.</summary>
    internal ProposalSource? At(int slot) => Volatile.Read(ref _sources[slot]);

    /// <summary>The pending proposal with this correlation; null when that use is over.</summary>
    internal ProposalSource? Find(ulong correlation)
    {
        int slot = unchecked((int)correlation);
        if (slot < 0 || slot >= Made)
        {
            return null;
        }

        ProposalSource? source = At(slot);
        return source is not null && source.Generation == (uint)(correlation >> 32) ? source : null;
    }

    /// <summary>Any thread. Null when all places are in use.</summary>
    internal ProposalSource? Rent()
    {
        long head = Volatile.Read(ref _head);
        while (PlaceIn(head) != 0)
        {
            int slot = PlaceIn(head) - 1;
            long next = Tagged(head, Volatile.Read(ref _next[slot]));
            long seen = Interlocked.CompareExchange(ref _head, next, head);
            if (seen == head)
            {
                Interlocked.Increment(ref _inUse);
                return _sources[slot];
            }

            head = seen;
        }

        return Make();
    }

    /// <summary>Any thread.</summary>
    internal void Return(ProposalSource source)
    {
        Interlocked.Decrement(ref _inUse);
        long head = Volatile.Read(ref _head);
        while (true)
        {
            Volatile.Write(ref _next[source.Slot], PlaceIn(head));
            long seen = Interlocked.CompareExchange(ref _head, Tagged(head, source.Slot + 1), head);
            if (seen == head)
            {
                return;
            }

            head = seen;
        }
    }

    /// <summary>Slot number + 1 of the topmost free place; 0 when there is none.</summary>
    private static int PlaceIn(long head) => unchecked((int)head);

    private static long Tagged(long head, int place) => unchecked((((head >> 32) + 1) << 32) | (uint)place);

    private ProposalSource? Make()
    {
        if (Volatile.Read(ref _made) >= _sources.Length)
        {
            return null;
        }

        int slot = Interlocked.Increment(ref _made) - 1;
        if (slot >= _sources.Length)
        {
            Interlocked.Decrement(ref _made);
            return null;
        }

        var source = new ProposalSource(this, slot);
        Volatile.Write(ref _sources[slot], source);
        Interlocked.Increment(ref _inUse);
        Invariant.Holds(source.Slot == slot);
        return source;
    }
}
