namespace CoreEngine.Simulation.Checkers;

/// <summary>What a check came to, for every property but linearizability.</summary>
public enum Judgement
{
    /// <summary>The history has the property.</summary>
    Holds,

    /// <summary>The history surely does not have it.</summary>
    Violated,

    /// <summary>A bound was reached, or the input is not what the check is made for: neither yes nor no.</summary>
    Undecided,
}
