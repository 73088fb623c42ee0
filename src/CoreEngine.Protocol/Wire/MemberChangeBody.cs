using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Wire;

/// <summary>
/// Body of MemberRequest: <c>u64 expectedEpoch | u32 flags (1 explicit, 2 leave, 4 may lag, 8 election size given, 16
/// commit size given) | u32 electionSize | u32 commitSize | u32 removed | u32 set | u32 zero | u32 replica ...</c>,
/// then a row per member set, as in a configuration.
/// </summary>
internal static class MemberChangeBody
{
    private const int FixedBytes = 32;
    private const uint FlagsMax = 31;

    /// <summary>The encoded form. Allocates: changes of members are rare.</summary>
    internal static byte[] ToBytes(MemberChange change)
    {
        int length = FixedBytes + (4 * change.Remove.Length);
        foreach (ConfigurationMember member in change.Set)
        {
            length += ConfigurationBody.RowSize(member);
        }

        byte[] bytes = new byte[length];
        Span<byte> body = bytes;
        uint flags = (change.IsExplicit ? 1u : 0)
            | (change.IsLeave ? 2u : 0)
            | (change.MayLag ? 4u : 0)
            | (change.ElectionSize is not null ? 8u : 0)
            | (change.CommitSize is not null ? 16u : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(body, change.ExpectedEpoch);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], flags);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], change.ElectionSize ?? 0);
        BinaryPrimitives.WriteUInt32LittleEndian(body[16..], change.CommitSize ?? 0);
        BinaryPrimitives.WriteInt32LittleEndian(body[20..], change.Remove.Length);
        BinaryPrimitives.WriteInt32LittleEndian(body[24..], change.Set.Length);
        body = body[FixedBytes..];
        foreach (uint replica in change.Remove)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(body, replica);
            body = body[4..];
        }

        foreach (ConfigurationMember member in change.Set)
        {
            body = body[ConfigurationBody.WriteRow(body, member)..];
        }

        Invariant.Holds(body.IsEmpty);
        return bytes;
    }

    /// <summary>Null when the bytes make no sense.</summary>
    internal static MemberChange? Read(ReadOnlySpan<byte> source)
    {
        if (source.Length < FixedBytes)
        {
            return null;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(source[8..]);
        int removed = BinaryPrimitives.ReadInt32LittleEndian(source[20..]);
        int set = BinaryPrimitives.ReadInt32LittleEndian(source[24..]);
        bool isSound = flags <= FlagsMax
            && removed is >= 0 and <= Limits.ReplicasMax
            && set is >= 0 and <= Limits.ReplicasMax
            && source.Length >= FixedBytes + (4 * removed);
        if (!isSound)
        {
            return null;
        }

        uint[] leaving = new uint[removed];
        for (int i = 0; i < removed; i++)
        {
            leaving[i] = BinaryPrimitives.ReadUInt32LittleEndian(source[(FixedBytes + (4 * i))..]);
        }

        var members = new ConfigurationMember[set];
        ReadOnlySpan<byte> rest = source[(FixedBytes + (4 * removed))..];
        for (int i = 0; i < set; i++)
        {
            if (!ConfigurationBody.TryReadRow(ref rest, 0, out ConfigurationMember? member))
            {
                return null;
            }

            members[i] = member!;
        }

        return !rest.IsEmpty ? null : new MemberChange
        {
            ExpectedEpoch = BinaryPrimitives.ReadUInt64LittleEndian(source),
            IsExplicit = (flags & 1) != 0,
            IsLeave = (flags & 2) != 0,
            MayLag = (flags & 4) != 0,
            ElectionSize = (flags & 8) != 0 ? BinaryPrimitives.ReadUInt32LittleEndian(source[12..]) : null,
            CommitSize = (flags & 16) != 0 ? BinaryPrimitives.ReadUInt32LittleEndian(source[16..]) : null,
            Remove = leaving,
            Set = members,
        };
    }
}
