using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.InteropServices;

namespace CoreEngine.Load;

/// <summary>What the numbers were measured on.</summary>
internal static class Machine
{
    /// <summary>Cores, memory, processor, kernel, runtime: one line.</summary>
    internal static string Describe() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Environment.ProcessorCount} cores ({Processor()}), "
        + $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, "
        + $"kernel {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}, {RuntimeInformation.FrameworkDescription}");

    /// <summary>The commit that this program was built from.</summary>
    internal static string Commit()
    {
        string version = Assembly.GetExecutingAssembly()
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus < 0 ? version : version[(plus + 1)..];
    }

    private static string Processor()
    {
        string? line = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal));
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}

/// <summary>The file system under a directory.</summary>
/// <param name="Kind">Such as ext4.</param>
/// <param name="Device">What is mounted.</param>
/// <param name="MountPoint">Where.</param>
internal sealed record Medium(string Kind, string Device, string MountPoint)
{
    /// <summary>True when nothing outlives the power: durable writes cost nothing there, and prove nothing.</summary>
    internal bool IsMemory => Kind is "tmpfs" or "ramfs";

    /// <summary>For people.</summary>
    public override string ToString()
    {
        string level = IsMemory ? "process (memory only)" : "power (flushed before the acknowledgement)";
        return $"{Kind} on {Device}{WriteCache()}, class {level}";
    }

    /// <summary>Finds the mount with the longest path that holds the directory.</summary>
    internal static Medium Of(string directory)
    {
        string path = Path.GetFullPath(directory);
        Medium? best = null;
        foreach (string line in File.ReadLines("/proc/self/mounts"))
        {
            string[] fields = line.Split(' ');
            string mount = fields[1].Replace("\\040", " ", StringComparison.Ordinal);
            bool holds = mount == "/" || path == mount || path.StartsWith(mount + "/", StringComparison.Ordinal);
            if (holds && (best is null || mount.Length >= best.MountPoint.Length))
            {
                best = new Medium(fields[2], fields[0], mount);
            }
        }

        return best ?? throw new IOException($"{path} lies under no mount of /proc/self/mounts");
    }

    private string WriteCache()
    {
        string path = $"/sys/block/{Path.GetFileName(Device)}/queue/write_cache";
        return File.Exists(path) ? $" ({File.ReadAllText(path).Trim()} cache)" : "";
    }
}
