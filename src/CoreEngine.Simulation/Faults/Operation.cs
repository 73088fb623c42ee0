namespace CoreEngine.Simulation.Faults;

/// <summary>What a client does.</summary>
internal enum OperationKind
{
    /// <summary>Proposes a value.</summary>
    Propose,

    /// <summary>Asks for a count of the values taken in.</summary>
    Read,

    /// <summary>One of the clients with a session does what the value says.</summary>
    Session,
}

/// <summary>One operation of the load.</summary>
/// <param name="At">When.</param>
/// <param name="Kind">What.</param>
/// <param name="Replica">Where.</param>
/// <param name="Value">What is proposed, or may be; the level of a read, 0 for a linearizable one.</param>
internal readonly record struct Operation(Instant At, OperationKind Kind, uint Replica, ulong Value);
