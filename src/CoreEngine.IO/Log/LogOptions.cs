using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>How a log is laid out and written.</summary>
internal sealed record LogOptions
{
    /// <summary>
    /// Bytes of a segment's file; a multiple of 4 KiB. Taken at format, read from the superblock later.
    /// </summary>
    internal long SegmentBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Number of this log among those of the directory.</summary>
    internal uint Shard { get; init; }

    /// <summary>So many logs the directory holds; kept in the superblock, and does not change.</summary>
    internal uint Shards { get; init; } = 1;

    /// <summary>
    /// Stream bytes of a batch; one record above it still gets a batch of its own, up to
    /// <see cref="Limits.BatchBytesMax"/>.
    /// </summary>
    internal int BatchBytes { get; init; } = 256 * 1024;

    /// <summary>
    /// With a write in flight another one starts only when so many bytes wait (hotpath.md: small writes cut the load
    /// into crumbs).
    /// </summary>
    internal int SubmitBytesMin { get; init; } = 32 * 1024;

    /// <summary>Writes in flight at most.</summary>
    internal int InFlightMax { get; init; } = 4;

    /// <summary>Segments kept zeroed and ready.</summary>
    internal int SparesWanted { get; init; } = 2;

    /// <summary>Bytes that a cursor reads at once; a multiple of 4 KiB.</summary>
    internal int CursorBytes { get; init; } = 256 * 1024;

    /// <summary>Bytes that opening reads at once, with the next ones under way; a multiple of 4 KiB.</summary>
    internal int ScanBytes { get; init; } = 1024 * 1024;

    /// <summary>Where the memory of batches, windows and cursors comes from; null: the system.</summary>
    internal SlabPool? Slabs { get; init; }

    /// <summary>Seed of the segments' salts: random in production, fixed in a simulation.</summary>
    internal ulong Seed { get; init; } = 1;

    /// <summary>Asserts the relations between the values.</summary>
    internal void Verify()
    {
        Invariant.Holds(Shard < Shards);
        Invariant.Holds(SegmentBytes >= LogFormat.SegmentBytesMin);
        Invariant.Holds(SegmentBytes % LogFormat.PageBytes == 0);
        Invariant.Holds(SegmentBytes <= int.MaxValue);
        Invariant.Holds(BatchBytes >= LogFormat.PageBytes);
        Invariant.Holds(BatchBytes <= Limits.BatchBytesMax);
        Invariant.Holds(SubmitBytesMin <= BatchBytes);
        Invariant.Holds(InFlightMax is >= 1 and <= SegmentedLog.InFlightLimit);
        Invariant.Holds(SparesWanted is >= 1 and <= SpareSegments.ReadyMax);
        Invariant.Holds(CursorBytes >= LogFormat.PageBytes);
        Invariant.Holds(CursorBytes % LogFormat.PageBytes == 0);
        Invariant.Holds(ScanBytes >= LogFormat.PageBytes);
        Invariant.Holds(ScanBytes % LogFormat.PageBytes == 0);
    }
}
