using System;
using System.Buffers.Binary;

namespace CoreEngine.Cli.KeyValue;

/// <summary>
/// A 64-bit hash of bytes, the same on every machine: for the table and for the state digest. Not for secrets.
/// </summary>
internal static class KeyValueHash
{
    private const ulong First = 0x9E3779B97F4A7C15;
    private const ulong Second = 0xBF58476D1CE4E5B9;

    /// <summary>The hash of some bytes; never 0.</summary>
    internal static ulong Of(ReadOnlySpan<byte> bytes)
    {
        ulong hash = Mix(First, (ulong)bytes.Length);
        while (bytes.Length >= sizeof(ulong))
        {
            hash = Mix(hash, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        ulong tail = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            tail |= (ulong)bytes[i] << (8 * i);
        }

        hash = Mix(hash, tail);
        return hash == 0 ? First : hash;
    }

    /// <summary>Folds a word into a hash. The order of folding matters.</summary>
    internal static ulong Mix(ulong hash, ulong word)
    {
        ulong high = Math.BigMul(hash ^ Second, word ^ First, out ulong low);

        // The product of 0 and anything forgets the other: keep both operands beside it.
        return unchecked((high ^ low) + (hash * Second) + word);
    }
}
