namespace CoreEngine.Model.Certificates;

/// <summary>How a read came to know how fresh it is.</summary>
public enum ReadProof : byte
{
    /// <summary>No proof of freshness: what this replica happens to hold. Committed all the same.</summary>
    None = 0,

    /// <summary>
    /// A quorum confirmed the leader's authority after the read arrived (ReadIndex; Raft thesis 6.4).
    /// </summary>
    QuorumBarrier = 1,

    /// <summary>An entry of the leader's own term was committed so recently that no successor may have committed
    /// anything yet (LeaseGuard, arXiv 2512.15659). Holds while clocks keep the group's
    /// <see cref="ClockBound"/>.</summary>
    Lease = 2,

    /// <summary>A quorum barrier that began <see cref="ReadCertificate.AgeNs"/> ago: everything committed before then
    /// is reflected.</summary>
    ClosedTimestamp = 3,

    /// <summary>The place that a <see cref="SessionToken"/> names is reflected.</summary>
    SessionToken = 4,

    /// <summary>The state exactly at the index, whatever has come since.</summary>
    History = 5,
}

/// <summary>Proves the frontier that a read reflects.</summary>
/// <remarks>
/// <see cref="ReadProof.QuorumBarrier"/> and <see cref="ReadProof.ClosedTimestamp"/>: the voters confirmed the round.
/// The others: the voters held everything up to the index durably, so that it is committed.
/// </remarks>
/// <param name="Contract">Fingerprint of the contract.</param>
/// <param name="Group">The group.</param>
/// <param name="ConfigEpoch">Configuration whose voters confirmed.</param>
/// <param name="Term">The term in which they did.</param>
/// <param name="Index">The read reflects everything up to here.</param>
/// <param name="Round">The confirmation round; rounds never count backwards within a term. 0 without one.</param>
/// <param name="Voters">Bit i: the voter at place i confirmed.</param>
/// <param name="Proof">How the frontier is known.</param>
/// <param name="AgeNs">Closed timestamp: at most so many nanoseconds of true time lie between the moment at which the
/// state was known to be current and the answer. Else 0.</param>
/// <param name="Stamp">Hybrid clock of the entry at the index: no later entry has this stamp or a lower one. 0 when not
/// known.</param>
public readonly record struct ReadCertificate(
    ulong Contract,
    uint Group,
    ulong ConfigEpoch,
    ulong Term,
    ulong Index,
    ulong Round,
    ulong Voters,
    ReadProof Proof,
    long AgeNs = 0,
    ulong Stamp = 0)
{
    /// <summary>False for <c>default</c>, and for a read without proof.</summary>
    public bool IsValid => Proof != ReadProof.None && Voters != 0 && Term != 0 && Contract != 0;
}
