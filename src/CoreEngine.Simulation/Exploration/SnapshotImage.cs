using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using CoreEngine.IO.Snapshots;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Exploration;

/// <summary>A whole snapshot: the entries that its state stands for, the certificate and the configuration section. It
/// travels in one piece: what is lost in the middle was never published.</summary>
/// <param name="Certificate">Proves that the entries are committed.</param>
/// <param name="Items">All entries up to its index.</param>
/// <param name="Section">The configuration, as the core wrote it.</param>
internal sealed record SnapshotImage(TrimCertificate Certificate, LogItem[] Items, byte[] Section)
{
    private const string Name = "image";
    private const int ItemBytes = 12;
    private const int FixedBytes = 44;

    internal ulong Index => Certificate.SnapshotIndex;

    /// <summary>As recovery finds it.</summary>
    internal SnapshotFile ToFile()
    {
        var manifest = new SnapshotManifest
        {
            Index = Index,
            Term = Certificate.SnapshotTerm,
            Stamp = Certificate.Commit.Stamp,
            Commit = Certificate.Commit,
            StateDigest = Certificate.SnapshotDigest,
        };
        return new SnapshotFile(manifest, Name) { Configuration = Section };
    }

    /// <summary>The body of the one message that carries it.</summary>
    internal byte[] ToBody()
    {
        CommitCertificate commit = Certificate.Commit;
        byte[] body = new byte[InstallSnapshotBody.Bytes + FixedBytes + (Items.Length * ItemBytes) + Section.Length];
        var identity = new SnapshotIdentity(Index, Certificate.SnapshotTerm, 0, body.Length);
        new InstallSnapshotBody(identity, 0).Write(body);
        Span<byte> rest = body.AsSpan(InstallSnapshotBody.Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(rest, commit.ConfigEpoch);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[8..], commit.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[16..], commit.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[24..], commit.Voters);
        BinaryPrimitives.WriteUInt64LittleEndian(rest[32..], commit.Stamp);
        BinaryPrimitives.WriteInt32LittleEndian(rest[40..], Items.Length);
        rest = rest[FixedBytes..];
        foreach (LogItem item in Items)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(rest, item.Term);
            BinaryPrimitives.WriteInt32LittleEndian(rest[8..], item.Command);
            rest = rest[ItemBytes..];
        }

        Section.CopyTo(rest);
        return body;
    }

    /// <summary>Reads what <see cref="ToBody"/> wrote.</summary>
    internal static SnapshotImage Read(ulong contract, uint group, ReadOnlySpan<byte> body)
    {
        bool isSound = InstallSnapshotBody.TryRead(body, out InstallSnapshotBody install, out ReadOnlySpan<byte> rest);
        Invariant.Holds(isSound);
        var commit = new CommitCertificate(
            contract,
            group,
            BinaryPrimitives.ReadUInt64LittleEndian(rest),
            BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(rest[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(rest[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(rest[32..]));
        int count = BinaryPrimitives.ReadInt32LittleEndian(rest[40..]);
        rest = rest[FixedBytes..];
        var items = new List<LogItem>();
        for (int i = 0; i < count; i++)
        {
            items.Add(new LogItem(
                BinaryPrimitives.ReadUInt64LittleEndian(rest), BinaryPrimitives.ReadInt32LittleEndian(rest[8..])));
            rest = rest[ItemBytes..];
        }

        SnapshotIdentity identity = install.Identity;
        var proof = new TrimCertificate(identity.Index, identity.Index, identity.Term, 0, 0, commit);
        return new SnapshotImage(proof, [.. items], rest.ToArray());
    }

    /// <summary>Adds what tells it from others; the voters of its proof and stamps decide nothing.</summary>
    internal void Write(CanonicalWriter writer)
    {
        writer.Add(Index);
        writer.Add(Certificate.SnapshotTerm);
        writer.Add(Certificate.Commit.Term);
        writer.Add(Certificate.Commit.Index);
        writer.Add(Certificate.Commit.ConfigEpoch);
        writer.AddItems(Items);
        writer.Add((ulong)Section.Length);
        foreach (byte part in Section)
        {
            writer.Add(part);
        }
    }
}
