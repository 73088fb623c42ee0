using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine;

/// <summary>
/// A name that a host gives to one command: proposed again under it within its retention, the command takes effect
/// once. Needs no session.
/// </summary>
/// <remarks>
/// A group remembers at most <see cref="Limits.IdempotencyKeysMax"/> keys and refuses a new one while all are within
/// their retention. Keys are forgotten in the order of the log, by the leaders' stamps in it, never by a clock of a
/// replica. An Unknown is retried by the host, under the same key and within the retention.
/// </remarks>
public readonly record struct IdempotencyKey
{
    /// <summary>A key with its retention.</summary>
    /// <param name="high">Upper half.</param>
    /// <param name="low">Lower half.</param>
    /// <param name="retention">Recognised for at least so long; whole seconds, from 1 s to a week.</param>
    /// <param name="entries">And for at least so many further entries of the group.</param>
    /// <exception cref="ArgumentOutOfRangeException">The retention is too short or too long.</exception>
    public IdempotencyKey(ulong high, ulong low, TimeSpan retention, uint entries = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(retention, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            retention, TimeSpan.FromMilliseconds(Limits.SessionTimeoutMsMax));
        High = high;
        Low = low;
        RetentionSeconds = (uint)retention.TotalSeconds;
        RetentionEntries = entries;
    }

    /// <summary>Upper half.</summary>
    public ulong High { get; }

    /// <summary>Lower half.</summary>
    public ulong Low { get; }

    /// <summary>Recognised for at least so long.</summary>
    public uint RetentionSeconds { get; }

    /// <summary>And for at least so many entries.</summary>
    public uint RetentionEntries { get; }

    /// <summary>The key of a text, by its SHA-256.</summary>
    /// <param name="text">Any bytes, such as a request's own number in UTF-8.</param>
    /// <param name="retention">As for the constructor.</param>
    /// <param name="entries">As for the constructor.</param>
    /// <exception cref="ArgumentOutOfRangeException">The retention is too short or too long.</exception>
    public static IdempotencyKey Of(ReadOnlySpan<byte> text, TimeSpan retention, uint entries = 0)
    {
        var digest = Digest.Of(text);
        return new IdempotencyKey(digest.First, digest.Second, retention, entries);
    }

    /// <summary>The key of a GUID.</summary>
    /// <param name="name">Unique to the command.</param>
    /// <param name="retention">As for the constructor.</param>
    /// <param name="entries">As for the constructor.</param>
    /// <exception cref="ArgumentOutOfRangeException">The retention is too short or too long.</exception>
    public static IdempotencyKey Of(Guid name, TimeSpan retention, uint entries = 0)
    {
        Span<byte> bytes = stackalloc byte[16];
        bool written = name.TryWriteBytes(bytes, bigEndian: true, out _);
        Invariant.Holds(written);
        return new IdempotencyKey(
            BinaryPrimitives.ReadUInt64BigEndian(bytes),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            retention,
            entries);
    }
}
