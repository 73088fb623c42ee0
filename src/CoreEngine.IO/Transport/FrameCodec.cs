using System;
using System.Buffers.Binary;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>Why a frame was refused. In the order of the checks.</summary>
internal enum FrameFault : byte
{
    /// <summary>Nothing is wrong.</summary>
    None = 0,

    /// <summary>Shorter than a header or longer than the limit.</summary>
    Length,

    /// <summary>The header's checksum differs.</summary>
    HeaderChecksum,

    /// <summary>Another layout version.</summary>
    Version,

    /// <summary>A type that has no place here.</summary>
    Type,

    /// <summary>The frame belongs to another cluster.</summary>
    Cluster,

    /// <summary>Body length and frame length contradict each other.</summary>
    BodyLength,

    /// <summary>The body's checksum differs.</summary>
    BodyChecksum,

    /// <summary>Sender or receiver are not the two ends of this connection.</summary>
    Address,
}

/// <summary>What a reader accepts.</summary>
/// <param name="ClusterHash">Expected hash; null: not judged (a hello carries the whole id in its body).</param>
/// <param name="BytesMax">Bytes of a whole frame, header included.</param>
/// <param name="TypeMin">Lowest type accepted.</param>
/// <param name="TypeMax">Highest type accepted.</param>
internal readonly record struct FrameRules(ulong? ClusterHash, int BytesMax, byte TypeMin, byte TypeMax)
{
    /// <summary>Rules for the frames of protocols.</summary>
    internal static FrameRules ForMessages(ulong clusterHash) =>
        new(clusterHash, Limits.FrameBytesMax, FrameCodec.MessageTypeMin, byte.MaxValue);

    /// <summary>Rules for the first frame of a connection.</summary>
    internal static FrameRules ForHello { get; } =
        new(null, Limits.HelloFrameBytesMax, FrameCodec.HelloType, FrameCodec.HelloType);
}

/// <summary>The 64-byte frame header on the wire; <see cref="FrameHeader"/> documents the layout.</summary>
/// <remarks>Pure. The header's checksum is computed with its field zero and covers the body's checksum.</remarks>
internal static class FrameCodec
{
    /// <summary>Bytes of a header.</summary>
    internal const int HeaderBytes = 64;

    /// <summary>The layout that this code writes and reads.</summary>
    internal const byte LayoutVersion = 1;

    /// <summary>The first frame of a connection, both ways.</summary>
    internal const byte HelloType = 1;

    /// <summary>Types below belong to the transport.</summary>
    internal const byte MessageTypeMin = 16;

    private const int LengthAt = 0;
    private const int HeaderChecksumAt = 4;
    private const int VersionAt = 8;
    private const int TypeAt = 9;
    private const int FlagsAt = 10;
    private const int GroupAt = 12;
    private const int FromAt = 16;
    private const int ToAt = 20;
    private const int TermAt = 24;
    private const int SequenceAt = 32;
    private const int CorrelationAt = 40;
    private const int BodyLengthAt = 48;
    private const int BodyChecksumAt = 52;
    private const int ClusterHashAt = 56;

    /// <summary>The eight bytes that stand for the cluster in every frame.</summary>
    internal static ulong HashOf(ClusterId cluster) => cluster.High ^ BitOperations.RotateLeft(cluster.Low, 32);

