using System;
using System.Buffers;
using System.IO;
using System.IO.Pipelines;
using System.Threading.Tasks;
using CoreEngine.IO.Snapshots;

namespace CoreEngine.Snapshots;

/// <summary>Takes chunks apart again, in order: small sections into memory, the machine's bytes into its
/// pipe.</summary>
/// <remarks>One thread at a time. Nothing that does not fit the manifest is handed on.</remarks>
internal sealed class ChunkDecoder(SnapshotManifest manifest, PipeWriter machine)
{
    private readonly byte[] _raw = new byte[SnapshotFormat.ChunkBytesMax];
    private readonly ArrayBufferWriter<byte> _configuration = new();
    private readonly ArrayBufferWriter<byte> _sessions = new();
    private uint _ordinal;
    private ulong _content;
    private long _machineBytes;

    /// <summary>The configuration's section, once everything was decoded.</summary>
    internal ReadOnlyMemory<byte> Configuration => _configuration.WrittenMemory;

    /// <summary>The sessions' section, once everything was decoded.</summary>
    internal ReadOnlyMemory<byte> Sessions => _sessions.WrittenMemory;

    /// <summary>All chunks were decoded, and together they are what the manifest says.</summary>
    internal bool IsAtEnd => _ordinal == manifest.Chunks;

    /// <summary>Decodes one chunk.</summary>
    /// <returns>Ends when the machine's pipe can take more; with an InvalidDataException when the chunk is damaged, or
    /// not the one that comes next.</returns>
    internal async Task DecodeAsync(ReadOnlyMemory<byte> source)
    {
        if (Decode(source.Span) == SnapshotSection.Machine)
        {
            _ = await machine.FlushAsync().ConfigureAwait(false);
        }
    }

    /// <summary>True when nothing is missing.</summary>
    internal bool IsWhole => IsAtEnd
        && _content == manifest.Content
        && _configuration.WrittenCount == manifest.ConfigurationBytes
        && _sessions.WrittenCount == manifest.SessionsBytes
        && _machineBytes == manifest.MachineBytes;

    private SnapshotSection Decode(ReadOnlySpan<byte> source)
    {
        if (!SnapshotChunk.TryRead(source, out SnapshotChunk chunk, out ReadOnlySpan<byte> stored))
        {
            throw new InvalidDataException($"chunk {_ordinal} is damaged");
        }

        Span<byte> raw = _raw.AsSpan(0, chunk.Raw);
        if (chunk.Ordinal != _ordinal || !SnapshotCodecs.TryRestore(chunk.Codec, stored, raw))
        {
            throw new InvalidDataException($"chunk {_ordinal} is not what its header says");
        }

        _ordinal++;
        _content = chunk.ChainTo(_content);
        bool fits = Take(chunk.Section, raw);
        if (!fits || (IsAtEnd && !IsWhole))
        {
            throw new InvalidDataException($"chunk {chunk.Ordinal} contradicts the manifest");
        }

        return chunk.Section;
    }

    private bool Take(SnapshotSection section, ReadOnlySpan<byte> raw)
    {
        switch (section)
        {
            case SnapshotSection.Configuration:
                _configuration.Write(raw);
                return _configuration.WrittenCount <= manifest.ConfigurationBytes;
            case SnapshotSection.Sessions:
                _sessions.Write(raw);
                return _sessions.WrittenCount <= manifest.SessionsBytes;
            default:
                machine.Write(raw);
                _machineBytes += raw.Length;
                return _machineBytes <= manifest.MachineBytes;
        }
    }
}
