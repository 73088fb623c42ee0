using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Protocol.Wire;

/// <summary>
/// Fixed part of AppendEntries: <c>u64 prevIndex | u64 prevTerm | u64 contract | u64 configEpoch | u64 proofTerm |
/// u64 proofIndex |
/// u64 proofVoters | u64 proofStamp | u32 entryCount | u32 zero</c>; the records of the entries follow as they are.
/// The header's sequence is
/// the leader's newest read round.
/// </summary>
/// <param name="PrevIndex">The entry just before the first one carried.</param>
/// <param name="PrevTerm">Its term.</param>
/// <param name="EntryCount">How many records follow.</param>
/// <param name="Proof">The leader's newest commit certificate; its index is zero when it has none.</param>
internal readonly record struct AppendEntriesBody(
    ulong PrevIndex, ulong PrevTerm, int EntryCount, CommitCertificate Proof)
{
    internal const int Bytes = 72;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, PrevIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], PrevTerm);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Proof.Contract);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], Proof.ConfigEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], Proof.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(target[40..], Proof.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[48..], Proof.Voters);
        BinaryPrimitives.WriteUInt64LittleEndian(target[56..], Proof.Stamp);
        BinaryPrimitives.WriteInt32LittleEndian(target[64..], EntryCount);
        BinaryPrimitives.WriteUInt32LittleEndian(target[68..], 0);
    }

    /// <summary>Reads the fixed part and hands out the rest, unread.</summary>
    /// <returns>False when the bytes are short or the fields contradict each other.</returns>
    internal static bool TryRead(
        ReadOnlySpan<byte> source, uint group, out AppendEntriesBody body, out ReadOnlySpan<byte> records)
    {
        body = default;
        records = default;
        if (source.Length < Bytes)
        {
            return false;
        }

        var proof = new CommitCertificate(
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            group,
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[56..]));
        body = new AppendEntriesBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[64..]),
            proof);
        records = source[Bytes..];
        return body.EntryCount >= 0
            && body.EntryCount <= Limits.AppendEntriesMax
            && body.PrevIndex <= long.MaxValue
            && (body.EntryCount == 0) == records.IsEmpty
            && (body.PrevIndex == 0) == (body.PrevTerm == 0)
            && BinaryPrimitives.ReadUInt32LittleEndian(source[68..]) == 0;
    }
}

/// <summary>
/// Body of AppendReply: <c>u64 incarnation | u64 durable | u64 received | u64 rejectedPrev | u64 hintIndex | u64
/// hintTerm | u32 verdict |
/// u32 flushMicros</c>. The header's sequence is the newest read round that the follower has seen of this leader, its
/// correlation the newest formats that the follower speaks (<see cref="FeatureLevels"/>).
/// </summary>
/// <param name="Incarnation">The follower's.</param>
/// <param name="Durable">Up to here the follower holds the leader's log on its medium.</param>
/// <param name="Received">Up to here it holds it at all. Durable &lt;= Received.</param>
/// <param name="Verdict">Whether the message fitted.</param>
/// <param name="RejectedPrev">Rejected: the prevIndex that did not fit.</param>
/// <param name="HintIndex">Rejected: the last entry at or before it whose term is not above the leader's.</param>
/// <param name="HintTerm">Rejected: the term of that entry.</param>
/// <param name="FlushMicros">How long the follower's writes take to become durable, typically; 0: not known.</param>
internal readonly record struct AppendReplyBody(
    ulong Incarnation,
    ulong Durable,
    ulong Received,
    AppendVerdict Verdict,
    ulong RejectedPrev,
    ulong HintIndex,
    ulong HintTerm,
    uint FlushMicros = 0)
{
    internal const int Bytes = 56;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, Incarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Durable);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Received);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], RejectedPrev);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], HintIndex);
        BinaryPrimitives.WriteUInt64LittleEndian(target[40..], HintTerm);
        BinaryPrimitives.WriteUInt32LittleEndian(target[48..], (uint)Verdict);
        BinaryPrimitives.WriteUInt32LittleEndian(target[52..], FlushMicros);
    }

    /// <summary>False when the length is wrong or the fields contradict each other.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out AppendReplyBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        uint verdict = BinaryPrimitives.ReadUInt32LittleEndian(source[48..]);
        if (verdict > (uint)AppendVerdict.OldTerm)
        {
            return false;
        }

        body = new AppendReplyBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            (AppendVerdict)verdict,
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[52..]));
        return body.Durable <= body.Received && body.HintIndex <= body.RejectedPrev;
    }
}

/// <summary>How a follower judged an AppendEntries message.</summary>
internal enum AppendVerdict : byte
{
    /// <summary>The previous entry was there; Durable and Received are claims.</summary>
    Fits = 0,

    /// <summary>The previous entry was not there; the hint says where to try next.</summary>
    Rejected = 1,

    /// <summary>The leader's term is over; the header's term is the newer one.</summary>
    OldTerm = 2,
}
