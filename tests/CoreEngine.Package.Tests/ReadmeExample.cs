using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace CoreEngine.Package.Tests;

/// <summary>The example in the README's first screen, as a newcomer would copy it.</summary>
internal static class ReadmeExample
{
    private const string Begin = "<!-- example:begin -->";
    private const string End = "<!-- example:end -->";
    private const string Fence = "```";

    /// <summary>The code between the fences between the markers.</summary>
    internal static string Read()
    {
        string readme = File.ReadAllText(Path.Combine(Feed.Root, "README.md"));
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal);
        int end = readme.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new InvalidDataException($"README.md lacks {Begin} or {End}");
        }

        string[] lines = readme[(begin + Begin.Length)..end].Trim().Split('\n');
        bool isFenced = lines.Length > 2 && lines[0] == $"{Fence}csharp" && lines[^1] == Fence;
        return isFenced
            ? string.Join('\n', lines[1..^1]) + "\n"
            : throw new InvalidDataException("the example is not one block of C#");
    }

    /// <summary>Its lines, blank ones left out.</summary>
    internal static IReadOnlyList<string> Lines(string code) =>
        [.. code.Split('\n').Where(static line => line.Trim().Length > 0)];
}
