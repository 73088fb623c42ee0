namespace CoreEngine.Model.Certificates;

/// <summary>
/// Proves that <see cref="Leader"/> may append in <see cref="Term"/>: a quorum granted its votes durably.
/// </summary>
/// <remarks>Not signed (see <see cref="CommitCertificate"/>); <c>default</c> is no certificate.</remarks>
/// <param name="Contract">Fingerprint of the contract.</param>
/// <param name="Group">The group.</param>
/// <param name="ConfigEpoch">Configuration whose voters were asked.</param>
/// <param name="Term">The term won.</param>
/// <param name="Leader">The replica that won it.</param>
/// <param name="Voters">Bit i: the voter at place i granted its vote.</param>
public readonly record struct AuthorityCertificate(
    ulong Contract, uint Group, ulong ConfigEpoch, ulong Term, uint Leader, ulong Voters)
{
    /// <summary>False for <c>default</c>.</summary>
    public bool IsValid => Voters != 0 && Term != 0 && Contract != 0;
}
