using System.Collections.Generic;

namespace CoreEngine.IO.Log;

/// <summary>How opening or formatting a log ended.</summary>
internal enum LogOpenStatus : byte
{
    /// <summary>The log is open.</summary>
    Opened,

    /// <summary>Format made the directory ready.</summary>
    Formatted,

    /// <summary>Format refuses: the directory holds a log.</summary>
    AlreadyFormatted,

    /// <summary>No superblock: never formatted, or wiped.</summary>
    Unformatted,

    /// <summary>The directory is another cluster's.</summary>
    ForeignCluster,

    /// <summary>The directory is another replica's or another shard's.</summary>
    OtherReplica,

    /// <summary>Another version or geometry: reading it could misread it.</summary>
    NewerFormat,

    /// <summary>Bytes that were or may have been acknowledged are damaged.</summary>
    Damaged,

    /// <summary>The system refused an operation.</summary>
    IoFailed,
}

/// <summary>The result of opening a log: the log, or why not and what to do.</summary>
/// <param name="Status">What happened.</param>
/// <param name="Message">Cause and remedy in words.</param>
internal sealed record LogOpenResult(LogOpenStatus Status, string Message)
{
    /// <summary>The open log; null unless the status is Opened.</summary>
    internal SegmentedLog? Log { get; init; }

    /// <summary>Whose directory it is, as far as the superblock could be read.</summary>
    internal LogIdentity Identity { get; init; }

    internal RecoveryReport Report { get; init; } = new();

    /// <summary>Each damaged place with what is lost there.</summary>
    internal IReadOnlyList<LogDamage> Damages { get; init; } = [];
}
