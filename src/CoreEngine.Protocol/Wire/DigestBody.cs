using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>What a DigestNotice is; the values on the wire.</summary>
internal enum DigestKind : uint
{
    /// <summary>The sender has just applied up to the index; who holds another digest there answers.</summary>
    Notice = 1,

    /// <summary>The sender holds another digest than it was told. Nobody answers it.</summary>
    Answer = 2,
}

/// <summary>Body of DigestNotice: <c>u64 index | u64 digest | u32 kind | u32 zero</c>.</summary>
/// <param name="Index">The state is the one after this entry; not 0.</param>
/// <param name="Digest">Of the machine's state and the session table.</param>
/// <param name="Kind">What is said.</param>
internal readonly record struct DigestBody(ulong Index, ulong Digest, DigestKind Kind)
{
    internal const int Bytes = 24;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Digest);
        BinaryPrimitives.WriteUInt32LittleEndian(target[16..], (uint)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(target[20..], 0);
    }

    /// <summary>False when the length is wrong, the index is 0 or the kind is unknown.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out DigestBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        body = new DigestBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            (DigestKind)BinaryPrimitives.ReadUInt32LittleEndian(source[16..]));
        return body.Index != 0
            && body.Kind is DigestKind.Notice or DigestKind.Answer
            && BinaryPrimitives.ReadUInt32LittleEndian(source[20..]) == 0;
    }
}
