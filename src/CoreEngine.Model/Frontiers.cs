namespace CoreEngine.Model;

/// <summary>
/// The boundaries of a Line history (S0 2.5): Appended E, Durable D, Applied A of this replica; Committed C, Trimmed
/// T of the group.
/// </summary>
public enum Frontier : byte
{
    /// <summary>E: last index in this replica's log, durable or not.</summary>
    Appended,

    /// <summary>D: last index that this replica holds on its medium.</summary>
    Durable,

    /// <summary>A: last index that this replica's state machine has taken in.</summary>
    Applied,

    /// <summary>C: last index that this replica knows committed.</summary>
    Committed,

    /// <summary>T: last index whose entry may be gone.</summary>
    Trimmed,
}

/// <summary>A copy of all five boundaries at one instant.</summary>
/// <param name="Appended">E.</param>
/// <param name="Durable">D.</param>
/// <param name="Applied">A.</param>
/// <param name="Committed">C.</param>
/// <param name="Trimmed">T.</param>
public readonly record struct FrontierValues(
    ulong Appended, ulong Durable, ulong Applied, ulong Committed, ulong Trimmed);

/// <summary>Entries stand in the log up to <see cref="Index"/>.</summary>
public readonly record struct AppendTicket(ulong Index);

/// <summary>A durable write has completed; the log is on the medium up to <see cref="Index"/>.</summary>
public readonly record struct SyncCompletion(ulong Index);

/// <summary>The state machine has taken in everything up to <see cref="Index"/>.</summary>
public readonly record struct ApplyResult(ulong Index);

/// <summary>
/// The boundaries, with the lattice asserted on every move: T &lt;= C, D &lt;= E, A &lt;= E, A &lt;= C.
/// </summary>
/// <remarks>
/// C and T never fall. E and D fall only by truncation, never below C.
/// Committed and Trimmed move by a certificate; Appended, Durable, Applied by typed completions, never by a bare
/// number.
/// Not thread-safe: owned by the shard's thread.
/// </remarks>
public sealed class Frontiers
{
    /// <summary>The boundaries now.</summary>
    public FrontierValues Values { get; private set; }

    /// <summary>E. Last index in the log.</summary>
    public ulong Appended => Values.Appended;

    /// <summary>D. Durable &lt;= Appended.</summary>
    public ulong Durable => Values.Durable;

    /// <summary>A. Applied &lt;= Committed.</summary>
    public ulong Applied => Values.Applied;

    /// <summary>C. May lead the local D on a follower.</summary>
    public ulong Committed => Values.Committed;

    /// <summary>T. Trimmed &lt;= Committed.</summary>
    public ulong Trimmed => Values.Trimmed;

    /// <summary>
    /// The proof that C stands on; <c>default</c> while C has not moved. Binds contract and group of later ones.
    /// </summary>
    public Certificates.CommitCertificate Proof { get; private set; }

    /// <summary>Sets E and D to what recovery found on the medium, before the group opens.</summary>
    public void Recover(SyncCompletion recovered)
    {
        Invariant.Holds(Values == default);
        Values = new FrontierValues(recovered.Index, recovered.Index, 0, 0, 0);
        AssertLattice();
    }

    /// <summary>
    /// Sets the boundaries to what recovery found on the medium, with a durable snapshot: C is at least what it holds.
    /// </summary>
    /// <param name="recovered">The log's end; not below the snapshot.</param>
    /// <param name="base">Proves the snapshot, and where the log begins.</param>
    public void Recover(SyncCompletion recovered, in Certificates.TrimCertificate @base)
    {
        Invariant.Holds(@base.IsValid);
        Invariant.Holds(recovered.Index >= @base.SnapshotIndex);
        Recover(recovered);
        Values = Values with { Committed = @base.SnapshotIndex, Trimmed = @base.Index };
        Proof = @base.CommitAtSnapshot;
        AssertLattice();
    }

    /// <summary>T rises to what the certificate lets go. Nothing else moves.</summary>
    /// <param name="proof">Refused when it is <c>default</c>, of another contract or group, or of a snapshot that
    /// this replica does not hold durably.</param>
    public void Trim(in Certificates.TrimCertificate proof)
    {
        Invariant.Holds(proof.IsValid);
        AssertSameHistory(proof.Commit);
        Invariant.Holds(proof.SnapshotIndex <= Values.Durable);
        Invariant.Holds(proof.SnapshotIndex <= Values.Applied);
        Invariant.Holds(proof.Index >= Values.Trimmed);
        Values = Values with { Trimmed = proof.Index };
        AssertLattice();
    }

    /// <summary>A snapshot from elsewhere takes the place of the log: E, D, A, C and T move together.</summary>
    /// <param name="proof">Of a snapshot above C, durable here and given to the machine.</param>
    public void Install(in Certificates.TrimCertificate proof)
    {
        Invariant.Holds(proof.IsValid);
        AssertSameHistory(proof.Commit);
        ulong index = proof.SnapshotIndex;
        Invariant.Holds(proof.Index == index);
        Invariant.Holds(index > Values.Committed);
        Values = new FrontierValues(index, index, index, index, index);
        Proof = proof.CommitAtSnapshot;
        AssertLattice();
    }

    /// <summary>E rises.</summary>
    public void Append(AppendTicket ticket)
    {
        Invariant.Holds(ticket.Index >= Values.Appended);
        Values = Values with { Appended = ticket.Index };
        AssertLattice();
    }

    /// <summary>D rises; a completion that proves less than is known changes nothing.</summary>
    /// <remarks>
    /// The caller drops completions of entries that were truncated since: their index may be in use again.
    /// </remarks>
    public void Persist(SyncCompletion completion)
    {
        Invariant.Holds(completion.Index <= Values.Appended);
        if (completion.Index > Values.Durable)
        {
            Values = Values with { Durable = completion.Index };
        }

        AssertLattice();
    }

    /// <summary>A rises.</summary>
    public void Apply(ApplyResult result)
    {
        Invariant.Holds(result.Index >= Values.Applied);
        Invariant.Holds(result.Index <= Values.Committed);
        Values = Values with { Applied = result.Index };
        AssertLattice();
    }

    /// <summary>C rises to what the certificate proves, as far as this replica holds the entries.</summary>
    /// <param name="proof">Refused when it is <c>default</c>, or of another contract or group than the one
    /// before.</param>
    public void Commit(in Certificates.CommitCertificate proof)
    {
        Invariant.Holds(proof.IsValid);
        AssertSameHistory(proof);
        Invariant.Holds(proof.Index >= Values.Committed);
        Invariant.Holds(proof.Index <= Values.Appended);
        Values = Values with { Committed = proof.Index };
        Proof = proof;
        AssertLattice();
    }

    /// <summary>E and D fall to <paramref name="index"/>: the wet tail above it is void.</summary>
    public void Truncate(ulong index)
    {
        Invariant.Holds(index >= Values.Committed);
        Invariant.Holds(index <= Values.Appended);
        Values = Values with { Appended = index, Durable = ulong.Min(Values.Durable, index) };
        AssertLattice();
    }

    private void AssertSameHistory(in Certificates.CommitCertificate proof)
    {
        if (Proof.IsValid)
        {
            Invariant.Holds(proof.Contract == Proof.Contract);
            Invariant.Holds(proof.Group == Proof.Group);
        }
    }

    private void AssertLattice()
    {
        Invariant.Holds(Values.Trimmed <= Values.Committed);
        Invariant.Holds(Values.Durable <= Values.Appended);
        Invariant.Holds(Values.Applied <= Values.Appended);
        Invariant.Holds(Values.Applied <= Values.Committed);
    }
}
