using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;

namespace CoreEngine.Nemesis.Machine;

/// <summary>
/// What runs that were killed have left on the machine: found by name, removed when their process is gone.
/// </summary>
internal static class Leftovers
{
    private static readonly Lock Once = new();
    private static bool _done;

    /// <summary>Removes it, once per process.</summary>
    internal static void Remove()
    {
        lock (Once)
        {
            if (!_done)
            {
                _done = true;
                RemoveAll();
            }
        }
    }

    /// <summary>Stopped and frozen processes first: they hold mounts and namespaces.</summary>
    internal static void RemoveAll()
    {
        KillOrphans();
        foreach (string group in Dead(FreezerGroup.Root is string root ? Directory.EnumerateDirectories(root) : []))
        {
            FreezerGroup.Remove(group);
        }

        // The last mounted goes first: a mount may stand on another.
        string[] mounts =
        [
            .. File.ReadLines("/proc/self/mounts").Select(static line => line.Split(' ')[1])
                .Where(static point => point.Split('/').Any(IsDead)),
        ];
        foreach (string mount in mounts.Reverse())
        {
            Shell.TryRun(out _, "umount", "-l", mount);
        }

        foreach (string space in Dead(NetworkLab.Existing()))
        {
            Shell.TryRun(out _, "ip", "netns", "del", Path.GetFileName(space));
        }

        foreach (string directory in Dead(Directory.EnumerateDirectories(Scratch.Root)))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string[] Dead(IEnumerable<string> paths) =>
        [.. paths.Where(static path => IsDead(Path.GetFileName(path)))];

    private static bool IsDead(string name) =>
        Scratch.OwnerOf(name) is int owner
        && !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{owner}"));

    /// <summary>Replicas end with their parent, but not while they are stopped.</summary>
    private static void KillOrphans()
    {
        foreach (string process in Directory.EnumerateDirectories("/proc"))
        {
            bool isProcess = int.TryParse(
                Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id);
            if (isProcess && CommandOf(process).Split('/', '\0').Any(IsDead))
            {
                _ = NativeMethods.Kill(id, NativeMethods.SignalKill);
            }
        }
    }

    private static string CommandOf(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or belongs to somebody else: not ours either way.
            return string.Empty;
        }
    }
}
