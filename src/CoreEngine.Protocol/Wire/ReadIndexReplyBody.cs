using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Protocol.Wire;

/// <summary>
/// Body of ReadIndexReply: <c>u64 refusalFirst | u64 refusalSecond | u64 contract | u64 configEpoch | u64 index | u64
/// round | u64 voters |
/// u32 refusalCode | u32 proof</c>; sequence and correlation repeat the request's. ReadIndexRequest has no body.
/// </summary>
/// <param name="Refusal">None when the read is confirmed.</param>
/// <param name="Proof">Default when it is refused. Its term is the header's.</param>
internal readonly record struct ReadIndexReplyBody(Refusal Refusal, ReadCertificate Proof)
{
    internal const int Bytes = 64;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, Refusal.First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Refusal.Second);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Proof.Contract);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], Proof.ConfigEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], Proof.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[40..], Proof.Round);
        BinaryPrimitives.WriteUInt64LittleEndian(target[48..], Proof.Voters);
        BinaryPrimitives.WriteUInt32LittleEndian(target[56..], (uint)Refusal.Code);
        BinaryPrimitives.WriteUInt32LittleEndian(target[60..], (uint)Proof.Proof);
    }

    /// <summary>False when the length is wrong or it is neither a proof nor a refusal.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, uint group, ulong term, out ReadIndexReplyBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        uint code = BinaryPrimitives.ReadUInt32LittleEndian(source[56..]);
        uint proof = BinaryPrimitives.ReadUInt32LittleEndian(source[60..]);
        if (code > byte.MaxValue || proof > (uint)ReadProof.QuorumBarrier)
        {
            return false;
        }

        var refusal = new Refusal(
            (RefusalCode)code,
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]));
        if (code != (uint)RefusalCode.None)
        {
            body = new ReadIndexReplyBody(refusal, default);
            return proof == (uint)ReadProof.None;
        }

        body = new ReadIndexReplyBody(refusal, new ReadCertificate(
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            group,
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            term,
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            (ReadProof)proof));
        return body.Proof.IsValid;
    }
}
