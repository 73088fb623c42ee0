using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>Body of TimeoutNow: <c>u64 lastIndex | u64 incarnation</c>.</summary>
/// <param name="LastIndex">The end of the leader's log: who holds less or more must not campaign by this
/// word.</param>
/// <param name="Incarnation">The receiver's, as the leader knows it.</param>
internal readonly record struct TimeoutNowBody(ulong LastIndex, ulong Incarnation)
{
    internal const int Bytes = 16;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, LastIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Incarnation);
    }

    /// <summary>False when the length is wrong.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out TimeoutNowBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        body = new TimeoutNowBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source), BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
        return body.LastIndex > 0;
    }
}

/// <summary>Body of Transfer: <c>u32 target | u32 code | u64 first | u64 second</c>. The header's correlation names the
/// asker's wish, in the reply too.</summary>
/// <param name="Target">Who is to lead; 0: the fittest.</param>
/// <param name="WithinNs">Request: how long the leader may try.</param>
/// <param name="Refusal">Reply: why it did not happen; default in a request.</param>
internal readonly record struct TransferBody(uint Target, ulong WithinNs, Refusal Refusal)
{
    internal const int Bytes = 24;

    internal bool IsReply => Refusal.Code != RefusalCode.None;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(target, Target);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], (uint)Refusal.Code);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], IsReply ? Refusal.First : WithinNs);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Refusal.Second);
    }

    /// <summary>False when the length is wrong or a value is none of ours.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out TransferBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        uint target = BinaryPrimitives.ReadUInt32LittleEndian(source);
        uint code = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(source[8..]);
        ulong second = BinaryPrimitives.ReadUInt64LittleEndian(source[16..]);
        if (code == 0)
        {
            body = new TransferBody(target, first, default);
            return first is > 0 and <= long.MaxValue && second == 0;
        }

        if (code > byte.MaxValue)
        {
            return false;
        }

        body = new TransferBody(target, 0, new Refusal((RefusalCode)code, first, second));
        return Enum.IsDefined(body.Refusal.Code);
    }
}
