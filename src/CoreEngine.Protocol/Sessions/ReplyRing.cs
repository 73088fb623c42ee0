using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Sessions;

/// <summary>The newest bytes of replies, in the order of the log: what is older than its capacity is gone.</summary>
/// <remarks>
/// A reply is named by its position in the stream of all replies ever kept. Whether it is still held follows from the
/// position alone, so it is the same on every replica. The array grows by doubling and then stays.
/// </remarks>
internal sealed class ReplyRing(int capacity)
{
    /// <summary>The position of a reply that is larger than the ring.</summary>
    internal const ulong NotKept = ulong.MaxValue;

    private const int FirstBytes = 256;

    private byte[] _bytes = [];

    /// <summary>Bytes ever taken in.</summary>
    internal ulong Tail { get; private set; }

    /// <summary>Takes a reply in and returns its position.</summary>
    internal ulong Add(ReadOnlySpan<byte> reply)
    {
        if (reply.Length > capacity)
        {
            return NotKept;
        }

        ulong position = Tail;
        Tail += (ulong)reply.Length;
        Reserve();
        Place(position, reply);
        return position;
    }

    /// <summary>The reply's bytes have not been overwritten.</summary>
    internal bool Holds(ulong position) => position != NotKept && Tail - position <= (ulong)capacity;

    /// <summary>Copies a reply that is held.</summary>
    internal void CopyTo(ulong position, Span<byte> target)
    {
        Invariant.Holds(Holds(position));
        if (target.IsEmpty)
        {
            return;
        }

        int start = (int)(position % (ulong)_bytes.Length);
        int first = int.Min(target.Length, _bytes.Length - start);
        _bytes.AsSpan(start, first).CopyTo(target);
        _bytes.AsSpan(0, target.Length - first).CopyTo(target[first..]);
    }

    /// <summary>A ring that was written elsewhere: its replies are put back one by one.</summary>
    internal void Restore(ulong tail)
    {
        Invariant.Holds(Tail == 0);
        Tail = tail;
        Reserve();
    }

    internal void Restore(ulong position, ReadOnlySpan<byte> reply)
    {
        Invariant.Holds(Holds(position));
        Place(position, reply);
    }

    private void Place(ulong position, ReadOnlySpan<byte> reply)
    {
        if (reply.IsEmpty)
        {
            return;
        }

        int start = (int)(position % (ulong)_bytes.Length);
        int first = int.Min(reply.Length, _bytes.Length - start);
        reply[..first].CopyTo(_bytes.AsSpan(start));
        reply[first..].CopyTo(_bytes);
    }

    /// <summary>Room for all that is held. Nothing has wrapped while the array is below the capacity.</summary>
    private void Reserve()
    {
        if (Tail <= (ulong)_bytes.Length || _bytes.Length == capacity)
        {
            return;
        }

        long wanted = long.Max(FirstBytes, _bytes.Length);
        while (wanted < capacity && (ulong)wanted < Tail)
        {
            wanted *= 2;
        }

        Array.Resize(ref _bytes, (int)long.Min(wanted, capacity));
    }
}
