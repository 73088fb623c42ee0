using System;
using System.Buffers.Binary;
using System.Text;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Wire;

/// <summary>
/// A configuration as the payload of its entry, little endian: <c>u32 version | u32 flags (1 automatic) | u32
/// electionSize | u32 commitSize | u32 outgoingElectionSize | u32 outgoingCommitSize | u32 count | u32 level | u64
/// forcedEpoch</c>, where version 1 is of level 1 and says 0 for it, and version 2 names the level; then
/// per member <c>u32 replica | u8 kind | u8 outgoingKind | u8 priority | u8 addressBytes | u64 incarnation | u32 weight
/// | u32 outgoingWeight | u32 domain | u32 flags (1 promoted) | address in UTF-8</c>, sorted by replica. The epoch is
/// the entry's index.
/// </summary>
internal static class ConfigurationBody
{
    internal const int AddressBytesMax = 255;
    private const uint FirstVersion = 1;
    private const uint VersionWithLevel = 2;
    private const int LevelWithVersion = 2;
    private const uint Automatic = 1;
    private const uint Promoted = 1;
    private const int FixedBytes = 40;
    private const int RowBytes = 32;

    /// <summary>The encoded form. Allocates: changes of members are rare.</summary>
    internal static byte[] ToBytes(Configuration configuration)
    {
        int length = FixedBytes;
        foreach (ConfigurationMember member in configuration.Members)
        {
            length += RowSize(member);
        }

        byte[] bytes = new byte[length];
        Span<byte> body = bytes;
        bool namesLevel = configuration.Level >= LevelWithVersion;
        BinaryPrimitives.WriteUInt32LittleEndian(body, namesLevel ? VersionWithLevel : FirstVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], configuration.IsAutomatic ? Automatic : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], configuration.ElectionSize);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], configuration.CommitSize);
        BinaryPrimitives.WriteUInt32LittleEndian(body[16..], configuration.OutgoingElectionSize);
        BinaryPrimitives.WriteUInt32LittleEndian(body[20..], configuration.OutgoingCommitSize);
        BinaryPrimitives.WriteInt32LittleEndian(body[24..], configuration.Members.Length);
        BinaryPrimitives.WriteInt32LittleEndian(body[28..], namesLevel ? configuration.Level : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(body[32..], configuration.ForcedEpoch);
        body = body[FixedBytes..];
        foreach (ConfigurationMember member in configuration.Members)
        {
            body = body[WriteRow(body, member)..];
        }

        Invariant.Holds(body.IsEmpty);
        return bytes;
    }

    /// <summary>The level that a payload asks for, whether or not this build can read it; 0 when the bytes are too few
    /// to tell. A version that is not known is of a level that is not known.</summary>
    internal static int LevelOf(ReadOnlySpan<byte> source)
    {
        if (source.Length < FixedBytes)
        {
            return 0;
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(source);
        int level = BinaryPrimitives.ReadInt32LittleEndian(source[28..]);
        return version switch
        {
            FirstVersion => FeatureLevels.Oldest,
            VersionWithLevel => level,
            _ => int.Max(level, FeatureLevels.Newest + 1),
        };
    }

    /// <summary>Reads a payload.</summary>
    /// <param name="epoch">Index of its entry.</param>
    /// <returns>False when the bytes make no sense, are of a level that this build does not speak, or nobody would
    /// vote.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> source, ulong epoch, out Configuration configuration)
    {
        configuration = Configuration.None;
        int level = LevelOf(source);
        if (level is < FeatureLevels.Oldest or > FeatureLevels.Newest)
        {
            return false;
        }

        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(source[4..]);
        int count = BinaryPrimitives.ReadInt32LittleEndian(source[24..]);
        bool namesLevel = BinaryPrimitives.ReadUInt32LittleEndian(source) == VersionWithLevel;
        if (flags > Automatic
            || count is < 1 or > Limits.ReplicasMax
            || namesLevel != level >= LevelWithVersion
            || (!namesLevel && BinaryPrimitives.ReadUInt32LittleEndian(source[28..]) != 0))
        {
            return false;
        }

        var members = new ConfigurationMember[count];
        ReadOnlySpan<byte> rest = source[FixedBytes..];
        bool hasVoter = false;
        for (int i = 0; i < count; i++)
        {
            if (!TryReadRow(ref rest, i == 0 ? 0 : members[i - 1].Replica, out ConfigurationMember? member))
            {
                return false;
            }

            members[i] = member!;
            hasVoter |= member!.IsVoter;
        }

        configuration = new Configuration(epoch, members)
        {
            Level = level,
            IsAutomatic = flags == Automatic,
            ForcedEpoch = BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            ElectionSize = BinaryPrimitives.ReadUInt32LittleEndian(source[8..]),
            CommitSize = BinaryPrimitives.ReadUInt32LittleEndian(source[12..]),
            OutgoingElectionSize = BinaryPrimitives.ReadUInt32LittleEndian(source[16..]),
            OutgoingCommitSize = BinaryPrimitives.ReadUInt32LittleEndian(source[20..]),
        };
        return hasVoter && rest.IsEmpty;
    }

    /// <summary>Bytes of one member's row.</summary>
    internal static int RowSize(ConfigurationMember member) => RowBytes + Encoding.UTF8.GetByteCount(member.Address);

    internal static int WriteRow(Span<byte> target, ConfigurationMember member)
    {
        int length = Encoding.UTF8.GetBytes(member.Address, target[RowBytes..]);
        Invariant.Holds(length <= AddressBytesMax);
        BinaryPrimitives.WriteUInt32LittleEndian(target, member.Replica);
        target[4] = (byte)member.Kind;
        target[5] = (byte)member.OutgoingKind;
        target[6] = member.Priority;
        target[7] = (byte)length;
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], member.Incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(target[16..], member.Weight);
        BinaryPrimitives.WriteUInt32LittleEndian(target[20..], member.OutgoingWeight);
        BinaryPrimitives.WriteUInt32LittleEndian(target[24..], member.Domain);
        BinaryPrimitives.WriteUInt32LittleEndian(target[28..], member.IsPromoted ? Promoted : 0);
        return RowBytes + length;
    }

    internal static bool TryReadRow(ref ReadOnlySpan<byte> rest, uint after, out ConfigurationMember? member)
    {
        member = null;
        if (rest.Length < RowBytes || rest.Length < RowBytes + rest[7])
        {
            return false;
        }

        var read = new ConfigurationMember
        {
            Replica = BinaryPrimitives.ReadUInt32LittleEndian(rest),
            Kind = (MemberKind)rest[4],
            OutgoingKind = (MemberKind)rest[5],
            Priority = rest[6],
            Incarnation = BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]),
            Weight = BinaryPrimitives.ReadUInt32LittleEndian(rest[16..]),
            OutgoingWeight = BinaryPrimitives.ReadUInt32LittleEndian(rest[20..]),
            Domain = BinaryPrimitives.ReadUInt32LittleEndian(rest[24..]),
            IsPromoted = BinaryPrimitives.ReadUInt32LittleEndian(rest[28..]) == Promoted,
            Address = Encoding.UTF8.GetString(rest.Slice(RowBytes, rest[7])),
        };
        bool isSound = read.Replica > after
            && read.Kind <= MemberKind.Witness
            && read.OutgoingKind is MemberKind.None or MemberKind.Voter or MemberKind.Witness
            && read.IsVoter == (read.Weight > 0)
            && read.IsOutgoingVoter == (read.OutgoingWeight > 0)
            && (read.Kind != MemberKind.None || read.IsOutgoingVoter)
            && BinaryPrimitives.ReadUInt32LittleEndian(rest[28..]) <= Promoted;
        rest = rest[(RowBytes + rest[7])..];
        member = read;
        return isSound;
    }
}
