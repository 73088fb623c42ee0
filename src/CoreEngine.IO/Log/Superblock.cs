using System;
using System.Buffers.Binary;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>
/// The small file beside the segments: who the directory belongs to and which segments live. Four copies, one page
/// each.
/// </summary>
/// <remarks>
/// Two equal copies make it valid (2 of 4). An update writes copies 0 and 1, waits until they are durable, then 2 and
/// 3: at any moment
/// two whole copies of one version stand on the medium.
/// </remarks>
/// <param name="Version">Rises by one with each update.</param>
/// <param name="Identity">Whose directory.</param>
/// <param name="Shard">Number of the shard's log in the directory.</param>
/// <param name="Shards">So many shards the directory was formatted for.</param>
/// <param name="SegmentBytes">Bytes of each segment's file.</param>
/// <param name="OldestSegment">Segments below are gone on purpose.</param>
/// <param name="NewestSegment">A segment at least this new has existed; rises some time after a roll.</param>
/// <param name="DurableLsn">Everything below was durable at the update.</param>
internal readonly record struct Superblock(
    ulong Version,
    LogIdentity Identity,
    uint Shard,
    uint Shards,
    long SegmentBytes,
    ulong OldestSegment,
    ulong NewestSegment,
    ulong DurableLsn)
{
    internal const int Copies = 4;
    internal const int CopiesNeeded = 2;
    internal const int FileBytes = Copies * LogFormat.PageBytes;

    private const ulong Magic = 0x31_52_45_50_55_53_45_43;
    private const uint Salt = 0x53504552;
    private const ulong CopyMark = 1UL << 62;

    /// <summary>Fills and seals all four pages.</summary>
    internal void Write(Span<byte> file)
    {
        Invariant.Holds(file.Length == FileBytes);
        file.Clear();
        for (int copy = 0; copy < Copies; copy++)
        {
            Span<byte> page = file.Slice(copy * LogFormat.PageBytes, LogFormat.PageBytes);
            Span<byte> body = page[LogFormat.TagBytes..];
            new FilePrefix(Magic, Shard, Identity).Write(body);
            BinaryPrimitives.WriteUInt32LittleEndian(body[FilePrefix.Bytes..], Shards);
            BinaryPrimitives.WriteUInt64LittleEndian(body[64..], Version);
            BinaryPrimitives.WriteInt64LittleEndian(body[72..], SegmentBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(body[80..], OldestSegment);
            BinaryPrimitives.WriteUInt64LittleEndian(body[88..], NewestSegment);
            BinaryPrimitives.WriteUInt64LittleEndian(body[96..], DurableLsn);
            _ = Page.Seal(page, Salt, CopyMark + (ulong)copy);
        }
    }

    /// <summary>Judges one copy.</summary>
    /// <param name="reason">Set when the copy is sound and yet of a version that this code must not read.</param>
    internal static PageFinding ReadCopy(
        ReadOnlySpan<byte> page, int copy, out Superblock superblock, out string reason)
    {
        superblock = default;
        reason = string.Empty;
        PageFinding finding = Page.Check(page, Salt, CopyMark + (ulong)copy);
        if (finding != PageFinding.Sound)
        {
            return finding;
        }

        ReadOnlySpan<byte> body = page[LogFormat.TagBytes..];
        FilePrefix prefix = FilePrefix.Read(body, out string refused);
        if (prefix.Magic != Magic)
        {
            return PageFinding.Inconsistent;
        }

        reason = refused;
        superblock = new Superblock(
            BinaryPrimitives.ReadUInt64LittleEndian(body[64..]),
            prefix.Identity,
            prefix.Shard,
            BinaryPrimitives.ReadUInt32LittleEndian(body[FilePrefix.Bytes..]),
            BinaryPrimitives.ReadInt64LittleEndian(body[72..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[80..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[88..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[96..]));
        return PageFinding.Sound;
    }

    /// <summary>Takes the newest version of which two copies agree.</summary>
    /// <param name="agreeing">Bit per copy of that version.</param>
    /// <param name="reason">Set when the version must not be read by this code.</param>
    /// <returns>False when no two copies agree.</returns>
    internal static bool TryChoose(
        ReadOnlySpan<byte> file, out Superblock chosen, out uint agreeing, out string reason)
    {
        Invariant.Holds(file.Length == FileBytes);
        chosen = default;
        agreeing = 0;
        reason = string.Empty;
        for (int copy = 0; copy < Copies; copy++)
        {
            if (ReadAt(file, copy, out Superblock candidate, out string candidateReason) != PageFinding.Sound
                || (agreeing != 0 && candidate.Version <= chosen.Version))
            {
                continue;
            }

            uint same = 0;
            for (int other = 0; other < Copies; other++)
            {
                if (ReadAt(file, other, out Superblock also, out _) == PageFinding.Sound && also == candidate)
                {
                    same |= 1u << other;
                }
            }

            if (BitOperations.PopCount(same) >= CopiesNeeded)
            {
                chosen = candidate;
                agreeing = same;
                reason = candidateReason;
            }
        }

        return agreeing != 0;
    }

    private static PageFinding ReadAt(
        ReadOnlySpan<byte> file, int copy, out Superblock superblock, out string reason) =>
        ReadCopy(file.Slice(copy * LogFormat.PageBytes, LogFormat.PageBytes), copy, out superblock, out reason);
}
