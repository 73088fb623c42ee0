using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace CoreEngine.Mutants.Weaver;

/// <summary>
/// Copies the sources of the simulation build with every mutant woven in as a switch. Arguments: the repository's root,
/// the folder of the mutants, the folder to write to, then the projects' folders.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (arguments.Length < 4)
        {
            Console.Error.WriteLine("usage: CoreEngine.Mutants.Weaver <root> <mutants> <output> <project folder>...");
            return 2;
        }

        string root = Path.GetFullPath(arguments[0]);
        try
        {
            string folder = Path.GetFullPath(arguments[1]);
            List<MutantFile> plain = ReadAll(folder, "*.edits", false);
            List<MutantFile> mutants = ReadAll(folder, "*.mutant", true);
            Dictionary<string, string> sources = ReadSources(root, arguments[3..]);
            Write(Path.GetFullPath(arguments[2]), MutantWeaver.Weave(plain, mutants, sources));
            return 0;
        }
        catch (WeaveException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    private static List<MutantFile> ReadAll(string folder, string pattern, bool isMutant) =>
    [
        .. Directory.EnumerateFiles(folder, pattern)
            .Order(StringComparer.Ordinal)
            .Select(path => MutantFile.Parse(
                Path.GetFileNameWithoutExtension(path), path, File.ReadAllText(path), isMutant)),
    ];

    private static Dictionary<string, string> ReadSources(string root, IEnumerable<string> projects)
    {
        var sources = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string project in projects)
        {
            string folder = Path.GetFullPath(project);
            foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            {
                string[] parts = Path.GetRelativePath(folder, path).Split(Path.DirectorySeparatorChar);
                if (!parts.Contains("obj") && !parts.Contains("bin"))
                {
                    string name = Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/');
                    sources.Add(name, File.ReadAllText(path));
                }
            }
        }

        return sources;
    }

    /// <summary>Writes what differs and removes what is no longer there: an unchanged file keeps its time.</summary>
    private static void Write(string folder, SortedDictionary<string, string> woven)
    {
        Directory.CreateDirectory(folder);
        var wanted = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, string text) in woven)
        {
            string path = Path.Combine(folder, name);
            wanted.Add(path);
            if (!File.Exists(path) || File.ReadAllText(path) != text)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, text);
            }
        }

        foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            if (!wanted.Contains(path))
            {
                File.Delete(path);
            }
        }
    }
}
