namespace CoreEngine.Model.Certificates;

/// <summary>
/// Proves that the log may be given up to <see cref="Index"/>: everything up to <see cref="SnapshotIndex"/> is
/// committed and stands in a durable snapshot of this replica (S0 3.2, 4.4).
/// </summary>
/// <remarks>
/// <see cref="Needed"/> is what the slowest member has certified to hold. T may pass it, when policy bounds how long a
/// dead member pins the log: that member then needs the snapshot (raft.md S42). <c>default</c> is no certificate.
/// </remarks>
/// <param name="Index">The new T. At most <see cref="SnapshotIndex"/>.</param>
/// <param name="SnapshotIndex">Last index that the snapshot covers.</param>
/// <param name="SnapshotTerm">Leader epoch of that entry.</param>
/// <param name="SnapshotDigest">Digest of the machine's state there.</param>
/// <param name="Needed">Entries above it were certified by every member to be held; 0 when that is not known.</param>
/// <param name="Commit">Proves that the snapshot holds committed entries only; covers
/// <see cref="SnapshotIndex"/>.</param>
public readonly record struct TrimCertificate(
    ulong Index,
    ulong SnapshotIndex,
    ulong SnapshotTerm,
    ulong SnapshotDigest,
    ulong Needed,
    CommitCertificate Commit)
{
    /// <summary>False for <c>default</c>, and when the parts do not prove each other.</summary>
    public bool IsValid => Commit.IsValid
        && Index != 0
        && Index <= SnapshotIndex
        && SnapshotIndex <= Commit.Index
        && SnapshotTerm != 0
        && SnapshotTerm <= Commit.Term;

    /// <summary>The commit proof, cut down to what the snapshot holds.</summary>
    public CommitCertificate CommitAtSnapshot => Commit with { Index = SnapshotIndex };
}
