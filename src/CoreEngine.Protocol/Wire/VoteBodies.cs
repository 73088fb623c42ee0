using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>Body of PreVoteRequest and VoteRequest: <c>u64 lastIndex | u64 lastTerm | u64 incarnation | u32
/// isTransfer | u32 zero</c>. The header's sequence is the campaign.</summary>
/// <param name="LastIndex">Last entry of the candidate's log.</param>
/// <param name="LastTerm">Its term.</param>
/// <param name="Incarnation">The candidate's.</param>
/// <param name="IsTransfer">The leader itself told the candidate to campaign.</param>
internal readonly record struct VoteRequestBody(
    ulong LastIndex, ulong LastTerm, ulong Incarnation, bool IsTransfer = false)
{
    internal const int Bytes = 32;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, LastIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], LastTerm);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], IsTransfer ? 1u : 0u);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], 0);
    }

    /// <summary>False when the length is wrong or the fields contradict each other.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out VoteRequestBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        uint isTransfer = BinaryPrimitives.ReadUInt32LittleEndian(source[24..]);
        body = new VoteRequestBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            isTransfer == 1);
        return (body.LastIndex == 0) == (body.LastTerm == 0)
            && isTransfer <= 1
            && BinaryPrimitives.ReadUInt32LittleEndian(source[28..]) == 0;
    }
}

/// <summary>Body of PreVoteReply and VoteReply: <c>u64 incarnation | u32 granted | u32 zero</c>. The header's
/// sequence repeats the request's.</summary>
internal readonly record struct VoteReplyBody(ulong Incarnation, bool Granted)
{
    internal const int Bytes = 16;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, Incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], Granted ? 1u : 0u);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], 0);
    }

    /// <summary>False when the length is wrong or the answer is neither yes nor no.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out VoteReplyBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        uint granted = BinaryPrimitives.ReadUInt32LittleEndian(source[8..]);
        body = new VoteReplyBody(BinaryPrimitives.ReadUInt64LittleEndian(source), granted == 1);
        return granted <= 1 && BinaryPrimitives.ReadUInt32LittleEndian(source[12..]) == 0;
    }
}