    /// <summary>Writes a sealed header for a body of which length and checksum are known.</summary>
    /// <param name="target">At least <see cref="HeaderBytes"/> bytes.</param>
    internal static void WriteHeader(
        Span<byte> target, in FrameHeader header, int bodyLength, uint bodyChecksum, ulong clusterHash)
    {
        Invariant.Holds(bodyLength >= 0);
        Invariant.Holds(bodyLength <= Limits.FrameBytesMax - HeaderBytes);
        Span<byte> head = target[..HeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(head[LengthAt..], HeaderBytes + bodyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(head[HeaderChecksumAt..], 0);
        head[VersionAt] = LayoutVersion;
        head[TypeAt] = header.Type;
        BinaryPrimitives.WriteUInt16LittleEndian(head[FlagsAt..], header.Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(head[GroupAt..], header.Group);
        BinaryPrimitives.WriteUInt32LittleEndian(head[FromAt..], header.From);
        BinaryPrimitives.WriteUInt32LittleEndian(head[ToAt..], header.To);
        BinaryPrimitives.WriteUInt64LittleEndian(head[TermAt..], header.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(head[SequenceAt..], header.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(head[CorrelationAt..], header.Correlation);
        BinaryPrimitives.WriteInt32LittleEndian(head[BodyLengthAt..], bodyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(head[BodyChecksumAt..], bodyChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(head[ClusterHashAt..], clusterHash);
        BinaryPrimitives.WriteUInt32LittleEndian(head[HeaderChecksumAt..], Crc32C.Compute(head));
    }

    /// <summary>True when the first four bytes of a frame could be the length of one.</summary>
    internal static bool IsLengthSane(ReadOnlySpan<byte> start, in FrameRules rules)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(start);
        return length >= HeaderBytes && length <= rules.BytesMax;
    }

    /// <summary>Reads and judges a header from outside, before a byte of its body is looked at.</summary>
    /// <param name="source">At least <see cref="HeaderBytes"/> bytes.</param>
    /// <param name="header">Meaningful only when the call returns <see cref="FrameFault.None"/>.</param>
    internal static FrameFault ReadHeader(
        ReadOnlySpan<byte> source,
        in FrameRules rules,
        out FrameHeader header,
        out int bodyLength,
        out uint bodyChecksum)
    {
        ReadOnlySpan<byte> head = source[..HeaderBytes];
        header = default;
        bodyLength = 0;
        bodyChecksum = 0;
        if (!IsLengthSane(head, rules))
        {
            return FrameFault.Length;
        }

        if (ChecksumOf(head) != BinaryPrimitives.ReadUInt32LittleEndian(head[HeaderChecksumAt..]))
        {
            return FrameFault.HeaderChecksum;
        }

        FrameFault fault = JudgeKind(head, rules);
        if (fault != FrameFault.None)
        {
            return fault;
        }

        bodyLength = BinaryPrimitives.ReadInt32LittleEndian(head[BodyLengthAt..]);
        if (bodyLength != BinaryPrimitives.ReadInt32LittleEndian(head[LengthAt..]) - HeaderBytes)
        {
            return FrameFault.BodyLength;
        }

        bodyChecksum = BinaryPrimitives.ReadUInt32LittleEndian(head[BodyChecksumAt..]);
        header = new FrameHeader(
            head[TypeAt],
            BinaryPrimitives.ReadUInt16LittleEndian(head[FlagsAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(head[GroupAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(head[FromAt..]),
            BinaryPrimitives.ReadUInt32LittleEndian(head[ToAt..]),
            BinaryPrimitives.ReadUInt64LittleEndian(head[TermAt..]),
            BinaryPrimitives.ReadUInt64LittleEndian(head[SequenceAt..]),
            BinaryPrimitives.ReadUInt64LittleEndian(head[CorrelationAt..]));
        return FrameFault.None;
    }

    private static FrameFault JudgeKind(ReadOnlySpan<byte> head, in FrameRules rules)
    {
        if (head[VersionAt] != LayoutVersion)
        {
            return FrameFault.Version;
        }

        if (head[TypeAt] < rules.TypeMin || head[TypeAt] > rules.TypeMax)
        {
            return FrameFault.Type;
        }

        ulong hash = BinaryPrimitives.ReadUInt64LittleEndian(head[ClusterHashAt..]);
        return rules.ClusterHash is ulong expected && expected != hash ? FrameFault.Cluster : FrameFault.None;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> head)
    {
        const int CoveredFirst = HeaderChecksumAt + sizeof(uint);
        Span<byte> first = stackalloc byte[CoveredFirst];
        head[..HeaderChecksumAt].CopyTo(first);
        first[HeaderChecksumAt..].Clear();
        return Crc32C.Compute(head[CoveredFirst..], Crc32C.Compute(first));
    }
}
