using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>
/// The places for pending proposals of all groups of a shard: bounded, made on first use, then used again without
/// allocation.
/// </summary>
/// <remarks>
/// A lock-free stack of free places; the head carries a tag, so that a place freed and rented in between is noticed
/// (no ABA). Any thread.
/// </remarks>
internal sealed class ProposalPlaces
{
    private const int ChunkLength = 1024;

    /// <summary>Places of one shard: as many as thirty-two groups may have at their most.</summary>
    private const int ChunksMax = 32 * Limits.ProposalsMax / ChunkLength;

    private readonly ProposalSource?[]?[] _chunks = new ProposalSource?[ChunksMax][];
    private readonly Lock _making = new();
    private long _head;
    private int _made;

    /// <summary>The place with this number; null when there is none.</summary>
    internal ProposalSource? At(int slot)
    {
        if ((uint)slot >= ChunksMax * ChunkLength)
        {
            return null;
        }

        ProposalSource?[]? chunk = Volatile.Read(ref _chunks[slot / ChunkLength]);
        return chunk is null ? null : Volatile.Read(ref chunk[slot % ChunkLength]);
    }

    /// <summary>Null when all places are in use.</summary>
    internal ProposalSource? Rent()
    {
        long head = Volatile.Read(ref _head);
        while (PlaceIn(head) != 0)
        {
            ProposalSource source = At(PlaceIn(head) - 1)!;
            long seen = Interlocked.CompareExchange(ref _head, Tagged(head, Volatile.Read(ref source.NextFree)), head);
            if (seen == head)
            {
                return source;
            }

            head = seen;
        }

        return Make();
    }

    internal void Return(ProposalSource source)
    {
        long head = Volatile.Read(ref _head);
        while (true)
        {
            Volatile.Write(ref source.NextFree, PlaceIn(head));
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
        lock (_making)
        {
            if (_made == ChunksMax * ChunkLength)
            {
                return null;
            }

            int slot = _made++;
            ProposalSource?[] chunk = _chunks[slot / ChunkLength] ?? new ProposalSource?[ChunkLength];
            var source = new ProposalSource(slot);
            Volatile.Write(ref chunk[slot % ChunkLength], source);
            Volatile.Write(ref _chunks[slot / ChunkLength], chunk);
            return source;
        }
    }
}
