using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>Formatting and opening. Blocking: they drive the ring themselves, before anybody else uses it.</summary>
internal sealed partial class SegmentedLog
{
    /// <summary>
    /// Makes a directory a replica's own: superblock and first segment, durable when the call returns.
    /// </summary>
    /// <returns>Formatted, AlreadyFormatted or IoFailed.</returns>
    internal static LogOpenResult Format(IIoRing ring, in LogIdentity identity, LogOptions options) =>
        new LogFormatter(ring, options).Format(in identity);

    /// <summary>
    /// Opens the log of a directory: makes what is there durable, walks it, shows every sound record, finds its end.
    /// </summary>
    /// <param name="replica">Whose directory it must be.</param>
    /// <param name="cluster">Which cluster's it must be; null: any.</param>
    /// <param name="visitor">
    /// Is shown the records in order, and what is damaged at its place.
    /// </param>
    internal static LogOpenResult Open(
        IIoRing ring, LogOptions options, uint replica, ClusterId? cluster, ILogVisitor visitor)
    {
        using var opener = new LogOpener(ring, options, visitor);
        LogOpenResult result = opener.Open(replica, cluster);
        return opener.State is { } state
            ? result with { Log = new SegmentedLog(ring, options, state, opener.SuperblockWriter!, opener.Spares!) }
            : result;
    }

    /// <summary>What recovery hands to the open log.</summary>
    internal sealed record OpenState(
        Superblock Superblock,
        SegmentTable Segments,
        LogIndex Index,
        CarriedRecords Carried,
        Prng Salts,
        int File,
        ulong EndLsn,
        ulong PreviousLsn,
        uint PreviousChecksum,
        RunList PreviousRuns,
        IReadOnlyList<LogDamage> Damages);
}
