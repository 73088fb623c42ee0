using System;
using CoreEngine.Model;

namespace CoreEngine;

/// <summary>Leases of a group: what they cost, and what they trust.</summary>
/// <remarks>
/// A leader answers <see cref="Read.Lease"/> from its own state for so long after it appended an entry that is
/// committed by now. In return a new leader acknowledges nothing until the last entry before its own is surely that
/// old; with a duration near the shortest election timeout most of that time has passed when it is elected. If clocks
/// go wrong by more than the bound, a lease read may be stale; nothing else is at risk.
/// </remarks>
public sealed record LeaseOptions
{
    /// <summary>How long an entry serves. Default 300 ms; from 10 ms to 10 s.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How far the replicas' monotonic clocks may be wrong about such a duration.</summary>
    public ClockBound Clock { get; init; } = ClockBound.Default;
}
