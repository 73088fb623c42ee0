using System;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.KeyValue;

namespace CoreEngine.Cli.Server;

/// <summary>The key-value store as a machine behind a Line history.</summary>
internal sealed class KeyValueMachine : IStateMachine
{
    internal KeyValueMachine(KeyValueStoreOptions options) => Store = new KeyValueStore(options);

    /// <summary>The state. Touched by applied commands and by queries only.</summary>
    internal KeyValueStore Store { get; }

    /// <summary>Index of the last command applied: the state digest belongs to it.</summary>
    internal ulong Index { get; private set; }

    /// <summary>Commands touch memory only, and a bounded amount of it.</summary>
    public bool InlineSafe => true;

    /// <inheritdoc/>
    public ulong StateDigest => Store.Digest;

    /// <inheritdoc/>
    public ISnapshot? Capture() => new KeyValueSnapshot(Store.Capture(), Index, Store.Digest);

    /// <inheritdoc/>
    public async ValueTask RestoreAsync(PipeReader reader, CancellationToken cancellationToken) =>
        Index = await KeyValueSnapshot.ReadAsync(Store, reader, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        Span<byte> reply = stackalloc byte[KeyValueReply.CommandReplyBytesMax];
        foreach (CommittedEntry entry in batch)
        {
            int length = Store.Apply(entry.Command, reply);
            Index = entry.Index;
            if (replies.IsWanted)
            {
                replies.Reply(entry, reply[..length]);
            }
        }
    }
}
