using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>What a peer says of entries that it was asked for.</summary>
internal enum RepairVerdict : byte
{
    /// <summary>Not asked for any, or no answer yet.</summary>
    None = 0,

    /// <summary>They follow, from the first on.</summary>
    Have = 1,

    /// <summary>It claims them too and cannot read them either.</summary>
    Damaged = 2,

    /// <summary>Its log never held them, or holds others there.</summary>
    NeverHad = 3,

    /// <summary>They were trimmed: only a snapshot brings them back.</summary>
    Trimmed = 4,

    /// <summary>Another request is being served.</summary>
    Busy = 5,
}

/// <summary>
/// Body of RepairRequest: <c>u64 first | u64 last | u64 term | u32 bytesMax | u32 zero</c>. The header's sequence is
/// the round.
/// </summary>
/// <param name="First">First entry wanted; 0 when only the standing is asked for.</param>
/// <param name="Last">Last entry wanted; where the sender's log ends when only the standing is asked for.</param>
/// <param name="Term">Term of the last that is wanted: who holds it holds the same before it (log matching).</param>
/// <param name="BytesMax">Bytes of records that may come back.</param>
internal readonly record struct RepairRequestBody(ulong First, ulong Last, ulong Term, int BytesMax)
{
    internal const int Bytes = 32;

    internal void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Last);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Term);
        BinaryPrimitives.WriteInt32LittleEndian(target[24..], BytesMax);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], 0);
    }

    /// <summary>False when the length is wrong or the fields contradict each other.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out RepairRequestBody body)
    {
        body = default;
        if (source.Length != Bytes || BinaryPrimitives.ReadUInt32LittleEndian(source[28..]) != 0)
        {
            return false;
        }

        body = new RepairRequestBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[24..]));
        return body.First <= body.Last
            && body.Last <= long.MaxValue
            && (body.First == 0) == (body.Term == 0)
            && body.BytesMax is >= 0 and <= Limits.AppendBytesMax;
    }
}

/// <summary>
/// Body of RepairReply: <c>u64 first | u64 lastIndex | u32 verdict | u32 count | u32 standing | u32 zero | u64
/// configEpoch</c>, then the records. The header's sequence repeats the request's, its term is the sender's own.
/// </summary>
/// <param name="First">First entry that was asked for.</param>
/// <param name="LastIndex">Where the sender's log ends.</param>
/// <param name="Verdict">What became of the request.</param>
/// <param name="Count">Records that follow.</param>
/// <param name="Standing">What the sender may vouch for.</param>
/// <param name="ConfigEpoch">The configuration that the sender goes by.</param>
internal readonly record struct RepairReplyBody(
    ulong First, ulong LastIndex, RepairVerdict Verdict, int Count, RepairStanding Standing, ulong ConfigEpoch)
{
    internal const int Bytes = 40;

    internal void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], LastIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(target[16..], (uint)Verdict);
        BinaryPrimitives.WriteInt32LittleEndian(target[20..], Count);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], (uint)Standing);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], ConfigEpoch);
    }

    /// <summary>Reads the fixed part and hands out the rest, unread.</summary>
    /// <returns>False when the bytes are short or the fields contradict each other.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> source, out RepairReplyBody body, out ReadOnlySpan<byte> records)
    {
        body = default;
        records = default;
        if (source.Length < Bytes)
        {
            return false;
        }

        uint verdict = BinaryPrimitives.ReadUInt32LittleEndian(source[16..]);
        uint standing = BinaryPrimitives.ReadUInt32LittleEndian(source[24..]);
        body = new RepairReplyBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            (RepairVerdict)verdict,
            BinaryPrimitives.ReadInt32LittleEndian(source[20..]),
            (RepairStanding)standing,
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]));
        records = source[Bytes..];
        return verdict <= (uint)RepairVerdict.Busy
            && standing <= (uint)(RepairStanding.Leads | RepairStanding.KnowsItsTerm)
            && body.Count >= 0
            && (body.Count > 0) == (body.Verdict == RepairVerdict.Have)
            && (body.Count == 0) == records.IsEmpty
            && BinaryPrimitives.ReadUInt32LittleEndian(source[28..]) == 0;
    }
}

/// <summary>What a replica may vouch for.</summary>
[Flags]
internal enum RepairStanding : uint
{
    None = 0,

    /// <summary>It leads the header's term: its log holds everything that is committed.</summary>
    Leads = 1,

    /// <summary>The header's term is the greatest in which it has voted.</summary>
    KnowsItsTerm = 2,
}
