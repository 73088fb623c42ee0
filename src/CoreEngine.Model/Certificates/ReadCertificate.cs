namespace CoreEngine.Model.Certificates;

/// <summary>How a read came to know how fresh it is.</summary>
public enum ReadProof : byte
{
    /// <summary>No proof: what this replica happens to hold.</summary>
    None = 0,

    /// <summary>
    /// A quorum confirmed the leader's authority after the read arrived (ReadIndex; Raft thesis 6.4).
    /// </summary>
    QuorumBarrier = 1,
}

/// <summary>Proves the frontier that a read reflects.</summary>
/// <param name="Contract">Fingerprint of the contract.</param>
/// <param name="Group">The group.</param>
/// <param name="ConfigEpoch">Configuration whose voters confirmed.</param>
/// <param name="Term">The leader's term.</param>
/// <param name="Index">The read reflects everything up to here.</param>
/// <param name="Round">The confirmation round; rounds never count backwards within a term.</param>
/// <param name="Voters">Bit i: the voter at place i confirmed in that round.</param>
/// <param name="Proof">How the frontier is known.</param>
public readonly record struct ReadCertificate(
    ulong Contract, uint Group, ulong ConfigEpoch, ulong Term, ulong Index, ulong Round, ulong Voters, ReadProof Proof)
{
    /// <summary>False for <c>default</c>.</summary>
    public bool IsValid => Proof != ReadProof.None && Voters != 0 && Term != 0 && Contract != 0;
}
