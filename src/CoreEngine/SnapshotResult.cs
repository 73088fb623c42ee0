using CoreEngine.Model;

namespace CoreEngine;

/// <summary>What became of a snapshot that was asked for.</summary>
public readonly record struct SnapshotResult
{
    /// <summary>A snapshot is durable.</summary>
    public bool IsTaken => Refusal.Code == RefusalCode.None;

    /// <summary>Last index that it covers.</summary>
    public ulong Index { get; init; }

    /// <summary>The machine's digest there.</summary>
    public ulong StateDigest { get; init; }

    /// <summary>Bytes of its file.</summary>
    public long Bytes { get; init; }

    /// <summary>Why there is none.</summary>
    public Refusal Refusal { get; init; }
}
