using System;
using System.Globalization;
using System.IO;

namespace CoreEngine.Nemesis.Machine;

/// <summary>Fills the file system under a directory to the last block, and gives the space back.</summary>
internal sealed class Ballast : IDisposable
{
    private const int Block = 4096;

    private readonly string _place;

    /// <param name="place">A directory on the file system.</param>
    internal Ballast(string place)
    {
        _place = place;
        long free = new DriveInfo(place).AvailableFreeSpace;
        for (long step = free; step >= Block; step = step / 2 / Block * Block)
        {
            // Where less is to be had than was promised, the next, smaller step takes the rest.
            string file = Path.Combine(place, string.Create(CultureInfo.InvariantCulture, $"ballast-{step}"));
            Shell.TryRun(out _, "fallocate", "-l", step.ToString(CultureInfo.InvariantCulture), file);
        }
    }

    /// <summary>The space is there again.</summary>
    public void Dispose()
    {
        foreach (string file in Directory.EnumerateFiles(_place, "ballast-*"))
        {
            File.Delete(file);
        }
    }
}
