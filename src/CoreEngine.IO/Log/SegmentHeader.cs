using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Names a replica's directory, written once by format.</summary>
/// <param name="Cluster">The cluster that the replica belongs to.</param>
/// <param name="Replica">The replica's number in the cluster.</param>
/// <param name="Incarnation">Random at format: a wiped and formatted directory is another incarnation.</param>
internal readonly record struct LogIdentity(ClusterId Cluster, uint Replica, ulong Incarnation);

/// <summary>Page 0 of a segment, written twice: which segment this is and where its predecessor ends.</summary>
/// <remarks>
/// It is written only when the predecessor is wholly durable; what lies behind <see cref="PreviousEnd"/> there is void
/// from then on.
/// </remarks>
/// <param name="Identity">Whose segment.</param>
/// <param name="Shard">Number of the shard's log in the directory.</param>
/// <param name="Sequence">Number of the segment; rises by one.</param>
/// <param name="BaseLsn">LSN of the first batch's page; equals <see cref="PreviousEnd"/>.</param>
/// <param name="PreviousEnd">LSN behind the last valid batch of the predecessor.</param>
/// <param name="PreviousBatch">LSN of that batch; zero for none.</param>
/// <param name="PreviousChecksum">Its checksum.</param>
/// <param name="SegmentBytes">Bytes of the segment's file.</param>
internal readonly record struct SegmentHeader(
    LogIdentity Identity,
    uint Shard,
    ulong Sequence,
    ulong BaseLsn,
    ulong PreviousEnd,
    ulong PreviousBatch,
    uint PreviousChecksum,
    long SegmentBytes)
{
    private const ulong Magic = 0x31_54_4D_47_45_53_45_43;

    /// <summary>Fills and seals both header pages.</summary>
    /// <param name="pages">Two pages.</param>
    internal void Write(Span<byte> pages, uint salt)
    {
        Invariant.Holds(pages.Length == LogFormat.HeaderPages * LogFormat.PageBytes);
        Invariant.Holds(BaseLsn == PreviousEnd);
        pages.Clear();
        Span<byte> body = pages[LogFormat.TagBytes..];
        new FilePrefix(Magic, Shard, Identity).Write(body);
        BinaryPrimitives.WriteUInt32LittleEndian(body[FilePrefix.Bytes..], PreviousChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(body[64..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(body[72..], BaseLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(body[80..], PreviousEnd);
        BinaryPrimitives.WriteUInt64LittleEndian(body[88..], PreviousBatch);
        BinaryPrimitives.WriteInt64LittleEndian(body[96..], SegmentBytes);
        pages[..LogFormat.PageBytes].CopyTo(pages[LogFormat.PageBytes..]);
        _ = Page.Seal(pages[..LogFormat.PageBytes], salt, LogFormat.HeaderLsn(Sequence));
        _ = Page.Seal(pages[LogFormat.PageBytes..], salt, LogFormat.HeaderLsn(Sequence));
    }

    /// <summary>Reads one sound header page.</summary>
    /// <returns>
    /// False when it is no segment header or of a version that this code must not read: see <paramref name="reason"/>.
    /// </returns>
    internal static bool TryRead(ReadOnlySpan<byte> page, out SegmentHeader header, out string reason)
    {
        Span<byte> body = stackalloc byte[104];
        page.Slice(LogFormat.TagBytes, body.Length).CopyTo(body);
        FilePrefix prefix = FilePrefix.Read(body, out reason);
        header = new SegmentHeader(
            prefix.Identity,
            prefix.Shard,
            BinaryPrimitives.ReadUInt64LittleEndian(body[64..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[72..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[80..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[88..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[FilePrefix.Bytes..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[96..]));
        reason = prefix.Magic != Magic ? "it is not a segment of this log" : reason;
        return reason.Length == 0;
    }
}
