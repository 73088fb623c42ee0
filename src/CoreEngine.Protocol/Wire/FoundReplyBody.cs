using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>
/// Body of FoundReply: <c>u64 epoch | u64 incarnation | u64 plan | u32 replica | u32 zero</c>, one message per row of
/// the sender's table. FoundRequest carries the same with the sender's own row.
/// </summary>
/// <param name="Epoch">The sender's configuration; 0 while it has none and speaks of itself only.</param>
/// <param name="Incarnation">The row's.</param>
/// <param name="Plan">Digest of what the sender's host was told of the first configuration.</param>
/// <param name="Replica">Whose row it is.</param>
internal readonly record struct FoundReplyBody(ulong Epoch, ulong Incarnation, ulong Plan, uint Replica)
{
    internal const int Bytes = 32;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Incarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Plan);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], Replica);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], 0);
    }

    /// <summary>False when the length is wrong or the row names nobody.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out FoundReplyBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        body = new FoundReplyBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[24..]));
        return body.Replica != 0 && BinaryPrimitives.ReadUInt32LittleEndian(source[28..]) == 0;
    }
}
