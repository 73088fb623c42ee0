using System;
using System.IO;

namespace CoreEngine.Nemesis.Machine;

/// <summary>What a test needs of the machine beyond .NET.</summary>
[Flags]
public enum Need
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Network namespaces, cables, a bridge and nftables.</summary>
    Network = 1,

    /// <summary>The right to mount an ext4 image and to shut it down.</summary>
    PowerCut = 2,

    /// <summary>The right to mount a tmpfs.</summary>
    MemoryDisk = 4,

    /// <summary>strace, and the right to trace a process.</summary>
    Trace = 8,

    /// <summary>A cgroup of version 2 that may be made and frozen.</summary>
    Freezer = 16,
}

/// <summary>Tries, once per process, what the machine permits: by doing it, not by asking who we are.</summary>
internal static class Needs
{
    private static readonly Lazy<string?> Network = Probe("namespaces (ip, nsenter, nft; root)", static scratch =>
    {
        using var lab = new NetworkLab(scratch, 1);
        lab.Isolate(1);
        lab.OpenSocket().Dispose();
    });

    private static readonly Lazy<string?> PowerCut = Probe("power cuts (mkfs.ext4, loop mount; root)", static scratch =>
    {
        using var disk = new LoopDisk(scratch, "probe", 16);
        disk.CutPower(flushesJournal: false);
        disk.RestorePower();
    });

    private static readonly Lazy<string?> MemoryDisk = Probe("a tmpfs of one's own (root)", static scratch =>
    {
        using var disk = new MemoryDisk(scratch, "probe", 1);
        disk.Grow(2);
    });

    private static readonly Lazy<string?> Trace = Probe("strace (apt-get install strace; ptrace permitted)", static _ =>
        Shell.Run("strace", "-f", "-o", "/dev/null", "-e", "inject=sync:error=EIO", "true"));

    private static readonly Lazy<string?> Freezer = Probe("the cgroup v2 freezer (root)", static scratch =>
    {
        string root = FreezerGroup.Root ?? throw new NemesisException("no cgroup2 file system is mounted");
        string path = Path.Combine(root, scratch.Name);
        Directory.CreateDirectory(path);
        try
        {
            File.WriteAllText(Path.Combine(path, "cgroup.freeze"), "0");
        }
        finally
        {
            Directory.Delete(path);
        }
    });

    /// <summary>Why the machine does not give what is needed; null when it does.</summary>
    internal static string? Missing(Need need)
    {
        (Need Need, Lazy<string?> Reason)[] all =
        [
            (Need.Network, Network), (Need.PowerCut, PowerCut), (Need.MemoryDisk, MemoryDisk), (Need.Trace, Trace),
            (Need.Freezer, Freezer),
        ];
        foreach ((Need one, Lazy<string?> reason) in all)
        {
            if (need.HasFlag(one) && reason.Value is string missing)
            {
                return missing;
            }
        }

        return null;
    }

    private static Lazy<string?> Probe(string what, Action<Scratch> attempt) => new(() =>
    {
        if (!OperatingSystem.IsLinux())
        {
            return $"{what}: only on Linux";
        }

        try
        {
            using var scratch = new Scratch();
            attempt(scratch);
            return null;
        }
        catch (Exception error) when (error is NemesisException or IOException or UnauthorizedAccessException)
        {
            return $"{what}: not here: {error.Message}";
        }
    });
}
