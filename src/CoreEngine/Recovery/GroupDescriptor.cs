using System;
using System.Buffers.Binary;
using System.Text;
using CoreEngine.Model;

namespace CoreEngine.Recovery;

/// <summary>
/// A group's first record: its name, its contract and its founders (none: this replica joins), so that another group
/// under its number is refused.
/// </summary>
/// <remarks>
/// Body, little endian: <c>u64 contract | u32 version (1) | u32 memberCount | u32 member ... | u32 nameLength | name
/// in UTF-8</c>.
/// </remarks>
internal sealed record GroupDescriptor(string Name, ulong Contract, uint[] Members)
{
    private const uint Version = 1;
    private const int FixedBytes = 20;

    /// <summary>Writes the whole record.</summary>
    internal byte[] ToRecord(uint group)
    {
        byte[] name = Encoding.UTF8.GetBytes(Name);
        int length = FixedBytes + (4 * Members.Length) + name.Length;
        byte[] record = new byte[RecordHeader.SizeOf(length)];
        Span<byte> body = record.AsSpan(RecordHeader.Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(body, Contract);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(body[12..], Members.Length);
        body = body[16..];
        foreach (uint member in Members)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(body, member);
            body = body[4..];
        }

        BinaryPrimitives.WriteInt32LittleEndian(body, name.Length);
        name.CopyTo(body[4..]);
        RecordHeader.Seal(record, length, RecordType.Configuration, 0, group, 0, 0);
        return record;
    }

    /// <summary>Reads the body. Null when it makes no sense.</summary>
    internal static GroupDescriptor? Read(in RecordHeader header, ReadOnlySpan<byte> record)
    {
        ReadOnlySpan<byte> body = record.Slice(RecordHeader.Bytes, header.BodyLength);
        if (body.Length < FixedBytes || BinaryPrimitives.ReadUInt32LittleEndian(body[8..]) != Version)
        {
            return null;
        }

        ulong contract = BinaryPrimitives.ReadUInt64LittleEndian(body);
        int count = BinaryPrimitives.ReadInt32LittleEndian(body[12..]);
        if (count is < 0 or > Limits.ReplicasMax || body.Length < FixedBytes + (4 * count))
        {
            return null;
        }

        uint[] members = new uint[count];
        body = body[16..];
        for (int i = 0; i < count; i++)
        {
            members[i] = BinaryPrimitives.ReadUInt32LittleEndian(body[(4 * i)..]);
        }

        body = body[(4 * count)..];
        int nameLength = BinaryPrimitives.ReadInt32LittleEndian(body);
        return nameLength < 0 || nameLength > body.Length - 4
            ? null
            : new GroupDescriptor(Encoding.UTF8.GetString(body.Slice(4, nameLength)), contract, members);
    }
}
