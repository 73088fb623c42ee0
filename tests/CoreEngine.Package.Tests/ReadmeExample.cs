using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace CoreEngine.Package.Tests;

/// <summary>The README's programs, as a newcomer would copy them.</summary>
internal static class ReadmeExample
{
    /// <summary>The program in the first screen.</summary>
    internal const string First = "example";

    /// <summary>The program of three replicas; it uses the machine of the first.</summary>
    internal const string Cluster = "cluster";

    /// <summary>The program of the simulation's page, which a host puts into its own tests.</summary>
    internal const string Simulation = "simulation";

    private const string FirstPage = "README.md";
    private const string SimulationPage = "src/CoreEngine.Simulation/README.md";
    private const string Fence = "```";

    /// <summary>The code between the fences between the markers of a name.</summary>
    internal static string Read(string name)
    {
        string opening = $"<!-- {name}:begin -->";
        string closing = $"<!-- {name}:end -->";
        string page = name == Simulation ? SimulationPage : FirstPage;
        string readme = File.ReadAllText(Path.Combine(Feed.Root, page));
        int begin = readme.IndexOf(opening, StringComparison.Ordinal);
        int end = readme.IndexOf(closing, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidDataException($"{page} lacks {opening} or {closing}");
        }

        string[] lines = readme[(begin + opening.Length)..end].Trim().Split('\n');
        bool isFenced = lines.Length > 2 && lines[0] == $"{Fence}csharp" && lines[^1] == Fence;
        return isFenced
            ? string.Join('\n', lines[1..^1]) + "\n"
            : throw new InvalidDataException("the example is not one block of C#");
    }

    /// <summary>The machine: everything from the first type on.</summary>
    internal static string Machine()
    {
        string code = Read(First);
        return code[code.IndexOf("sealed class", StringComparison.Ordinal)..];
    }

    /// <summary>Its lines, blank ones left out.</summary>
    internal static IReadOnlyList<string> Lines(string code) =>
        [.. code.Split('\n').Where(static line => line.Trim().Length > 0)];
}
