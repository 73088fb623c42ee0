// Goal: what a killed run has left on the machine is gone after the next one's start, and nothing of a living one is.
// Method: things under the name of a process that has ended, beside the same things under our own.
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using CoreEngine.Nemesis.Machine;
using Xunit;

namespace CoreEngine.Nemesis;

public sealed class LeftoverTests
{
    [NeedsFact(Need.Network | Need.MemoryDisk)]
    public void Nemesis_removes_what_a_dead_process_left_and_nothing_else()
    {
        using var ours = new Scratch();
        using var network = new NetworkLab(ours, 1);
        using var disk = new MemoryDisk(ours, "disk", 1);
        string dead = string.Create(CultureInfo.InvariantCulture, $"{Scratch.Prefix}{EndedProcess()}-1");
        string directory = Path.Combine(Scratch.Root, dead);
        string mount = Path.Combine(directory, "disk");
        Directory.CreateDirectory(mount);
        Shell.Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount);
        Shell.Run("ip", "netns", "add", $"{dead}-r1");

        Leftovers.RemoveAll();
        Assert.False(Directory.Exists(directory));
        Assert.DoesNotContain(
            File.ReadLines("/proc/self/mounts"), line => line.Contains(mount, System.StringComparison.Ordinal));
        Assert.DoesNotContain(NetworkLab.Existing(), space => Path.GetFileName(space) == $"{dead}-r1");
        Assert.Contains(
            File.ReadLines("/proc/self/mounts"), line => line.Contains(disk.Path, System.StringComparison.Ordinal));
        Assert.Equal(
            2, NetworkLab.Existing().Count(space => Path.GetFileName(space).StartsWith(
                $"{ours.Name}-", System.StringComparison.Ordinal)));
    }

    private static int EndedProcess()
    {
        using Process process = Process.Start("true");
        process.WaitForExit();
        return process.Id;
    }
}
