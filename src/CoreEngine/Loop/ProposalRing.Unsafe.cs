using System;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine.Loop;

/// <summary>What became of an attempt to put a proposal into a ring.</summary>
internal enum RingResult : byte
{
    Queued,

    /// <summary>No room now.</summary>
    Full,

    /// <summary>The ring takes nothing any more: another one stands in its place.</summary>
    Closed,
}

/// <summary>
/// Host threads put commands in, the shard's thread takes them out in batches: a bounded ring of bytes, many writers,
/// one reader. Once closed it is drained and never opened again.
/// </summary>
/// <remarks>
/// A proposal lies in one piece, in <see cref="ProposalReader"/>'s layout, so that the reader hands a span of the
/// ring straight to the core.
/// A writer claims its place by moving the tail, fills it, and publishes it by the word at <see cref="StateOffset"/>;
/// what was read is
/// cleared before the head moves, so an unpublished place always reads zero. (The claim-then-publish scheme is that
/// of Aeron's
/// many-to-one ring buffer.) Unsafe: words are addressed within the ring's own array, at offsets masked to its length
/// and aligned to 8.
/// </remarks>
internal sealed class ProposalRing
{
    private const int StateOffset = 12;
    private const int Padding = -1;

    /// <summary>The tail's sign: closed.</summary>
    private const long Closed = long.MinValue;

    private readonly byte[] _ring;
    private readonly int _mask;
    private PaddedLong _tail;
    private PaddedLong _head;

    /// <param name="ring">All zero, its length a power of two; the ring's alone until it is closed and drained, and
    /// all zero again then.</param>
    internal ProposalRing(byte[] ring)
    {
        Invariant.Holds(BitOperations.IsPow2(ring.Length));
        Invariant.Holds(ring.Length >= 4096);
        _ring = ring;
        _mask = ring.Length - 1;
    }

    /// <summary>The memory.</summary>
    internal byte[] Memory => _ring;

    /// <summary>The ring that took this one's place; set before this one is closed.</summary>
    internal ProposalRing? Next { get; set; }

    /// <summary>Largest command that fits into a ring of so many bytes: half, so that padding can never make it
    /// impossible.</summary>
    internal static int PayloadBytesMax(int ringBytes) => (ringBytes / 2) - ProposalReader.HeaderBytes;

    /// <summary>
    /// Bytes claimed and not yet consumed. A hint for other threads, exact for the reader when nobody writes.
    /// </summary>
    internal long Bytes => (Volatile.Read(ref _tail.Value) & ~Closed) - Volatile.Read(ref _head.Value);

    /// <summary>Closed, and everything that was put in was taken out: no writer is in it any more.</summary>
    internal bool IsDrained => Volatile.Read(ref _tail.Value) == (_head.Value | Closed);

    /// <summary>Any thread: nothing more is taken; what was claimed before is still filled in.</summary>
    internal void Close() => Interlocked.Or(ref _tail.Value, Closed);

    /// <summary>The reader's thread: closes the ring if it is empty.</summary>
    internal bool TryCloseEmpty()
    {
        long head = _head.Value;
        return Interlocked.CompareExchange(ref _tail.Value, head | Closed, head) == head;
    }

    /// <summary>Any thread.</summary>
    internal RingResult TryEnqueue(
        ulong correlation, in EntryIdentity identity, ReadOnlySpan<byte> command, Durability level)
    {
        int size = ProposalReader.SizeOf(identity.Bytes + command.Length);
        long tail;
        int toEnd;
        bool wraps;
        do
        {
            tail = Volatile.Read(ref _tail.Value);
            if (tail < 0)
            {
                return RingResult.Closed;
            }

            toEnd = _ring.Length - (int)(tail & _mask);
            wraps = size > toEnd;
            long claimed = tail + size + (wraps ? toEnd : 0);
            if (claimed - Volatile.Read(ref _head.Value) > _ring.Length)
            {
                return RingResult.Full;
            }

            if (Interlocked.CompareExchange(ref _tail.Value, claimed, tail) == tail)
            {
                break;
            }
        }
        while (true);

        int place = (int)(tail & _mask);
        if (wraps)
        {
            Volatile.Write(ref WordAt(place), Padding);
            place = 0;
        }

        ProposalReader.Write(_ring.AsSpan(place, size), new EntryOrigin(0, 0, correlation), identity, command, level);

        // The lowest byte of the word is ours, the others say what the proposal is.
        Volatile.Write(ref WordAt(place + StateOffset), WordAt(place + StateOffset) | 1);
        return RingResult.Queued;
    }

    /// <summary>
    /// The reader's thread: the proposals at the head, as far as they are published and lie in one piece.
    /// </summary>
    /// <param name="bytesMax">Stops before exceeding this, but gives at least one proposal.</param>
    internal Span<byte> Peek(int bytesMax)
    {
        long head = _head.Value;
        long tail = Volatile.Read(ref _tail.Value) & ~Closed;
        int start = (int)(head & _mask);
        if (head == tail)
        {
            return default;
        }

        int toEnd = _ring.Length - start;
        if (toEnd < ProposalReader.HeaderBytes || Volatile.Read(ref WordAt(start)) == Padding)
        {
            if (Volatile.Read(ref WordAt(start)) != Padding)
            {
                return default;
            }

            _ring.AsSpan(start, toEnd).Clear();
            Volatile.Write(ref _head.Value, head + toEnd);
            return Peek(bytesMax);
        }

        int limit = (int)long.Min(tail - head, toEnd);
        return _ring.AsSpan(start, PublishedFrom(start, limit, bytesMax));
    }

    /// <summary>The reader's thread: gives back the first bytes of what <see cref="Peek"/> returned.</summary>
    internal void Consume(int bytes)
    {
        long head = _head.Value;
        Invariant.Holds(bytes >= 0);
        Invariant.Holds(head + bytes <= (Volatile.Read(ref _tail.Value) & ~Closed));
        _ring.AsSpan((int)(head & _mask), bytes).Clear();
        Volatile.Write(ref _head.Value, head + bytes);
    }

    private int PublishedFrom(int start, int limit, int bytesMax)
    {
        int length = 0;
        while (limit - length >= ProposalReader.HeaderBytes
            && (Volatile.Read(ref WordAt(start + length + StateOffset)) & 1) == 1)
        {
            int size = ProposalReader.SizeOf(WordAt(start + length));
            if (length > 0 && length + size > bytesMax)
            {
                break;
            }

            length += size;
        }

        return length;
    }

    // In bounds: callers pass an offset below the ring's length, aligned to 4, and the length is a multiple of 8.
    private ref int WordAt(int offset) =>
        ref Unsafe.As<byte, int>(ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_ring), offset));

    /// <summary>Head and tail live on cache lines of their own: writers and reader do not disturb each other.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct PaddedLong
    {
        [FieldOffset(128)]
        public long Value;
    }
}
