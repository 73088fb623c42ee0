using System;
using System.Buffers.Binary;

namespace CoreEngine.Model;

/// <summary>What a record of the log holds.</summary>
public enum RecordType : byte
{
    /// <summary>A host's command, or the empty anchor of a new leader.</summary>
    Entry = 1,

    /// <summary>Term, vote and commit index of one group.</summary>
    HardState = 2,

    /// <summary>
    /// The group's log was replaced by a snapshot from elsewhere: its line goes on behind the record's index, which
    /// has the record's term.
    /// </summary>
    Snapshot = 3,

    /// <summary>The group's descriptor or configuration.</summary>
    Configuration = 4,

    /// <summary>
    /// Entries of the group above the record's index are void from here on: a marker, never an edit in place.
    /// </summary>
    Truncate = 5,

    /// <summary>
    /// Entries of the group up to the record's index may be gone: a durable snapshot holds them. The term is that of
    /// the entry at the index.
    /// </summary>
    Trim = 6,

    /// <summary>The log was closed in good order here.</summary>
    Seal = 8,

    /// <summary>
    /// Another replica's incarnation, noted when it was met: under another one its directory has forgotten.
    /// </summary>
    Peer = 9,

    /// <summary>
    /// The entries that follow in the same append stand for damaged ones (CTRL, FAST'18): index and term of this record
    /// are the first and the last. By flag, instead: the log is complete again up to here.
    /// </summary>
    Repair = 10,

    /// <summary>A group's first configuration, with the incarnations of its members.</summary>
    Founding = 11,

    /// <summary>
    /// Its index is 1: the group's snapshot cannot be read, and with it everything that this replica has said is in
    /// doubt. 0: a leader has confirmed what there is.
    /// </summary>
    Doubt = 12,
}

/// <summary>The 32 bytes before each record's body, alike on the disk and on the wire.</summary>
/// <remarks>
/// Little endian: <c>u32 bodyLength | u8 type | u8 codec | u16 flags | u32 group | u32 crc | u64 index | u64 term</c>.
/// The checksum covers the header with its field zero, then the body. A record is padded with zeroes to
/// <see cref="Alignment"/>; the padding is not covered.
/// </remarks>
/// <param name="BodyLength">Bytes of the body, without padding.</param>
/// <param name="Type">What the body is.</param>
/// <param name="Codec">0: stored as it is.</param>
/// <param name="Flags">Meaning by type.</param>
/// <param name="Group">The group that the record belongs to.</param>
/// <param name="Checksum">CRC-32C of header and body.</param>
/// <param name="Index">Position on the group's line.</param>
/// <param name="Term">Leader epoch of the record.</param>
public readonly record struct RecordHeader(
    int BodyLength, RecordType Type, byte Codec, ushort Flags, uint Group, uint Checksum, ulong Index, ulong Term)
{
    /// <summary>Bytes of a header.</summary>
    public const int Bytes = 32;

    /// <summary>Records start at multiples of this.</summary>
    public const int Alignment = 8;

    private const int ChecksumOffset = 12;

    /// <summary>Bytes that a record with this body occupies: header, body, padding.</summary>
    public static int SizeOf(int bodyLength) => (Bytes + bodyLength + Alignment - 1) & ~(Alignment - 1);

    /// <summary>
    /// Writes the header before a body that stands already in its place, computes the checksum and clears the
    /// padding.
    /// </summary>
    /// <param name="record">The whole record: <see cref="SizeOf"/> bytes, the body from <see cref="Bytes"/> on.</param>
    public static void Seal(
        Span<byte> record, int bodyLength, RecordType type, ushort flags, uint group, ulong index, ulong term)
    {
        Invariant.Holds(bodyLength >= 0);
        Invariant.Holds(record.Length == SizeOf(bodyLength));
        BinaryPrimitives.WriteInt32LittleEndian(record, bodyLength);
        record[4] = (byte)type;
        record[5] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(record[6..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(record[8..], group);
        BinaryPrimitives.WriteUInt32LittleEndian(record[ChecksumOffset..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(record[16..], index);
        BinaryPrimitives.WriteUInt64LittleEndian(record[24..], term);
        record[(Bytes + bodyLength)..].Clear();
        uint checksum = Crc32C.Compute(record[..(Bytes + bodyLength)]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[ChecksumOffset..], checksum);
    }

    /// <summary>Reads a header without judging it.</summary>
    /// <param name="source">At least <see cref="Bytes"/> bytes.</param>
    public static RecordHeader Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadInt32LittleEndian(source),
        (RecordType)source[4],
        source[5],
        BinaryPrimitives.ReadUInt16LittleEndian(source[6..]),
        BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
        BinaryPrimitives.ReadUInt32LittleEndian(source[ChecksumOffset..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[24..]));

    /// <summary>
    /// Reads and checks the record at the start of <paramref name="source"/>: length within bounds, checksum right.
    /// </summary>
    /// <param name="source">Bytes from outside; may hold more than one record.</param>
    /// <param name="header">The header, meaningful only when the call returns true.</param>
    /// <param name="record">The record's bytes with padding.</param>
    /// <returns>False when the bytes are short, the length is absurd or the checksum differs.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out RecordHeader header, out ReadOnlySpan<byte> record)
    {
        header = default;
        record = default;
        if (source.Length < Bytes)
        {
            return false;
        }

        header = Read(source);
        if (header.BodyLength < 0 || header.BodyLength > Limits.RecordBodyBytesMax)
        {
            return false;
        }

        int size = SizeOf(header.BodyLength);
        if (size > source.Length || ChecksumOf(source[..(Bytes + header.BodyLength)]) != header.Checksum)
        {
            return false;
        }

        record = source[..size];
        return true;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> covered)
    {
        Span<byte> head = stackalloc byte[Bytes];
        covered[..Bytes].CopyTo(head);
        head.Slice(ChecksumOffset, 4).Clear();
        return Crc32C.Compute(covered[Bytes..], Crc32C.Compute(head));
    }
}
