using System.Collections.Generic;
using CoreEngine.IO.Ring;

namespace CoreEngine.IO.Log;

/// <summary>Reads the superblock of a directory and judges it; writes it whole when recovery has to.</summary>
internal sealed class SuperblockReading
{
    /// <summary>Why the directory cannot be used; null when it can.</summary>
    internal LogOpenResult? Refusal { get; private init; }

    internal Superblock Chosen { get; private init; }

    /// <summary>Bit per copy that holds the chosen version.</summary>
    internal uint Agreeing { get; private init; }

    /// <summary>All four copies are of one version.</summary>
    internal bool IsWhole => Agreeing == (1u << Superblock.Copies) - 1;

    /// <summary>A line per copy that is not the chosen version.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>What each copy is.</summary>
    internal List<(PageFinding Finding, Superblock Superblock)> Copies { get; } = [];

    /// <summary>Syncs the file (unless read only), reads it, chooses.</summary>
    internal static SuperblockReading Read(BlockingIo io, IReadOnlyList<string> files, bool isReadOnly)
    {
        if (!Contains(files, LogFormat.SuperblockFile))
        {
            bool hasSegments = false;
            foreach (string name in files)
            {
                hasSegments |= LogFormat.TryParseSegment(name, out _);
            }

            return Refused(LogOpenStatus.Unformatted, hasSegments
                ? "The directory holds segments and no superblock: it was wiped in part, or formatting was cut short. "
                    + "It does not run and does not vote. "
                    + "Restore the superblock from a copy, or format another directory."
                : "The directory is not formatted (or was wiped): it does not run and does not vote. "
                    + "Run 'coreengine format'.");
        }

        IoFlags flags = isReadOnly ? IoFlags.Direct | IoFlags.ReadOnly : IoFlags.Direct;
        int file = io.Run(new IoOp(IoKind.Open, flags, 0, 0, 0, 0, LogFormat.SuperblockFile));
        if (file < 0)
        {
            return Refused(LogOpenStatus.IoFailed, $"Cannot open the superblock ({Errno.Text(-file)}).");
        }

        using var slab = new AlignedSlab(Superblock.FileBytes);
        int result = isReadOnly ? 0 : io.Run(new IoOp(IoKind.Sync, IoFlags.None, file, 0, 0, 0));
        result = result < 0 ? result : io.Run(new IoOp(IoKind.Read, IoFlags.None, file, 0, slab.Address, slab.Length));
        _ = io.Run(new IoOp(IoKind.Close, IoFlags.None, file, 0, 0, 0));
        SuperblockReading reading = result < 0
            ? Refused(LogOpenStatus.IoFailed, $"Cannot read the superblock ({Errno.Text(-result)}).")
            : Judge(slab);
        return reading;
    }

    /// <summary>Writes a version so that two whole copies stand at any moment: the bad copies first.</summary>
    /// <param name="agreeing">Bit per copy that is whole now: at least two.</param>
    /// <returns>Zero, or a negative errno.</returns>
    internal static int WriteBoth(BlockingIo io, int file, in Superblock superblock, uint agreeing)
    {
        using var slab = new AlignedSlab(Superblock.FileBytes);
        superblock.Write(slab.GetSpan());
        int result = 0;
        for (int pass = 0; pass < 2 && result >= 0; pass++)
        {
            for (int copy = 0; copy < Superblock.Copies && result >= 0; copy++)
            {
                bool isWhole = (agreeing & (1u << copy)) != 0;
                if (isWhole == (pass == 0))
                {
                    continue;
                }

                int offset = copy * LogFormat.PageBytes;
                result = io.Run(new IoOp(
                    IoKind.Write, IoFlags.Durable, file, offset, slab.Address + offset, LogFormat.PageBytes));
            }
        }

        return result < 0 ? result : 0;
    }

    private static SuperblockReading Judge(AlignedSlab slab)
    {
        bool isChosen = Superblock.TryChoose(
            slab.GetSpan(), out Superblock chosen, out uint agreeing, out string reason);
        LogOpenResult? refusal = null;
        if (!isChosen)
        {
            refusal = new LogOpenResult(
                LogOpenStatus.Damaged,
                "The superblock is damaged: no two of its four copies agree. "
                + "Restore the file from a copy, or replace this replica.");
        }
        else if (reason.Length > 0)
        {
            refusal = new LogOpenResult(
                LogOpenStatus.NewerFormat, $"The directory cannot be read: {reason}. Use the program that wrote it.");
        }

        var reading = new SuperblockReading { Chosen = chosen, Agreeing = agreeing, Refusal = refusal };
        for (int copy = 0; copy < Superblock.Copies; copy++)
        {
            PageFinding finding = Superblock.ReadCopy(
                slab.Slice(copy * LogFormat.PageBytes, LogFormat.PageBytes), copy, out Superblock one, out _);
            reading.Copies.Add((finding, one));
            if ((agreeing & (1u << copy)) == 0)
            {
                string what = finding == PageFinding.Sound ? $"version {one.Version}" : finding.ToString();
                reading.Notes.Add($"superblock copy {copy}: {what}");
            }
        }

        return reading;
    }

    private static SuperblockReading Refused(LogOpenStatus status, string message) =>
        new() { Refusal = new LogOpenResult(status, message) };

    private static bool Contains(IReadOnlyList<string> files, string wanted)
    {
        foreach (string name in files)
        {
            if (name == wanted)
            {
                return true;
            }
        }

        return false;
    }
}
