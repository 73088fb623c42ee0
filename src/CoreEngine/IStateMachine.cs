namespace CoreEngine;

/// <summary>The host's deterministic machine behind a Line history.</summary>
/// <remarks>
/// The same entries in the same order must give the same state on every replica: no clock, no chance, no outside
/// input. The only time
/// that a machine may use is <see cref="CommittedEntry.Stamp"/>. The engine calls a machine from one thread at a time.
/// An exception stops the group and names the index.
/// </remarks>
public interface IStateMachine
{
    /// <summary>
    /// True when <see cref="Apply"/> and queries are quick and never block: they then run on the shard's own thread.
    /// </summary>
    bool InlineSafe { get; }

    /// <summary>A digest of the state, equal on all replicas at equal index. Cheap: kept, not computed.</summary>
    ulong StateDigest { get; }

    /// <summary>Takes in a batch of committed entries, in order, each exactly once per life of the machine.</summary>
    /// <param name="batch">Valid during the call only.</param>
    /// <param name="replies">Takes the reply of each entry; an entry without one gets an empty reply.</param>
    void Apply(in CommittedBatch batch, ref ReplyWriter replies);
}
