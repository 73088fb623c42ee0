using System;
using System.Globalization;
using CoreEngine.IO.Ring;

namespace CoreEngine.IO.Snapshots;

/// <summary>What a look at a snapshot's file came to.</summary>
/// <param name="Name">The file.</param>
/// <param name="Group">As the name says.</param>
/// <param name="Index">As the name says.</param>
/// <param name="File">Manifest and configuration as far as they could be read; null when not even the manifest
/// could be.</param>
/// <param name="Compressed">Chunks that are stored compressed.</param>
/// <param name="Complaint">What is wrong with it; empty when every byte is what the manifest says.</param>
internal sealed record SnapshotVerdict(
    string Name, uint Group, ulong Index, SnapshotFile? File, uint Compressed, string Complaint)
{
    /// <summary>Every byte is what the manifest says.</summary>
    internal bool IsSound => Complaint.Length == 0;
}

/// <summary>Reads a snapshot's file through, blocking: at an opening and for inspection.</summary>
/// <remarks>Nothing is decompressed but the configuration; the checksums are over what is stored.</remarks>
internal sealed class SnapshotLook(BlockingIo io, AlignedSlab window)
{
    /// <summary>Holds the first page and the first chunk, or any chunk.</summary>
    internal const int WindowBytes = SnapshotFormat.FirstChunk + SnapshotFormat.SlabBytes;

    private uint _compressed;

    /// <summary>Looks at one file.</summary>
    /// <param name="name">A name that <see cref="SnapshotFormat.TryParse"/> knows.</param>
    internal SnapshotVerdict Look(string name)
    {
        bool isWhole = SnapshotFormat.TryParse(name, out uint group, out ulong index);
        Model.Invariant.Holds(isWhole);
        var verdict = new SnapshotVerdict(name, group, index, null, 0, string.Empty);
        int file = io.Run(new IoOp(IoKind.Open, IoFlags.ReadOnly, 0, 0, 0, 0, name));
        if (file < 0)
        {
            return verdict with { Complaint = $"it cannot be opened ({Errno.Text(-file)})" };
        }

        _compressed = 0;
        verdict = LookAt(file, verdict);
        _ = io.Run(new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0));
        return verdict with { Compressed = _compressed };
    }

    private SnapshotVerdict LookAt(int file, SnapshotVerdict verdict)
    {
        ReadOnlySpan<byte> head = Read(file, 0, WindowBytes);
        if (!SnapshotManifest.TryRead(head, out SnapshotManifest manifest))
        {
            return verdict with { Complaint = "its manifest is damaged or of another version" };
        }

        if (manifest.Group != verdict.Group || manifest.Index != verdict.Index)
        {
            return verdict with
            {
                Complaint = string.Create(
                    CultureInfo.InvariantCulture,
                    $"its manifest is that of index {manifest.Index} of group {manifest.Group}"),
            };
        }

        bool isRead = TryReadConfiguration(head, manifest.ConfigurationBytes, out byte[] configuration);
        verdict = verdict with { File = new SnapshotFile(manifest, verdict.Name) { Configuration = configuration } };
        return isRead
            ? verdict with { Complaint = LookAtChunks(file, manifest) }
            : verdict with { Complaint = "its configuration cannot be read" };
    }

    private ReadOnlySpan<byte> Read(int file, long offset, int length)
    {
        int read = io.Run(new IoOp(IoKind.Read, IoFlags.None, file, offset, window.Address, length));
        return window.GetSpan()[..int.Max(read, 0)];
    }

    /// <summary>Every chunk is what its checksum says, and all together are what the manifest says.</summary>
    /// <returns>The first that is not; empty when all are.</returns>
    private string LookAtChunks(int file, in SnapshotManifest manifest)
    {
        long offset = SnapshotFormat.FirstChunk;
        ReadOnlySpan<byte> bytes = default;
        ulong content = 0;
        for (uint ordinal = 0; ordinal < manifest.Chunks; ordinal++)
        {
            bool isHeld = SnapshotChunk.TryReadHeader(bytes, out SnapshotChunk chunk) && chunk.Size <= bytes.Length;
            if (!isHeld)
            {
                bytes = Read(file, offset, window.Length);
            }

            if (!SnapshotChunk.TryRead(bytes, out chunk, out _) || chunk.Ordinal != ordinal)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"chunk {ordinal} of {manifest.Chunks}, at byte {offset}, is damaged");
            }

            _compressed += chunk.Codec == SnapshotCodec.None ? 0U : 1U;
            content = chunk.ChainTo(content);
            offset += chunk.Size;
            bytes = bytes[chunk.Size..];
        }

        return content == manifest.Content && offset == manifest.FileBytes
            ? string.Empty
            : "its chunks together are not what the manifest says";
    }

    /// <summary>The configuration is one chunk, the first.</summary>
    private static bool TryReadConfiguration(ReadOnlySpan<byte> file, long length, out byte[] configuration)
    {
        configuration = [];
        if (length == 0)
        {
            return true;
        }

        if (file.Length <= SnapshotFormat.FirstChunk
            || !SnapshotChunk.TryRead(
                file[SnapshotFormat.FirstChunk..], out SnapshotChunk chunk, out ReadOnlySpan<byte> stored)
            || chunk.Section != SnapshotSection.Configuration
            || chunk.Raw != length)
        {
            return false;
        }

        configuration = new byte[chunk.Raw];
        return SnapshotCodecs.TryRestore(chunk.Codec, stored, configuration);
    }
}
