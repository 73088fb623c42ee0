using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;

namespace CoreEngine.Nemesis.Machine;

/// <summary>
/// A cgroup of version 2 whose processes can be frozen as a whole, without a signal that they could see.
/// </summary>
internal sealed class FreezerGroup : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly string _path;
    private readonly int _process;

    internal FreezerGroup(Scratch scratch, int process)
    {
        string root = Root ?? throw new NemesisException("there is no cgroup file system of version 2");
        _path = Path.Combine(root, string.Create(CultureInfo.InvariantCulture, $"{scratch.Name}-{process}"));
        _process = process;
        Directory.CreateDirectory(_path);
        Write("cgroup.procs", process.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Where the hierarchy is mounted; null on a machine without it.</summary>
    internal static string? Root => File.ReadLines("/proc/self/mounts").Select(static line => line.Split(' '))
        .Where(static words => words[2] == "cgroup2").Select(static words => words[1]).FirstOrDefault();

    /// <summary>Returns once the kernel says that every thread is frozen.</summary>
    internal void Freeze()
    {
        Write("cgroup.freeze", "1");
        WaitFor("frozen 1");
    }

    internal void Thaw()
    {
        Write("cgroup.freeze", "0");
        WaitFor("frozen 0");
    }

    /// <summary>The process goes back among the others, the group disappears.</summary>
    public void Dispose()
    {
        Write("cgroup.freeze", "0");
        if (Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{_process}")))
        {
            File.WriteAllText(
                Path.Combine(Root!, "cgroup.procs"), _process.ToString(CultureInfo.InvariantCulture));
        }

        WaitFor("populated 0");
        Directory.Delete(_path);
    }

    /// <summary>Ends what is in a group that nobody owns any more, and removes it.</summary>
    internal static void Remove(string path)
    {
        File.WriteAllText(Path.Combine(path, "cgroup.kill"), "1");
        Wait(path, "populated 0");
        Directory.Delete(path);
    }

    private void Write(string file, string value) => File.WriteAllText(Path.Combine(_path, file), value);

    private void WaitFor(string state) => Wait(_path, state);

    private static void Wait(string path, string state)
    {
        string events = Path.Combine(path, "cgroup.events");
        bool reached = SpinWait.SpinUntil(
            () => File.ReadAllText(events).Contains(state, StringComparison.Ordinal), Patience);
        if (!reached)
        {
            throw new NemesisException($"{path} did not come to \"{state}\" within {Patience.TotalSeconds:0} s");
        }
    }
}
