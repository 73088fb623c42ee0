namespace CoreEngine.Model.Guarantees;

/// <summary>What of other operations an operation may see, from weak to strong. The meet is the weaker.</summary>
/// <remarks>Serializable snapshot isolation is a way to reach Serializable, not a place of its own.</remarks>
public enum Visibility : byte
{
    /// <summary>Parts of other operations.</summary>
    Fractured = 0,

    /// <summary>RC: only what was committed.</summary>
    ReadCommitted = 1,

    /// <summary>RA: of another operation all or nothing.</summary>
    ReadAtomic = 2,

    /// <summary>SI: the state at one instant; write skew is possible.</summary>
    Snapshot = 3,

    /// <summary>SER: as if operations ran one after the other.</summary>
    Serializable = 4,
}
