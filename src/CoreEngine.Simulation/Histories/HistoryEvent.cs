namespace CoreEngine.Simulation.Histories;

/// <summary>What an event says about its operation (Jepsen's words).</summary>
public enum HistoryEventType : byte
{
    /// <summary>The client is about to send the operation.</summary>
    Invoke,

    /// <summary>The operation surely took effect, between its invocation and this event.</summary>
    Ok,

    /// <summary>The operation surely did not and will not take effect.</summary>
    Fail,

    /// <summary>Nobody knows: it may take effect at any later time, or never. Its process is retired.</summary>
    Info,
}

/// <summary>What an operation does to its key.</summary>
public enum HistoryFunction : byte
{
    /// <summary>Returns the value; null when the key is absent.</summary>
    Read,

    /// <summary>Sets the value.</summary>
    Write,

    /// <summary>
    /// Sets the value if it equals the expected one; a mismatch is recorded as <see cref="HistoryEventType.Fail"/>.
    /// </summary>
    Cas,

    /// <summary>Appends to the value; an absent key counts as the empty string.</summary>
    Append,

    /// <summary>Makes the key absent.</summary>
    Delete,
}

/// <summary>One line of a history file.</summary>
/// <param name="Index">Place in its history, from 0.</param>
/// <param name="Time">CLOCK_MONOTONIC in nanoseconds, common to all processes of one machine and one boot.</param>
/// <param name="Process">The client's logical process: one operation at a time, never used again after an info.</param>
/// <param name="Type">What the event says.</param>
/// <param name="Function">What the operation does.</param>
/// <param name="Key">The key.</param>
/// <param name="Value">Read: the result, on ok only. Write and append: the argument. Cas: the new value. Delete:
/// null.</param>
/// <param name="Expected">Cas: the value that must be there; null for an absent key. Else null.</param>
public readonly record struct HistoryEvent(
    long Index,
    long Time,
    int Process,
    HistoryEventType Type,
    HistoryFunction Function,
    string Key,
    string? Value,
    string? Expected = null);
