using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>What a look at a page, or at a batch of pages, found.</summary>
internal enum PageFinding : byte
{
    /// <summary>Tag, stamps and checksum are right.</summary>
    Sound,

    /// <summary>All zero: no write ever reached it.</summary>
    Unwritten,

    /// <summary>At least one sector was never reached by the write: the write did not complete.</summary>
    Torn,

    /// <summary>Every sector was reached, and the content is wrong.</summary>
    Damaged,

    /// <summary>A sound page of another place or another life of the segment.</summary>
    Misdirected,

    /// <summary>The medium refuses to read it.</summary>
    Unreadable,

    /// <summary>Sound pages that do not make a batch, or a batch that does not follow its predecessor.</summary>
    Inconsistent,
}

/// <summary>
/// The tag of a 4 KiB page: <c>u32 crc of the rest | u32 salt | u64 lsn | 16 B saved sector ends</c>, and the sector
/// stamps.
/// </summary>
/// <remarks>
/// The last two bytes of each sector hold a stamp derived from salt and LSN (the update sequence of NTFS); the true
/// bytes stand in the tag.
/// A sector without any stamp was never written; all stamps and a wrong checksum mean damage. Recovery's verdict hangs
/// on that difference.
/// </remarks>
internal static class Page
{
    private const int SaltOffset = 4;
    private const int LsnOffset = 8;
    private const int EndsOffset = 16;
    private const int StampBytes = 2;

    /// <summary>Makes a page of the stream bytes that stand in it already: stamps, tag, checksum.</summary>
    /// <returns>The page's checksum.</returns>
    internal static uint Seal(Span<byte> page, uint salt, ulong lsn)
    {
        Invariant.Holds(page.Length == LogFormat.PageBytes);
        Invariant.Holds(salt != 0);
        BinaryPrimitives.WriteUInt32LittleEndian(page[SaltOffset..], salt);
        BinaryPrimitives.WriteUInt64LittleEndian(page[LsnOffset..], lsn);
        ushort stamp = StampOf(salt, lsn);
        for (int sector = 0; sector < LogFormat.SectorsPerPage; sector++)
        {
            Span<byte> end = page.Slice(SectorEnd(sector), StampBytes);
            end.CopyTo(page[(EndsOffset + (sector * StampBytes))..]);
            BinaryPrimitives.WriteUInt16LittleEndian(end, stamp);
        }

        uint checksum = Crc32C.Compute(page[SaltOffset..]);
        BinaryPrimitives.WriteUInt32LittleEndian(page, checksum);
        return checksum;
    }

    /// <summary>Judges a page that was read from the place of <paramref name="lsn"/>.</summary>
    internal static PageFinding Check(ReadOnlySpan<byte> page, uint salt, ulong lsn)
    {
        if (page.IsEmpty)
        {
            return PageFinding.Unreadable;
        }

        Invariant.Holds(page.Length == LogFormat.PageBytes);

        // The common case behind a log's end. The checksum of zeroes is not zero, so nothing else is judged otherwise.
        if (BinaryPrimitives.ReadUInt64LittleEndian(page) == 0 && IsZero(page))
        {
            return PageFinding.Unwritten;
        }

        if (Crc32C.Compute(page[SaltOffset..]) == ChecksumOf(page))
        {
            bool isHome = BinaryPrimitives.ReadUInt32LittleEndian(page[SaltOffset..]) == salt
                && BinaryPrimitives.ReadUInt64LittleEndian(page[LsnOffset..]) == lsn;
            return isHome ? PageFinding.Sound : PageFinding.Misdirected;
        }

        int unreached = 0;
        for (int sector = 0; sector < LogFormat.SectorsPerPage; sector++)
        {
            unreached += IsZero(page.Slice(sector * LogFormat.SectorBytes, LogFormat.SectorBytes)) ? 1 : 0;
        }

        return unreached switch
        {
            0 => PageFinding.Damaged,
            LogFormat.SectorsPerPage => PageFinding.Unwritten,
            _ => PageFinding.Torn,
        };
    }

    /// <summary>
    /// Checks a page whose salt is not known yet (a segment's header): the salt is taken from its own tag.
    /// </summary>
    internal static PageFinding CheckHeader(ReadOnlySpan<byte> page, ulong lsn, out uint salt)
    {
        salt = page.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(page[SaltOffset..]);
        return Check(page, salt, lsn);
    }

    /// <summary>Salt and LSN as the tag tells them, unjudged.</summary>
    internal static (uint Salt, ulong Lsn) OriginOf(ReadOnlySpan<byte> page) => (
        BinaryPrimitives.ReadUInt32LittleEndian(page[SaltOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(page[LsnOffset..]));

    /// <summary>The stored checksum.</summary>
    internal static uint ChecksumOf(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt32LittleEndian(page);

    /// <summary>Copies the stream bytes of a sound page and puts the true sector ends back.</summary>
    /// <param name="target">At least <see cref="LogFormat.StreamBytes"/> bytes.</param>
    internal static void CopyStream(ReadOnlySpan<byte> page, Span<byte> target)
    {
        page[LogFormat.TagBytes..].CopyTo(target);
        for (int sector = 0; sector < LogFormat.SectorsPerPage; sector++)
        {
            page.Slice(EndsOffset + (sector * StampBytes), StampBytes)
                .CopyTo(target[(SectorEnd(sector) - LogFormat.TagBytes)..]);
        }
    }

    /// <summary>True when every byte is zero.</summary>
    internal static bool IsZero(ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept((byte)0) < 0;

    private static int SectorEnd(int sector) => ((sector + 1) * LogFormat.SectorBytes) - StampBytes;

    /// <summary>Never zero: zero is what an unreached sector shows.</summary>
    private static ushort StampOf(uint salt, ulong lsn)
    {
        ulong mixed = unchecked((salt ^ (lsn / LogFormat.StreamBytes)) * 0x9E3779B97F4A7C15);
        return (ushort)((mixed >> 48) | 1);
    }
}
