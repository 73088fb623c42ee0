using System;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

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

    /// <summary>
    /// Takes a view of the state as it is now, between two batches. Quick: it must not copy a large state.
    /// </summary>
    /// <returns>The view; <c>null</c> when the machine has no snapshots: its log is then never trimmed.</returns>
    ISnapshot? Capture() => null;

    /// <summary>
    /// Replaces the whole state by what a snapshot holds. Nothing is applied or asked meanwhile; afterwards
    /// <see cref="StateDigest"/> must be what it was at the capture.
    /// </summary>
    /// <param name="reader">The bytes that <see cref="ISnapshot.WriteAsync"/> wrote, checked.</param>
    /// <param name="cancellationToken">Fires when the engine closes.</param>
    /// <exception cref="Exception">Stops the group: the state cannot be trusted.</exception>
    ValueTask RestoreAsync(PipeReader reader, CancellationToken cancellationToken) =>
        throw new NotSupportedException(
            $"{GetType().Name} is given a snapshot and restores none: implement RestoreAsync beside Capture");
}
