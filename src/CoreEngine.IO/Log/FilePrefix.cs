using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.IO.Log;

/// <summary>What superblock and segment headers begin with: what the file is, and whose.</summary>
/// <remarks>
/// Little endian: <c>u64 magic | u16 version | u16 zero | u32 incompatible | u32 compatible | u32 pageBytes | u32
/// sectorBytes | u32 shard | 16 B cluster | u64 incarnation | u32 replica</c>; then follows what is the file's own.
/// </remarks>
/// <param name="Magic">Eight letters that name the kind of file.</param>
/// <param name="Shard">The shard whose log it is.</param>
/// <param name="Identity">The replica whose log it is.</param>
internal readonly record struct FilePrefix(ulong Magic, uint Shard, LogIdentity Identity)
{
    /// <summary>Bytes of the prefix.</summary>
    internal const int Bytes = 60;

    /// <summary>Writes it with this program's version and geometry.</summary>
    internal void Write(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(body, Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(body[8..], LogFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], LogFormat.IncompatibleKnown);
        BinaryPrimitives.WriteUInt32LittleEndian(body[16..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(body[20..], LogFormat.PageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(body[24..], LogFormat.SectorBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(body[28..], Shard);
        Identity.Cluster.Write(body[32..]);
        BinaryPrimitives.WriteUInt64LittleEndian(body[48..], Identity.Incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(body[56..], Identity.Replica);
    }

    /// <summary>Reads it, whatever version wrote it.</summary>
    /// <param name="reason">Why this program must not read what follows; empty when it may.</param>
    internal static FilePrefix Read(ReadOnlySpan<byte> body, out string reason)
    {
        reason = ReasonAgainst(
            BinaryPrimitives.ReadUInt16LittleEndian(body[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[12..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[24..]));
        return new FilePrefix(
            BinaryPrimitives.ReadUInt64LittleEndian(body),
            BinaryPrimitives.ReadUInt32LittleEndian(body[28..]),
            new LogIdentity(
                ClusterId.Read(body[32..]),
                BinaryPrimitives.ReadUInt32LittleEndian(body[56..]),
                BinaryPrimitives.ReadUInt64LittleEndian(body[48..])));
    }

    /// <summary>Decides whether this program may read what another version wrote: empty, or why not.</summary>
    private static string ReasonAgainst(ushort version, uint incompatible, uint pageBytes, uint sectorBytes)
    {
        if (version != LogFormat.Version)
        {
            return FormattableString.Invariant(
                $"its format version is {version}, this program reads version {LogFormat.Version}");
        }

        uint unknown = incompatible & ~LogFormat.IncompatibleKnown;
        if (unknown != 0)
        {
            return FormattableString.Invariant(
                $"it uses incompatible features 0x{unknown:x} that this program does not know");
        }

        if (pageBytes != LogFormat.PageBytes || sectorBytes != LogFormat.SectorBytes)
        {
            return FormattableString.Invariant(
                $"its pages are {pageBytes} B in sectors of {sectorBytes} B, this program reads ")
                + FormattableString.Invariant($"{LogFormat.PageBytes} B in sectors of {LogFormat.SectorBytes} B");
        }

        return string.Empty;
    }
}
