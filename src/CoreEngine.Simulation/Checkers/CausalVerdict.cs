using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Checkers;

/// <summary>What no causally consistent history of unique writes contains (Bouajjani et al. 2017, table 2).</summary>
public enum CausalPattern
{
    /// <summary>No bad pattern.</summary>
    None,

    /// <summary>A read returns a value that nobody wrote.</summary>
    ThinAirRead,

    /// <summary>The causal order, program order with reads-from, goes in a circle.</summary>
    CyclicCO,

    /// <summary>A read returns the initial value although a write of its key is in its causal past.</summary>
    WriteCOInitRead,

    /// <summary>A read returns a write that another write of its causal past has overwritten.</summary>
    WriteCORead,
}

/// <summary>The outcome of a check of causal consistency.</summary>
public sealed record CausalVerdict
{
    /// <summary>The outcome.</summary>
    public required Judgement Judgement { get; init; }

    /// <summary>Why, in sentences; names the operations of a violation.</summary>
    public required string Explanation { get; init; }

    /// <summary>The bad pattern of a violation.</summary>
    public CausalPattern Pattern { get; init; }

    /// <summary>
    /// Of a violation: the circle in its order; or the writes, the overwritten one first, and the read.
    /// </summary>
    public IReadOnlyList<HistoryOperation> Involved { get; init; } = Array.Empty<HistoryOperation>();
}
