namespace CoreEngine.Model.Guarantees;

/// <summary>How much of the state a promise speaks of, from narrow to wide. The meet is the narrower.</summary>
/// <remarks>
/// Region and federation are placement and stand beside the vector; a service is one group, so a Range.
/// </remarks>
public enum Scope : byte
{
    /// <summary>One object.</summary>
    Object = 0,

    /// <summary>All objects of one group.</summary>
    Range = 1,

    /// <summary>Everything that one transaction touches, across groups.</summary>
    Transaction = 2,

    /// <summary>All groups.</summary>
    Global = 3,
}
