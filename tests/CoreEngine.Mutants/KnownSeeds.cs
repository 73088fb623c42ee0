using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace CoreEngine.Mutants;

/// <summary>The file of the seeds that are known to kill: one line for each mutant, its name and the seed.</summary>
internal static class KnownSeeds
{
    private const string Name = "tests/CoreEngine.Mutants/KnownSeeds.txt";

    private const string Heading =
        "# The seed in which each mutant is found: mutant, seed. Written by: ./build.sh mutants --search\n";

    /// <summary>Where the file stands in the repository that the program was built from.</summary>
    internal static string Path { get; } = Find(AppContext.BaseDirectory);

    /// <exception cref="InvalidDataException">A line is not a name and a number.</exception>
    internal static SortedDictionary<string, ulong> Read()
    {
        var seeds = new SortedDictionary<string, ulong>(StringComparer.Ordinal);
        if (!File.Exists(Path))
        {
            return seeds;
        }

        foreach (string line in File.ReadAllLines(Path))
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0 || parts[0].StartsWith('#'))
            {
                continue;
            }

            if (parts.Length != 2 || !ulong.TryParse(parts[1], CultureInfo.InvariantCulture, out ulong seed))
            {
                throw new InvalidDataException($"{Name}: expected a mutant and a seed: {line}");
            }

            seeds[parts[0]] = seed;
        }

        return seeds;
    }

    internal static void Write(SortedDictionary<string, ulong> seeds)
    {
        var text = new StringBuilder(Heading);
        foreach ((string mutant, ulong seed) in seeds)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"{mutant} {seed}\n");
        }

        File.WriteAllText(Path, text.ToString());
    }

    private static string Find(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "CoreEngine.sln")))
            {
                return System.IO.Path.Combine(folder.FullName, Name);
            }
        }

        throw new FileNotFoundException($"no CoreEngine.sln above {start}");
    }
}
