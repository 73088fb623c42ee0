using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.IO.Snapshots;

/// <summary>What a snapshot holds, and the proof that it may stand for the log.</summary>
/// <param name="Index">Last index of the log that it covers.</param>
/// <param name="Term">Leader epoch of that entry.</param>
/// <param name="Stamp">Hybrid clock, not below that of any entry covered.</param>
/// <param name="Commit">Proves everything covered; its index may be above. Names group, contract and configuration
/// epoch.</param>
/// <param name="StateDigest">The machine's own digest at the index.</param>
/// <param name="Content">Identity of the bytes: chained over the checksums of all chunks.</param>
/// <param name="FileBytes">Bytes of the whole file.</param>
/// <param name="ConfigurationBytes">Bytes of that section.</param>
/// <param name="SessionsBytes">Bytes of that section.</param>
/// <param name="MachineBytes">Bytes of that section.</param>
/// <param name="Chunks">How many chunks follow.</param>
internal readonly record struct SnapshotManifest(
    ulong Index,
    ulong Term,
    ulong Stamp,
    CommitCertificate Commit,
    ulong StateDigest,
    ulong Content,
    long FileBytes,
    long ConfigurationBytes,
    long SessionsBytes,
    long MachineBytes,
    uint Chunks)
{
    /// <summary>Bytes on the disk and on the wire, checksum included.</summary>
    internal const int Bytes = 160;

    private const ulong Magic = 0x31_50_41_4E_53_45_43_00;
    private const int ChecksumOffset = Bytes - 4;

    /// <summary>Bytes of the contents before compression.</summary>
    internal long RawBytes => ConfigurationBytes + SessionsBytes + MachineBytes;

    internal uint Group => Commit.Group;

    /// <summary>What the snapshot proves about the log; T is its own index.</summary>
    internal TrimCertificate Certificate => new(Index, Index, Term, StateDigest, 0, Commit);

    internal void Write(Span<byte> target)
    {
        target[..Bytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(target, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], SnapshotFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], Commit.Group);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[24..], Term);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], Stamp);
        BinaryPrimitives.WriteUInt64LittleEndian(target[40..], Commit.Contract);
        BinaryPrimitives.WriteUInt64LittleEndian(target[48..], Commit.ConfigEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(target[56..], Commit.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(target[64..], Commit.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[72..], Commit.Voters);
        BinaryPrimitives.WriteUInt64LittleEndian(target[80..], Commit.Stamp);
        BinaryPrimitives.WriteUInt64LittleEndian(target[88..], StateDigest);
        BinaryPrimitives.WriteUInt64LittleEndian(target[96..], Content);
        BinaryPrimitives.WriteInt64LittleEndian(target[104..], FileBytes);
        BinaryPrimitives.WriteInt64LittleEndian(target[112..], ConfigurationBytes);
        BinaryPrimitives.WriteInt64LittleEndian(target[120..], SessionsBytes);
        BinaryPrimitives.WriteInt64LittleEndian(target[128..], MachineBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(target[136..], Chunks);
        BinaryPrimitives.WriteUInt32LittleEndian(target[ChecksumOffset..], Crc32C.Compute(target[..ChecksumOffset]));
    }

    /// <summary>Reads and judges a manifest.</summary>
    /// <returns>False when it is short, damaged, of another version, or contradicts itself.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> source, out SnapshotManifest manifest)
    {
        manifest = default;
        if (source.Length < Bytes
            || BinaryPrimitives.ReadUInt64LittleEndian(source) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) != SnapshotFormat.Version
            || BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..])
                != Crc32C.Compute(source[..ChecksumOffset]))
        {
            return false;
        }

        var commit = new CommitCertificate(
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[56..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[64..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[72..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[80..]));
        manifest = new SnapshotManifest(
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            commit,
            BinaryPrimitives.ReadUInt64LittleEndian(source[88..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[96..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[104..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[112..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[120..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[128..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[136..]));
        return manifest.IsSound;
    }

    private bool IsSound => Certificate.IsValid
        && FileBytes >= SnapshotFormat.FirstChunk
        && ConfigurationBytes is >= 0 and <= SnapshotFormat.ChunkBytesMax
        && SessionsBytes is >= 0 and <= SnapshotFormat.SmallSectionBytesMax
        && MachineBytes >= 0;
}
