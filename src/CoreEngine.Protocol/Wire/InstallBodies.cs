using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>Which snapshot is spoken of: the same bytes on every replica that has it.</summary>
/// <param name="Index">Last index that it covers.</param>
/// <param name="Term">Leader epoch of that entry.</param>
/// <param name="Content">Chained over the checksums of its chunks.</param>
/// <param name="FileBytes">Bytes of its file.</param>
internal readonly record struct SnapshotIdentity(ulong Index, ulong Term, ulong Content, long FileBytes)
{
    internal const int Bytes = 32;

    internal void Write(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, Index);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Term);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Content);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], FileBytes);
    }

    internal static SnapshotIdentity Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(source),
        BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(source[24..]));
}

/// <summary>
/// Fixed part of InstallSnapshot: the identity, then <c>i64 offset</c>; the bytes of the file from the offset on
/// follow: the manifest at offset 0, one whole chunk anywhere else.
/// </summary>
internal readonly record struct InstallSnapshotBody(SnapshotIdentity Identity, long Offset)
{
    internal const int Bytes = SnapshotIdentity.Bytes + 8;

    internal void Write(Span<byte> target)
    {
        Identity.Write(target);
        BinaryPrimitives.WriteInt64LittleEndian(target[SnapshotIdentity.Bytes..], Offset);
    }

    /// <summary>False when the bytes are short or the fields contradict each other.</summary>
    internal static bool TryRead(
        ReadOnlySpan<byte> source, out InstallSnapshotBody body, out ReadOnlySpan<byte> piece)
    {
        body = default;
        piece = default;
        if (source.Length <= Bytes)
        {
            return false;
        }

        body = new InstallSnapshotBody(
            SnapshotIdentity.Read(source), BinaryPrimitives.ReadInt64LittleEndian(source[SnapshotIdentity.Bytes..]));
        piece = source[Bytes..];
        return body.Identity.Index != 0
            && body.Identity.Term != 0
            && body.Offset >= 0
            && body.Offset < body.Identity.FileBytes;
    }
}

/// <summary>Body of InstallReply: the identity, then <c>u64 incarnation | i64 next</c>.</summary>
/// <param name="Identity">Of the snapshot that is spoken of.</param>
/// <param name="Incarnation">The member's.</param>
/// <param name="Next">The offset that the member wants next; the file's length when it has everything.</param>
internal readonly record struct InstallReplyBody(SnapshotIdentity Identity, ulong Incarnation, long Next)
{
    internal const int Bytes = SnapshotIdentity.Bytes + 16;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        Identity.Write(target);
        BinaryPrimitives.WriteUInt64LittleEndian(target[SnapshotIdentity.Bytes..], Incarnation);
        BinaryPrimitives.WriteInt64LittleEndian(target[(SnapshotIdentity.Bytes + 8)..], Next);
    }

    /// <summary>False when the length is wrong or the fields contradict each other.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out InstallReplyBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        body = new InstallReplyBody(
            SnapshotIdentity.Read(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[SnapshotIdentity.Bytes..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[(SnapshotIdentity.Bytes + 8)..]));
        return body.Identity.Index != 0 && body.Next >= 0 && body.Next <= body.Identity.FileBytes;
    }
}
