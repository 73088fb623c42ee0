using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Checkers;

/// <summary>What a check came to.</summary>
public enum Verdict
{
    /// <summary>Every key has an order of its operations that respects real time and explains every reply.</summary>
    Linearizable,

    /// <summary>At least one key surely has no such order.</summary>
    Violation,

    /// <summary>The checker reached a bound, or the events are no history: neither yes nor no.</summary>
    Undecided,
}

/// <summary>What bounds one check. All are counts, so that a verdict is the same on every machine.</summary>
public sealed record CheckerLimits
{
    /// <summary>Steps of the search, per key where keys are searched alone.</summary>
    public long StepsMax { get; init; } = 50_000_000;

    /// <summary>Bytes of remembered configurations, per key; the memory is reused from key to key.</summary>
    public long MemoryBytesMax { get; init; } = 256L * 1024 * 1024;

    /// <summary>Characters of all values that a key's appends may build, per key.</summary>
    public long ValueCharsMax { get; init; } = 64L * 1024 * 1024;

    /// <summary>Edges of a dependency graph.</summary>
    public int EdgesMax { get; init; } = 10_000_000;
}

/// <summary>The outcome of a check, with its reasons.</summary>
public sealed record LinearizabilityVerdict
{
    /// <summary>The outcome.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Why, in sentences; names the operations of a violation.</summary>
    public required string Explanation { get; init; }

    /// <summary>The key of the violation or of the search that was given up; else null.</summary>
    public string? Key { get; init; }

    /// <summary>Length in events of the smallest prefix of the history that is not linearizable; else 0.</summary>
    public int PrefixEvents { get; init; }

    /// <summary>The operations around the place where every order fails, the one that cannot be placed first.</summary>
    public IReadOnlyList<HistoryOperation> Involved { get; init; } = Array.Empty<HistoryOperation>();

    /// <summary>Operations checked, failed ones left out.</summary>
    public int Operations { get; init; }

    /// <summary>Operations of unknown outcome among them.</summary>
    public int Unknowns { get; init; }

    /// <summary>Keys checked.</summary>
    public int Keys { get; init; }

    /// <summary>Steps of the search over all keys.</summary>
    public long Steps { get; init; }
}
