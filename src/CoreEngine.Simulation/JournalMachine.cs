using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Simulation.Hosting;

namespace CoreEngine.Simulation;

/// <summary>
/// A machine that remembers every command with its place: what the checkers compare between replicas.
/// </summary>
/// <remarks>Commands are eight bytes; the reply is how many were taken in before.</remarks>
public sealed class JournalMachine : IKeyedMachine
{
    private readonly List<(ulong Index, ulong Value)> _entries = [];
    private ulong _digest;

    /// <summary>Every command taken in, in order.</summary>
    public IReadOnlyList<(ulong Index, ulong Value)> Entries => _entries;

    /// <inheritdoc/>
    public bool InlineSafe { get; init; } = true;

    /// <inheritdoc/>
    public ulong StateDigest =>
        Flaw ^ (Hosted is null ? _digest : unchecked((_digest * 31) + Hosted.Machine.StateDigest));

    /// <summary>A host's machine behind the journal; null when the journal is all there is.</summary>
    internal HostedMachine? Hosted { get; private init; }

    /// <summary>When not 0, taking in this value throws: a host's bug.</summary>
    public ulong ThrowsAt { get; init; }

    /// <summary>When not 0, this value is acknowledged and not kept: a lie for checkers to find.</summary>
    internal ulong Forgets { get; init; }

    /// <summary>When not 0, the state after this index is another one than it should be: a host's bug.</summary>
    internal ulong DivergesAt { get; init; }

    /// <summary>How the state is wrong; two machines with different flaws differ from each other.</summary>
    internal ulong DivergesBy { get; init; } = 1;

    /// <summary>A journal that a host's machine stands behind.</summary>
    internal static JournalMachine Before(HostedMachine hosted) =>
        new() { Hosted = hosted, InlineSafe = hosted.Machine.InlineSafe };

    /// <inheritdoc/>
    /// <remarks>A command's value is its key.</remarks>
    public bool MayTouch(System.ReadOnlySpan<byte> command, ulong key) =>
        command.Length < 8 || BinaryPrimitives.ReadUInt64LittleEndian(command) == key;

    /// <inheritdoc/>
    public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        System.Span<byte> reply = stackalloc byte[8];
        foreach (CommittedEntry entry in batch)
        {
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(entry.Command);
            if (value == ThrowsAt && ThrowsAt != 0)
            {
                throw new System.InvalidOperationException($"value {value} is not to my taste");
            }

            if (Hosted is null)
            {
                BinaryPrimitives.WriteInt64LittleEndian(reply, _entries.Count);
                replies.Reply(entry, reply);
            }

            if (value == Forgets && Forgets != 0)
            {
                continue;
            }

            _entries.Add((entry.Index, value));
            _digest = unchecked(((_digest ^ value ^ entry.Stamp) * 0x100000001B3) + entry.Index + (entry.Term << 48));
        }

        Hosted?.Apply(batch, ref replies);
    }

    private ulong Flaw =>
        DivergesAt != 0 && _entries.Count > 0 && _entries[^1].Index >= DivergesAt ? DivergesBy : 0;

    /// <summary>When true the machine has no snapshots.</summary>
    internal bool HasNoSnapshots { get; init; }

    /// <inheritdoc/>
    /// <remarks>What was taken in never changes: the view is its length. A host's machine is captured with
    /// it.</remarks>
    public ISnapshot? Capture()
    {
        ISnapshot? hosted = Hosted?.Machine.Capture();
        return HasNoSnapshots || (Hosted is not null && hosted is null)
            ? null
            : new JournalSnapshot(_entries, _entries.Count, _digest, hosted);
    }

    /// <inheritdoc/>
    public async ValueTask RestoreAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        (List<(ulong Index, ulong Value)> entries, ulong digest) =
            await JournalSnapshot.ReadAsync(reader, cancellationToken).ConfigureAwait(false);
        _entries.Clear();
        _entries.AddRange(entries);
        _digest = digest;
        if (Hosted is not null)
        {
            await Hosted.Machine.RestoreAsync(reader, cancellationToken).ConfigureAwait(false);
        }
    }
}
