using System;

namespace CoreEngine.Cli.KeyValue;

/// <summary>Writes a command part by part, in the layout of <see cref="KeyValueCommand"/>.</summary>
/// <remarks>Does not count parts: the reader of the written bytes is the judge of arity.</remarks>
internal ref struct KeyValueCommandWriter
{
    private readonly Span<byte> _target;

    /// <param name="target">Room for the command; the written bytes are its beginning.</param>
    /// <param name="operation">What the command does.</param>
    internal KeyValueCommandWriter(Span<byte> target, KeyValueOperation operation)
    {
        _target = target;
        target[0] = (byte)operation;
        Written = 1;
    }

    /// <summary>Bytes written so far.</summary>
    internal int Written { get; private set; }

    /// <summary>Bytes that a part takes.</summary>
    internal static int SizeOf(int length) => length + (length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : 3);

    /// <summary>Adds a part. False, with nothing written, when it does not fit.</summary>
    internal bool TryAdd(ReadOnlySpan<byte> part)
    {
        if (part.Length >= 1 << (7 * KeyValueParts.LengthBytesMax) || SizeOf(part.Length) > _target.Length - Written)
        {
            return false;
        }

        int rest = part.Length;
        while (rest >= 0x80)
        {
            _target[Written] = (byte)(0x80 | (rest & 0x7F));
            Written++;
            rest >>= 7;
        }

        _target[Written] = (byte)rest;
        Written++;
        part.CopyTo(_target[Written..]);
        Written += part.Length;
        return true;
    }
}
