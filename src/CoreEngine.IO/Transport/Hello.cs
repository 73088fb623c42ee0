using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>Why a connection ended before it carried a frame.</summary>
internal enum HelloRefusal : byte
{
    /// <summary>Accepted.</summary>
    None = 0,

    /// <summary>The first bytes are not a hello.</summary>
    NotAHello,

    /// <summary>The hello did not come in time.</summary>
    Timeout,

    /// <summary>The other side closed before it had said hello.</summary>
    Closed,

    /// <summary>The other side belongs to another cluster.</summary>
    OtherCluster,

    /// <summary>The hello is meant for another replica: an address in a configuration is wrong.</summary>
    Misaddressed,

    /// <summary>Nobody by this id is a peer, or the peer that answered is not the one that was called.</summary>
    UnknownReplica,

    /// <summary>The lower id dials; this one has the higher.</summary>
    WrongDirection,

    /// <summary>No protocol version is known to both.</summary>
    Version,

    /// <summary>No such lane, or the answer names another.</summary>
    Lane,

    /// <summary>Belongs to a link that has been given up already.</summary>
    Stale,

    /// <summary>The peer holds too many connections.</summary>
    PeerLimit,

    /// <summary>Too many connections have not said hello yet.</summary>
    HandshakeLimit,

    /// <summary>Plaintext from an address that is not loopback.</summary>
    NotLoopback,

    /// <summary>The other side answered with a refusal.</summary>
    RefusedByPeer,

    /// <summary>
    /// The replica is remembered under another incarnation: its directory was wiped or formatted anew, and what it had
    /// acknowledged is forgotten there. It must not vote.
    /// </summary>
    Forgotten,

    /// <summary>The two sides have different numbers of shards; those of one cluster must be alike.</summary>
    Shards,

    /// <summary>The shard that is meant has stopped there, or has not started yet.</summary>
    ShardAbsent,
}

/// <summary>The first frame of a connection, both ways: who speaks, for which lane, in which versions.</summary>
/// <remarks>
/// Body, little endian: <c>u16 versionMin | u16 versionMax | u8 lane | u8 verdict | u8 shard | u8 shards |
/// u32 replica | u32 target |
/// u64 incarnation | 16 B cluster | u64 features | u64 session</c>; a longer body is legal and its tail is ignored.
/// </remarks>
/// <param name="VersionMin">Oldest protocol version spoken.</param>
/// <param name="VersionMax">Newest protocol version spoken.</param>
/// <param name="Lane">Which connection of the pair.</param>
/// <param name="Verdict">In an answer: why the connection is refused, or none.</param>
/// <param name="Replica">Who speaks.</param>
/// <param name="Target">Whom the speaker means to reach.</param>
/// <param name="Incarnation">The speaker's incarnation.</param>
/// <param name="Cluster">The speaker's cluster.</param>
/// <param name="Features">Optional abilities; bits unknown to the reader are ignored.</param>
/// <param name="Session">Chosen by the dialer, alike on both lanes, echoed: lanes of different sessions never
/// pair.</param>
/// <param name="Shard">Which shard's link, alike on both sides.</param>
/// <param name="Shards">So many shards the speaker has.</param>
internal readonly record struct Hello(
    ushort VersionMin,
    ushort VersionMax,
    Lane Lane,
    HelloRefusal Verdict,
    uint Replica,
    uint Target,
    ulong Incarnation,
    ClusterId Cluster,
    ulong Features,
    ulong Session,
    byte Shard = 0,
    byte Shards = 1)
{
    /// <summary>Bytes of the body.</summary>
    internal const int BodyBytes = 56;

    /// <summary>Bytes of the frame.</summary>
    internal const int FrameBytes = FrameCodec.HeaderBytes + BodyBytes;

    /// <summary>Oldest protocol version that this code speaks.</summary>
    internal const ushort OwnVersionMin = 1;

    /// <summary>Newest protocol version that this code speaks.</summary>
    internal const ushort OwnVersionMax = 1;

    /// <summary>Writes the whole frame.</summary>
    /// <param name="frame">At least <see cref="FrameBytes"/> bytes.</param>
    internal void WriteFrame(Span<byte> frame)
    {
        Span<byte> body = stackalloc byte[BodyBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(body, VersionMin);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], VersionMax);
        body[4] = (byte)Lane;
        body[5] = (byte)Verdict;
        body[6] = Shard;
        body[7] = Shards;
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], Replica);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], Target);
        BinaryPrimitives.WriteUInt64LittleEndian(body[16..], Incarnation);
        Cluster.Write(body[24..]);
        BinaryPrimitives.WriteUInt64LittleEndian(body[40..], Features);
        BinaryPrimitives.WriteUInt64LittleEndian(body[48..], Session);
        FrameHeader header = new(FrameCodec.HelloType, 0, 0, Replica, Target, 0, 0, 0);
        new FrameWriter(body, default).WriteTo(frame, header, FrameCodec.HashOf(Cluster));
    }

    /// <summary>Reads a body whose checksum was right. Values are not judged.</summary>
    internal static bool TryReadBody(ReadOnlySpan<byte> body, out Hello hello)
    {
        hello = default;
        if (body.Length < BodyBytes)
        {
            return false;
        }

        hello = new Hello(
            BinaryPrimitives.ReadUInt16LittleEndian(body),
            BinaryPrimitives.ReadUInt16LittleEndian(body[2..]),
            (Lane)body[4],
            (HelloRefusal)body[5],
            BinaryPrimitives.ReadUInt32LittleEndian(body[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[12..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[16..]),
            ClusterId.Read(body[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[48..]),
            body[6],
            body[7]);
        return true;
    }

    /// <summary>Judges the hello of a dialer. Whether its replica is a peer is the caller's to know.</summary>
    internal HelloRefusal JudgeDialer(TransportOptions options)
    {
        HelloRefusal common = JudgeCommon(options);
        if (common != HelloRefusal.None)
        {
            return common;
        }

        return Lane is Lane.Control or Lane.Bulk ? HelloRefusal.None : HelloRefusal.Lane;
    }

    /// <summary>Judges the answer to the hello that this replica sent.</summary>
    internal HelloRefusal JudgeAnswer(TransportOptions options, in Hello sent)
    {
        HelloRefusal common = JudgeCommon(options);
        if (common != HelloRefusal.None)
        {
            return common;
        }

        if (Replica != sent.Target)
        {
            return HelloRefusal.UnknownReplica;
        }

        if (Verdict != HelloRefusal.None)
        {
            return HelloRefusal.RefusedByPeer;
        }

        if (Lane != sent.Lane)
        {
            return HelloRefusal.Lane;
        }

        return Session == sent.Session ? HelloRefusal.None : HelloRefusal.Stale;
    }

    private HelloRefusal JudgeCommon(TransportOptions options)
    {
        if (Cluster != options.Cluster)
        {
            return HelloRefusal.OtherCluster;
        }

        if (Target != options.Replica)
        {
            return HelloRefusal.Misaddressed;
        }

        if (Shards != options.Shards || Shard != options.Shard)
        {
            return HelloRefusal.Shards;
        }

        if (!options.Admits(Replica, Incarnation))
        {
            return HelloRefusal.Forgotten;
        }

        bool versionsMeet = VersionMin <= OwnVersionMax && VersionMax >= OwnVersionMin && VersionMin <= VersionMax;
        return versionsMeet ? HelloRefusal.None : HelloRefusal.Version;
    }
}
