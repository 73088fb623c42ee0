using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Numerics;
using CoreEngine.IO.Ring;

namespace CoreEngine.IO.Snapshots;

/// <summary>Reads every snapshot of a directory through, for people. Changes nothing and needs no lock.</summary>
internal static class SnapshotInspector
{
    /// <summary>Looks at a directory's snapshots.</summary>
    /// <exception cref="IOException">The directory is missing.</exception>
    internal static IReadOnlyList<SnapshotVerdict> Verify(string directory)
    {
        using PortableIoRing ring = PortableIoRing.OpenReadOnly(directory);
        return Verify(ring);
    }

    /// <summary>Looks at the snapshots of a ring's directory.</summary>
    internal static IReadOnlyList<SnapshotVerdict> Verify(IIoRing ring)
    {
        using var window = new AlignedSlab(SnapshotLook.WindowBytes);
        var look = new SnapshotLook(new BlockingIo(ring), window);
        var verdicts = new List<SnapshotVerdict>();
        foreach (string name in ring.ListFiles())
        {
            if (SnapshotFormat.TryParse(name, out _, out _))
            {
                verdicts.Add(look.Look(name));
            }
        }

        return verdicts;
    }

    /// <summary>One line: what it holds, and what is wrong with it.</summary>
    internal static string Describe(SnapshotVerdict verdict)
    {
        string state = verdict.IsSound ? "sound" : $"DAMAGED: {verdict.Complaint}; {Remedy(verdict)}";
        if (verdict.File is not { } file)
        {
            return $"{verdict.Name}: {state}";
        }

        SnapshotManifest manifest = file.Manifest;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{verdict.Name}: group {manifest.Group} index {manifest.Index} term {manifest.Term}, configuration "
            + $"{manifest.Commit.ConfigEpoch}, {manifest.FileBytes} bytes for {manifest.RawBytes}, {manifest.Chunks} "
            + $"chunks, {verdict.Compressed} by LZ4: {state}");
    }

    /// <summary>Its own proof of commitment names who held the entries: where that were others, they can send what is
    /// lost.</summary>
    private static string Remedy(SnapshotVerdict verdict)
    {
        int voters = verdict.File is { } file ? BitOperations.PopCount(file.Manifest.Commit.Voters) : 0;
        return voters switch
        {
            0 => "repairable from peers if the group has any: the replica opens in recovery and is sent another",
            1 => "not repairable from peers: no other replica was needed to commit it; restore it from a copy",
            _ => "repairable from peers: the replica opens in recovery and is sent another",
        };
    }
}
