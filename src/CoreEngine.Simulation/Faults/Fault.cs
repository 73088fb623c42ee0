namespace CoreEngine.Simulation.Faults;

/// <summary>One thing done to a world, with everything that chance decided about it.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Replica">To whom.</param>
/// <param name="DurationNs">After which virtual time it is undone; 0 at the next step.</param>
internal readonly record struct Fault(Instant At, FaultKind Kind, uint Replica, long DurationNs)
{
    /// <summary>The other end of a link; 0 for kinds that concern one replica.</summary>
    internal uint Other { get; init; }

    /// <summary>A number whose meaning the kind tells.</summary>
    internal long Amount { get; init; }

    /// <summary>The rare place at which it struck; null for a fault of plain chance.</summary>
    internal BuggifySite? Site { get; init; }
}
