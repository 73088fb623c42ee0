using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;

namespace CoreEngine.Package.Tests;

/// <summary>What lies inside a package.</summary>
internal sealed record PackageFile(IReadOnlyDictionary<string, byte[]> Files)
{
    internal IEnumerable<string> Names => Files.Keys;

    internal static PackageFile Open(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        var files = new Dictionary<string, byte[]>();
        foreach (ZipArchiveEntry entry in archive.Entries.Where(static entry => entry.Length > 0))
        {
            using Stream source = entry.Open();
            using var target = new MemoryStream();
            source.CopyTo(target);
            files.Add(entry.FullName, target.ToArray());
        }

        return new PackageFile(files);
    }
}
