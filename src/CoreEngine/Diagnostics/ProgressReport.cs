using System;

namespace CoreEngine;

/// <summary>What must hold for a group to make progress (framework, 6.1): the first of them that does not.</summary>
public enum ProgressCondition : byte
{
    /// <summary>All hold.</summary>
    None = 0,

    /// <summary>Stable authority: some replica leads.</summary>
    Authority = 1,

    /// <summary>A reachable quorum: enough voters are heard.</summary>
    Quorum = 2,

    /// <summary>The medium completes writes.</summary>
    Medium = 3,

    /// <summary>The host's machine takes in what is committed.</summary>
    Apply = 4,

    /// <summary>Room: proposals find credit, and the log a place on the medium.</summary>
    Room = 5,
}

/// <summary>Why a group makes no progress at this replica, as far as this replica can know.</summary>
/// <param name="Failing">The condition that fails; None when nothing does.</param>
/// <param name="For">How long it has failed.</param>
/// <param name="Statement">What is seen and what to do, for people; empty when nothing fails.</param>
public readonly record struct ProgressReport(ProgressCondition Failing, TimeSpan For, string Statement)
{
    /// <summary>Condition, time and statement.</summary>
    public override string ToString() => Failing == ProgressCondition.None
        ? "progress"
        : $"{Failing} fails for {(long)For.TotalMilliseconds} ms: {Statement}";
}
