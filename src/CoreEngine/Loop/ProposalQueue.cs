using System;
using System.Numerics;
using System.Threading;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine.Loop;

/// <summary>
/// A group's proposals on their way from host threads to the shard: rings that follow one another, each twice as large
/// as the one before, so that a group which proposes little holds little memory, and one that rests holds none.
/// </summary>
/// <remarks>To put in, and <see cref="Bytes"/>, may be called from any thread, the rest belongs to the shard's. In
/// steady state there is one ring, and nothing locks.</remarks>
internal sealed class ProposalQueue(int capacity, RingMemory memory)
{
    private const int FirstBytes = 64 * 1024;

    private readonly Lock _gate = new();

    /// <summary>Where proposals are put; null while the queue rests.</summary>
    private ProposalRing? _writing;

    /// <summary>Where they are taken from: the same, or one of those before it.</summary>
    private ProposalRing? _reading;

    /// <summary>Largest command that fits.</summary>
    internal int PayloadBytesMax => ProposalRing.PayloadBytesMax(capacity);

    /// <summary>
    /// Bytes claimed and not yet consumed. A hint for other threads, exact for the reader when nobody writes.
    /// </summary>
    internal long Bytes
    {
        get
        {
            long bytes = 0;
            for (ProposalRing? ring = Volatile.Read(ref _reading); ring is not null; ring = ring.Next)
            {
                bytes += ring.Bytes;
            }

            return bytes;
        }
    }

    /// <summary>Bytes of memory held.</summary>
    internal long HeldBytes
    {
        get
        {
            long bytes = 0;
            for (ProposalRing? ring = Volatile.Read(ref _reading); ring is not null; ring = ring.Next)
            {
                bytes += ring.Memory.Length;
            }

            return bytes;
        }
    }

    /// <summary>Any thread. False when there is no room.</summary>
    internal bool TryEnqueue(ulong correlation, ReadOnlySpan<byte> payload) =>
        TryEnqueue(correlation, default, payload);

    /// <summary>Any thread. False when there is no room.</summary>
    internal bool TryEnqueue(
        ulong correlation,
        in EntryIdentity identity,
        ReadOnlySpan<byte> command,
        Durability level = Durability.QuorumDurable)
    {
        int payloadBytes = identity.Bytes + command.Length;
        while (true)
        {
            ProposalRing? ring = Volatile.Read(ref _writing);
            bool isAlone = ring == Volatile.Read(ref _reading);
            if (!isAlone && Bytes + ProposalReader.SizeOf(payloadBytes) > capacity)
            {
                return false;
            }

            RingResult result = ring?.TryEnqueue(correlation, identity, command, level) ?? RingResult.Closed;
            if (result == RingResult.Queued)
            {
                return true;
            }

            if (ring is not null && result == RingResult.Full && ring.Memory.Length >= capacity)
            {
                return false;
            }

            Follow(ring, payloadBytes);
        }
    }

    /// <summary>
    /// The reader's thread: the proposals at the head, as far as they are published and lie in one piece.
    /// </summary>
    /// <param name="bytesMax">Stops before exceeding this, but gives at least one proposal.</param>
    internal Span<byte> Peek(int bytesMax)
    {
        for (ProposalRing? ring = _reading; ring is not null; ring = ring.Next)
        {
            Span<byte> batch = ring.Peek(bytesMax);
            if (!batch.IsEmpty || ring.Next is null || !ring.IsDrained)
            {
                return batch;
            }

            Volatile.Write(ref _reading, ring.Next);
            memory.Return(ring.Memory);
        }

        return default;
    }

    /// <summary>The reader's thread: gives back the first bytes of what <see cref="Peek"/> returned.</summary>
    internal void Consume(int bytes) => _reading!.Consume(bytes);

    /// <summary>The reader's thread: an empty queue gives its memory back, until the next proposal comes.</summary>
    internal void Rest()
    {
        lock (_gate)
        {
            ProposalRing? ring = _reading;
            if (ring is null || ring != _writing || !ring.TryCloseEmpty())
            {
                return;
            }

            Volatile.Write(ref _writing, null);
            Volatile.Write(ref _reading, null);
            memory.Return(ring.Memory);
        }
    }

    /// <summary>Puts another ring behind one that is closed or too small, unless somebody has done so.</summary>
    private void Follow(ProposalRing? ring, int payloadBytes)
    {
        lock (_gate)
        {
            if (_writing != ring)
            {
                return;
            }

            int least = (int)BitOperations.RoundUpToPowerOf2((uint)(2 * ProposalReader.SizeOf(payloadBytes)));
            int wanted = int.Max(least, ring is null ? FirstBytes : 2 * ring.Memory.Length);
            var next = new ProposalRing(memory.Rent(int.Min(wanted, capacity)));
            if (ring is null)
            {
                Invariant.Holds(_reading is null);
                Volatile.Write(ref _reading, next);
            }
            else
            {
                ring.Next = next;
                ring.Close();
            }

            Volatile.Write(ref _writing, next);
        }
    }
}
