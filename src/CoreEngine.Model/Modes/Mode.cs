namespace CoreEngine.Model.Modes;

/// <summary>
/// How much a domain may promise at the moment, ordered by allowed operations. Evidence moves it, never a bare timer.
/// </summary>
public enum Mode : byte
{
    /// <summary>No evidence yet: safety only.</summary>
    Floor = 0,

    /// <summary>Rebuilding authority: no writes are decided, elections run.</summary>
    Recovery = 1,

    /// <summary>Authority holds, but its evidence is thin: slow, still correct.</summary>
    Degraded = 2,

    /// <summary>All evidence fresh: everything that the contract promises.</summary>
    Target = 3,
}
