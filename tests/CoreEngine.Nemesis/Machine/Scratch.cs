using System;
using System.Globalization;
using System.IO;
using System.Threading;

namespace CoreEngine.Nemesis.Machine;

/// <summary>
/// A name that nobody else uses, and a directory of that name on a real disk; both are gone afterwards.
/// </summary>
/// <remarks>
/// Everything that a test makes on the machine bears the name, and the name holds the id of the process that made it:
/// what a killed run leaves behind is found and removed by the next one (<see cref="Leftovers"/>).
/// </remarks>
internal sealed class Scratch : IDisposable
{
    /// <summary>Begins every name. Short, since names of network devices end at 15 characters.</summary>
    internal const string Prefix = "cen-";

    private static int _count;

    internal Scratch()
    {
        Leftovers.Remove();
        Name = string.Create(
            CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}");
        Path = System.IO.Path.Combine(Root, Name);
        Directory.CreateDirectory(Path);
    }

    /// <summary>Where scratch directories live: beside the program, which is not a memory file system.</summary>
    internal static string Root => AppContext.BaseDirectory;

    internal string Name { get; }

    internal string Path { get; }

    internal string Sub(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    /// <summary>The process that made a thing of this name; null when the name is none of ours.</summary>
    internal static int? OwnerOf(string name)
    {
        string[] parts = name.Split('-');
        return parts.Length >= 3 && $"{parts[0]}-" == Prefix
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int owner) ? owner : null;
    }
}
