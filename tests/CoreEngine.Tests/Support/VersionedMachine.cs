using System;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Tests.Support;

/// <summary>Counts commands and keeps the counts of its newest versions; its snapshots wait for a gate.</summary>
/// <param name="kept">How many versions it keeps.</param>
/// <param name="gate">What a snapshot waits for before it writes.</param>
internal sealed class VersionedMachine(int kept, Task gate) : IVersionedMachine
{
    private readonly List<(ulong Index, int Count)> _versions = [];

    public bool InlineSafe => true;

    public ulong StateDigest => (ulong)Count;

    internal int Count { get; private set; }

    public ulong OldestVersion => _versions.Count == 0 ? 0 : _versions[0].Index;

    public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
    {
        foreach (CommittedEntry entry in batch)
        {
            Count++;
            _versions.Add((entry.Index, Count));
        }

        _versions.RemoveRange(0, int.Max(0, _versions.Count - kept));
    }

    public IStateMachine? ViewAsOf(ulong index)
    {
        int at = _versions.FindLastIndex(version => version.Index <= index);
        return at < 0 ? null : new VersionedMachine(0, gate) { Count = _versions[at].Count };
    }

    public ISnapshot? Capture() => new Gated(Count, gate);

    public async ValueTask RestoreAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        System.IO.Pipelines.ReadResult read =
            await reader.ReadAtLeastAsync(sizeof(int), cancellationToken).ConfigureAwait(false);
        Count = BitConverter.ToInt32(read.Buffer.FirstSpan);
        reader.AdvanceTo(read.Buffer.End);
    }

    private sealed class Gated(int count, Task gate) : ISnapshot
    {
        public async ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken)
        {
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            BitConverter.TryWriteBytes(writer.GetSpan(sizeof(int)), count);
            writer.Advance(sizeof(int));
        }
    }
}
