using System;
using System.Globalization;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Sizes and names of the on-disk format, version 1 (little endian, 8-byte aligned).</summary>
/// <remarks>
/// The log is one stream of bytes, addressed by LSN, cut into pages of <see cref="StreamBytes"/>. Segments hold
/// consecutive pages after
/// two header pages; a batch is a run of whole pages and never spans segments, so an LSN at a batch start is a multiple
/// of StreamBytes.
/// </remarks>
internal static class LogFormat
{
    internal const ushort Version = 1;
    internal const int PageBytes = AlignedSlab.Alignment;
    internal const int SectorBytes = 512;
    internal const int SectorsPerPage = PageBytes / SectorBytes;

    /// <summary>Bytes of a page's tag.</summary>
    internal const int TagBytes = 32;

    /// <summary>Bytes of the stream that a page holds.</summary>
    internal const int StreamBytes = PageBytes - TagBytes;

    /// <summary>Pages before the first batch of a segment: page 0, written twice.</summary>
    internal const int HeaderPages = 2;

    /// <summary>LSN of the very first batch; zero means none.</summary>
    internal const ulong FirstLsn = StreamBytes;

    /// <summary>Number of the first segment.</summary>
    internal const ulong FirstSegment = 1;

    /// <summary>Pages of a batch at most.</summary>
    internal const int BatchPagesMax = Limits.BatchBytesMax / PageBytes;

    /// <summary>Runs that a batch names at most.</summary>
    internal const int RunsMax = 512;

    /// <summary>Smallest segment: every legal batch fits into an empty one.</summary>
    internal const long SegmentBytesMin = 1024 * 1024;

    internal const string SuperblockFile = "superblock";
    internal const string SuperblockTemporary = "superblock.tmp";
    internal const string SegmentTemporary = "segment.tmp";

    /// <summary>Feature bits of this version that a reader must know.</summary>
    internal const uint IncompatibleKnown = 0;

    private const string SegmentPrefix = "seg-";

    /// <summary>Marks the tag of a header page, so that it can never pass for a page of the stream.</summary>
    private const ulong HeaderMark = 1UL << 63;

    /// <summary>The LSN field in the tag of a segment's header pages.</summary>
    internal static ulong HeaderLsn(ulong segment) => HeaderMark | segment;

    /// <summary>Name of a segment's file.</summary>
    internal static string SegmentName(ulong segment) =>
        string.Create(CultureInfo.InvariantCulture, $"{SegmentPrefix}{segment:x16}");

    /// <summary>Reads a segment's number from a file name.</summary>
    internal static bool TryParseSegment(string name, out ulong segment)
    {
        segment = 0;
        return name.Length == SegmentPrefix.Length + 16
            && name.StartsWith(SegmentPrefix, StringComparison.Ordinal)
            && ulong.TryParse(
                name.AsSpan(SegmentPrefix.Length),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out segment);
    }

    /// <summary>Where in its segment's file the page of an LSN stands.</summary>
    internal static long FileOffset(ulong baseLsn, ulong lsn)
    {
        Invariant.Holds(lsn >= baseLsn);
        Invariant.Holds((lsn - baseLsn) % StreamBytes == 0);
        return ((long)((lsn - baseLsn) / StreamBytes) + HeaderPages) * PageBytes;
    }

    /// <summary>Pages that so many stream bytes need.</summary>
    internal static int PagesFor(int streamBytes) => (streamBytes + StreamBytes - 1) / StreamBytes;
}
