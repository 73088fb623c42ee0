using System;
using CoreEngine.Model;

namespace CoreEngine.Cli.KeyValue;

/// <summary>What a command does. The number stands in the log: it never changes its meaning.</summary>
internal enum KeyValueOperation : byte
{
    /// <summary>key value: sets. Reply: ok.</summary>
    Set = 1,

    /// <summary>key value: sets an absent key. Reply: ok, or nil when it is there.</summary>
    SetIfAbsent = 2,

    /// <summary>key value: sets a key that is there. Reply: ok, or nil when it is absent.</summary>
    SetIfPresent = 3,

    /// <summary>key...: makes the keys absent. Reply: how many were there.</summary>
    Delete = 4,

    /// <summary>key: adds one to a 64-bit decimal; an absent key counts as 0. Reply: the sum.</summary>
    Increment = 5,

    /// <summary>key value: appends; an absent key counts as empty. Reply: the length.</summary>
    Append = 6,

    /// <summary>
    /// key old new: sets if the value is old. Reply: 1, or 0 when it is not (an absent key never is).
    /// </summary>
    CompareAndSet = 7,
}

/// <summary>A command as the log holds it, taken apart in place.</summary>
/// <remarks>
/// Layout: <c>u8 operation | (length, LEB128 of at most 3 bytes | bytes)...</c> to the end. Bytes come from the log and
/// still are checked: a command of a later version is refused, never guessed.
/// </remarks>
internal readonly ref struct KeyValueCommand
{
    /// <summary>
    /// Bytes of a key. Longer ones are refused before they are proposed, and again when they are read.
    /// </summary>
    internal const int KeyBytesMax = 16 * 1024;

    /// <summary>Keys of one Delete.</summary>
    internal const int KeysMax = 1024;

    /// <summary>Bytes that the operation and the lengths of key, old and new value take at most.</summary>
    internal const int OverheadBytesMax = 1 + (3 * KeyValueParts.LengthBytesMax);

    /// <summary>
    /// Bytes of a value: with the longest key, and twice in a CompareAndSet half of it, a command fits an entry.
    /// </summary>
    internal const int ValueBytesMax = Limits.EntryBytesMax - KeyBytesMax - OverheadBytesMax;

    private KeyValueCommand(KeyValueOperation operation, KeyValueParts parts)
    {
        Operation = operation;
        Keys = parts;
        parts.TryRead(out Key);
        parts.TryRead(out Second);
        parts.TryRead(out Third);
    }

    internal readonly KeyValueOperation Operation;

    /// <summary>The key; of a Delete the first.</summary>
    internal readonly ReadOnlySpan<byte> Key;

    /// <summary>
    /// The value of a Set or Append, the expected one of a CompareAndSet; else empty or, of a Delete, a key.
    /// </summary>
    internal readonly ReadOnlySpan<byte> Second;

    /// <summary>The new value of a CompareAndSet.</summary>
    internal readonly ReadOnlySpan<byte> Third;

    /// <summary>All parts from the first on: the keys of a Delete.</summary>
    internal readonly KeyValueParts Keys;

    /// <summary>Takes a command apart. False when its bytes make no sense, whatever they are.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out KeyValueCommand command)
    {
        command = default;
        if (bytes.IsEmpty || bytes.Length > Limits.EntryBytesMax)
        {
            return false;
        }

        var operation = (KeyValueOperation)bytes[0];
        var parts = new KeyValueParts(bytes[1..]);
        KeyValueParts walk = parts;
        int count = 0;
        while (walk.TryRead(out ReadOnlySpan<byte> part))
        {
            bool isKey = count == 0 || operation == KeyValueOperation.Delete;
            if (part.Length > (isKey ? KeyBytesMax : ValueBytesMax))
            {
                return false;
            }

            count++;
        }

        if (!walk.IsAtEnd || !HasCount(operation, count))
        {
            return false;
        }

        command = new KeyValueCommand(operation, parts);
        return true;
    }

    private static bool HasCount(KeyValueOperation operation, int count) => operation switch
    {
        KeyValueOperation.Set or KeyValueOperation.SetIfAbsent or KeyValueOperation.SetIfPresent => count == 2,
        KeyValueOperation.Append => count == 2,
        KeyValueOperation.Delete => count is >= 1 and <= KeysMax,
        KeyValueOperation.Increment => count == 1,
        KeyValueOperation.CompareAndSet => count == 3,
        _ => false,
    };
}

/// <summary>Walks the parts of a command. A copy walks on its own.</summary>
internal ref struct KeyValueParts(ReadOnlySpan<byte> bytes)
{
    /// <summary>Bytes of a part's length: 21 bits hold every legal one.</summary>
    internal const int LengthBytesMax = 3;

    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>True when every byte was a part's.</summary>
    internal readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>
    /// The next part. False at the end, or when the bytes make no sense: then they are not at the end.
    /// </summary>
    internal bool TryRead(out ReadOnlySpan<byte> part)
    {
        part = default;
        int length = 0;
        for (int i = 0; i < LengthBytesMax && i < _rest.Length; i++)
        {
            length |= (_rest[i] & 0x7F) << (7 * i);
            if (_rest[i] < 0x80)
            {
                if (length > _rest.Length - i - 1)
                {
                    return false;
                }

                part = _rest.Slice(i + 1, length);
                _rest = _rest[(i + 1 + length)..];
                return true;
            }
        }

        return false;
    }
}
