namespace CoreEngine.Model.Certificates;

/// <summary>
/// Proves that everything up to <see cref="Index"/> is on the trunk: a quorum of voters holds it durably, counted in
/// its leader's own term.
/// </summary>
/// <remarks>
/// Raft's form: not signed, so it convinces members only (its Auth is Unauth, or mac under mutual TLS).
/// <c>default</c> is no certificate: <see cref="IsValid"/> is false and every boundary refuses it.
/// </remarks>
/// <param name="Contract">Fingerprint of the contract under which the quorum was counted.</param>
/// <param name="Group">The group.</param>
/// <param name="ConfigEpoch">Configuration whose voters were counted.</param>
/// <param name="Term">The leader's term at the count.</param>
/// <param name="Index">Last index proven.</param>
/// <param name="Voters">Bit i: the voter at place i of the configuration held the entry durably.</param>
/// <param name="Stamp">Hybrid clock of the last entry proven.</param>
public readonly record struct CommitCertificate(
    ulong Contract, uint Group, ulong ConfigEpoch, ulong Term, ulong Index, ulong Voters, ulong Stamp)
{
    /// <summary>False for <c>default</c>: somebody must have been counted, in a term, under a contract.</summary>
    public bool IsValid => Voters != 0 && Term != 0 && Contract != 0;

    /// <summary>What held the entries when they were counted: always the media of a quorum, whatever a proposal was
    /// acknowledged by before. <c>null</c> for <c>default</c>.</summary>
    public Durability? Level => IsValid ? Durability.QuorumDurable : null;
}
