using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Sessions;

/// <summary>What is remembered of one idempotency key.</summary>
/// <param name="High">Upper half of the key.</param>
/// <param name="Taken">Its entry; the sequence is 1.</param>
/// <param name="Low">Lower half.</param>
/// <param name="ForgetIndex">From this index on it may be forgotten.</param>
/// <param name="ForgetMs">And from this time on, by stamps.</param>
internal readonly record struct TakenKey(
    ulong High, ulong Low, ulong ForgetIndex, ulong ForgetMs, TakenSequence Taken)
{
    internal ulong Hash() => unchecked(StateHash.Of(High, Low, ForgetIndex, ForgetMs, 0) + Taken.Hash(High ^ ~Low));
}

/// <summary>Keys that hosts chose, recognised for at least their retention and forgotten in the order of the
/// log.</summary>
/// <remarks>
/// Bounded: a new key is refused while the oldest is within its retention and the table is full, so what was promised
/// for an old one stands. One with a long retention keeps those behind it too.
/// </remarks>
internal sealed class IdempotencyKeys
{
    private const int FirstKeys = 64;

    private readonly Dictionary<(ulong High, ulong Low), long> _serials = [];
    private TakenKey[] _ring = [];

    /// <summary>Serial of the oldest key held, and of the next one.</summary>
    private long _head;
    private long _tail;

    internal int Count => (int)(_tail - _head);

    internal ReplyRing Replies { get; } = new(Limits.KeyReplyBytesMax);

    /// <summary>Sum of the hashes of all keys.</summary>
    internal ulong Digest { get; private set; }

    internal TakenKey Oldest(int place) => At(_head + place);

    /// <summary>Forgets the oldest keys, as far as their retention is over.</summary>
    internal void Forget(ulong index, ulong nowMs)
    {
        while (_head < _tail && At(_head) is { } oldest && oldest.ForgetIndex <= index && oldest.ForgetMs <= nowMs)
        {
            Digest = unchecked(Digest - oldest.Hash());
            bool held = _serials.Remove((oldest.High, oldest.Low));
            Invariant.Holds(held);
            At(_head) = default;
            _head++;
        }
    }

    internal bool TryFind(ulong high, ulong low, out TakenKey key)
    {
        bool found = _serials.TryGetValue((high, low), out long serial);
        key = found ? At(serial) : default;
        return found;
    }

    /// <returns>False when there is no room.</returns>
    internal bool TryAdd(in TakenKey key)
    {
        if (Count == Limits.IdempotencyKeysMax)
        {
            return false;
        }

        Grow();
        _serials.Add((key.High, key.Low), _tail);
        At(_tail) = key;
        _tail++;
        Digest = unchecked(Digest + key.Hash());
        return true;
    }

    /// <summary>The machine has answered the entry that took the key.</summary>
    internal void Answer(ulong high, ulong low, ulong index, ReadOnlySpan<byte> reply)
    {
        ulong position = Replies.Add(reply);
        if (!_serials.TryGetValue((high, low), out long serial) || At(serial).Taken.Index != index)
        {
            return;
        }

        ref TakenKey key = ref At(serial);
        Digest = unchecked(Digest - key.Hash());
        key = key with
        {
            Taken = key.Taken with
            {
                ReplyLength = reply.Length,
                ReplyPosition = position,
                ReplyChecksum = Crc32C.Compute(reply),
            },
        };
        Digest = unchecked(Digest + key.Hash());
    }

    private ref TakenKey At(long serial) => ref _ring[serial & (_ring.Length - 1)];

    private void Grow()
    {
        if (Count < _ring.Length)
        {
            return;
        }

        var grown = new TakenKey[int.Max(FirstKeys, _ring.Length * 2)];
        for (long serial = _head; serial < _tail; serial++)
        {
            grown[serial & (grown.Length - 1)] = At(serial);
        }

        _ring = grown;
    }
}
