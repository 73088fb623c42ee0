using System;

namespace CoreEngine.Snapshots;

/// <summary>State of a group outside the host's machine that a snapshot carries, such as client sessions.</summary>
internal interface ISnapshotSection
{
    /// <summary>The state as of the last applied entry. Shard's thread, between two batches.</summary>
    ReadOnlyMemory<byte> Capture();

    /// <summary>Replaces the state.</summary>
    /// <returns>False when the bytes make no sense: the group stops.</returns>
    bool TryRestore(ReadOnlySpan<byte> section);
}
