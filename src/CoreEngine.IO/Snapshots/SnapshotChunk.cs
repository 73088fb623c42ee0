using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.IO.Snapshots;

/// <summary>How a chunk's bytes are stored.</summary>
internal enum SnapshotCodec : byte
{
    /// <summary>As they are.</summary>
    None = 0,

    /// <summary>One LZ4 block.</summary>
    Lz4 = 1,
}

/// <summary>The 32 bytes before each chunk of a snapshot.</summary>
/// <remarks>
/// Little endian: <c>u32 magic | u8 section | u8 codec | u16 zero | u32 ordinal | u32 stored | u32 raw | u32 crc | u64
/// zero</c>. The checksum covers the header with its own field zero, then the stored bytes. Chunks are padded with
/// zeroes to 8 bytes; the padding is not covered.
/// </remarks>
internal readonly record struct SnapshotChunk(
    SnapshotSection Section, SnapshotCodec Codec, uint Ordinal, int Stored, int Raw, uint Checksum)
{
    internal const int HeaderBytes = 32;

    private const uint Magic = 0x4B_4E_48_43;
    private const int ChecksumOffset = 20;

    /// <summary>Bytes in the file: header, stored bytes, padding.</summary>
    internal int Size => (HeaderBytes + Stored + 7) & ~7;

    /// <summary>Writes the header before stored bytes that stand in their place, and clears the padding.</summary>
    /// <returns>The chunk with its checksum.</returns>
    internal static SnapshotChunk Seal(
        Span<byte> target, SnapshotSection section, SnapshotCodec codec, uint ordinal, int stored, int raw)
    {
        Invariant.Holds(raw is > 0 and <= SnapshotFormat.ChunkBytesMax);
        Invariant.Holds(IsSound(codec, stored, raw));
        var chunk = new SnapshotChunk(section, codec, ordinal, stored, raw, 0);
        target[..HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(target, Magic);
        target[4] = (byte)section;
        target[5] = (byte)codec;
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], ordinal);
        BinaryPrimitives.WriteInt32LittleEndian(target[12..], stored);
        BinaryPrimitives.WriteInt32LittleEndian(target[16..], raw);
        target[(HeaderBytes + stored)..chunk.Size].Clear();
        uint checksum = Crc32C.Compute(target[..(HeaderBytes + stored)]);
        BinaryPrimitives.WriteUInt32LittleEndian(target[ChecksumOffset..], checksum);
        return chunk with { Checksum = checksum };
    }

    /// <summary>Reads a header and judges its lengths, nothing else: the rest of the chunk may not be there
    /// yet.</summary>
    internal static bool TryReadHeader(ReadOnlySpan<byte> source, out SnapshotChunk chunk)
    {
        chunk = default;
        if (source.Length < HeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic)
        {
            return false;
        }

        chunk = new SnapshotChunk(
            (SnapshotSection)source[4],
            (SnapshotCodec)source[5],
            BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[12..]),
            BinaryPrimitives.ReadInt32LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]));
        return chunk.Stored is > 0 and <= SnapshotFormat.ChunkBytesMax
            && chunk.Raw is > 0 and <= SnapshotFormat.ChunkBytesMax
            && chunk.Section is >= SnapshotSection.Configuration and <= SnapshotSection.Machine
            && IsSound(chunk.Codec, chunk.Stored, chunk.Raw);
    }

    /// <summary>Reads and checks the whole chunk at the start of <paramref name="source"/>.</summary>
    /// <param name="stored">Its bytes as they are stored.</param>
    internal static bool TryRead(ReadOnlySpan<byte> source, out SnapshotChunk chunk, out ReadOnlySpan<byte> stored)
    {
        stored = default;
        if (!TryReadHeader(source, out chunk) || chunk.Size > source.Length)
        {
            return false;
        }

        Span<byte> head = stackalloc byte[HeaderBytes];
        source[..HeaderBytes].CopyTo(head);
        head.Slice(ChecksumOffset, 4).Clear();
        stored = source.Slice(HeaderBytes, chunk.Stored);
        return Crc32C.Compute(stored, Crc32C.Compute(head)) == chunk.Checksum;
    }

    /// <summary>What is compressed has become shorter; what is not has its length.</summary>
    private static bool IsSound(SnapshotCodec codec, int stored, int raw) =>
        (codec == SnapshotCodec.Lz4 && stored < raw) || (codec == SnapshotCodec.None && stored == raw);

    /// <summary>Chains a chunk into the identity of a snapshot's contents.</summary>
    internal ulong ChainTo(ulong content)
    {
        Span<byte> link = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(link, content);
        BinaryPrimitives.WriteUInt32LittleEndian(link[8..], Checksum);
        BinaryPrimitives.WriteInt32LittleEndian(link[12..], Raw);
        uint low = Crc32C.Compute(link);
        uint high = Crc32C.Compute(link[4..], low ^ Ordinal);
        return ((ulong)high << 32) | low;
    }
}
