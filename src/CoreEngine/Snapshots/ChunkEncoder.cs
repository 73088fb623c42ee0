using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO.Pipelines;
using CoreEngine.IO.Snapshots;
using CoreEngine.Model;

namespace CoreEngine.Snapshots;

/// <summary>Cuts the sections of a snapshot into sealed chunks, one at a time.</summary>
/// <remarks>One thread at a time: a worker fills <see cref="Chunk"/>, the shard takes it away.</remarks>
internal sealed class ChunkEncoder(PipeReader machine, SnapshotCodec wanted = SnapshotCodec.None)
{
    private readonly byte[] _raw = new byte[SnapshotFormat.ChunkBytesMax];
    private readonly byte[] _chunk = new byte[SnapshotFormat.SlabBytes];
    private readonly Queue<(SnapshotSection Section, ReadOnlyMemory<byte> Bytes)> _small = new();
    private int _filled;
    private int _length;
    private uint _ordinal;

    /// <summary>A sealed chunk with header and padding; empty when there is none.</summary>
    internal ReadOnlySpan<byte> Chunk => _chunk.AsSpan(0, _length);

    /// <summary>The machine has written everything, and all of it was taken.</summary>
    internal bool IsAtEnd { get; private set; }

    internal ulong Content { get; private set; }

    internal uint Chunks => _ordinal;

    internal long ConfigurationBytes { get; private set; }

    internal long SessionsBytes { get; private set; }

    internal long MachineBytes { get; private set; }

    /// <summary>Adds a section that is in memory; before anything is encoded.</summary>
    internal void Add(SnapshotSection section, ReadOnlyMemory<byte> bytes)
    {
        Invariant.Holds(bytes.Length <= SnapshotFormat.SmallSectionBytesMax);
        ConfigurationBytes += section == SnapshotSection.Configuration ? bytes.Length : 0;
        SessionsBytes += section == SnapshotSection.Sessions ? bytes.Length : 0;
        if (!bytes.IsEmpty)
        {
            _small.Enqueue((section, bytes));
        }
    }

    /// <summary>The shard has taken the chunk away.</summary>
    internal void Taken() => _length = 0;

    /// <summary>Makes the next chunk when there are bytes enough for one, or no more will come.</summary>
    internal void Encode()
    {
        Invariant.Holds(_length == 0);
        if (_small.TryDequeue(out (SnapshotSection Section, ReadOnlyMemory<byte> Bytes) small))
        {
            EncodeSmall(small.Section, small.Bytes);
            return;
        }

        bool isOver = false;
        while (_filled < _raw.Length && !isOver && machine.TryRead(out System.IO.Pipelines.ReadResult read))
        {
            ReadOnlySequence<byte> bytes = read.Buffer;
            ReadOnlySequence<byte> part = bytes.Slice(0, long.Min(bytes.Length, _raw.Length - _filled));
            part.CopyTo(_raw.AsSpan(_filled));
            _filled += (int)part.Length;
            isOver = read.IsCompleted && part.Length == bytes.Length;
            machine.AdvanceTo(part.End);
        }

        if (_filled == _raw.Length || (isOver && _filled > 0))
        {
            MachineBytes += _filled;
            Seal(SnapshotSection.Machine, _raw.AsSpan(0, _filled));
            _filled = 0;
        }

        IsAtEnd = isOver;
    }

    private void EncodeSmall(SnapshotSection section, ReadOnlyMemory<byte> bytes)
    {
        int part = int.Min(bytes.Length, _raw.Length);
        Seal(section, bytes.Span[..part]);
        if (part == bytes.Length)
        {
            return;
        }

        // What is left goes first: the sections stay in order.
        var rest = new Queue<(SnapshotSection, ReadOnlyMemory<byte>)>(_small);
        _small.Clear();
        _small.Enqueue((section, bytes[part..]));
        while (rest.TryDequeue(out (SnapshotSection Section, ReadOnlyMemory<byte> Bytes) next))
        {
            _small.Enqueue(next);
        }
    }

    private void Seal(SnapshotSection section, ReadOnlySpan<byte> raw)
    {
        Span<byte> target = _chunk.AsSpan(SnapshotChunk.HeaderBytes);
        SnapshotCodec codec = SnapshotCodecs.Compress(wanted, raw, target, out int stored);
        SnapshotChunk chunk = SnapshotChunk.Seal(_chunk, section, codec, _ordinal, stored, raw.Length);
        _ordinal++;
        Content = chunk.ChainTo(Content);
        _length = chunk.Size;
    }
}
