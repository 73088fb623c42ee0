using System;
using System.Collections.Generic;

namespace CoreEngine.Mutants.Weaver;

/// <summary>One change of a source file.</summary>
/// <param name="Path">The source, from the repository's root, with forward slashes.</param>
/// <param name="Old">Stands exactly once in it.</param>
/// <param name="New">Stands there instead; <c>MUTANT</c> in it is true while the mutant is active.</param>
/// <param name="Line">Where the edit starts in the mutant's file.</param>
internal sealed record Edit(string Path, string Old, string New, int Line);

/// <summary>
/// A planted bug as it is written down: fields, then edits. Or edits alone, which always hold: what it takes to compile
/// the projects into one assembly.
/// </summary>
internal sealed class MutantFile
{
    private const string EditMark = "@@ ";
    private const string OldMark = "<<<";
    private const string NewMark = "===";
    private const string EndMark = ">>>";

    private static readonly string[] FieldNames = ["class", "source", "monitor", "component", "about"];

    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);
    private readonly List<Edit> _edits = [];

    private readonly bool _isMutant;

    private MutantFile(string name, string path, bool isMutant)
    {
        Name = name;
        Path = path;
        _isMutant = isMutant;
    }

    internal string Name { get; }

    /// <summary>The mutant's own file.</summary>
    internal string Path { get; }

    internal IReadOnlyList<Edit> Edits => _edits;

    /// <summary>One of class, source, monitor, component, about.</summary>
    internal string this[string field] => _fields[field];

    /// <exception cref="WeaveException">The text is no mutant: the message says where and why.</exception>
    internal static MutantFile Parse(string name, string path, string text, bool isMutant = true)
    {
        var mutant = new MutantFile(name, path, isMutant);
        string[] lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n');
        int at = 0;
        while (at < lines.Length)
        {
            string line = lines[at];
            if (line.Length == 0 || line[0] == '#')
            {
                at++;
            }
            else if (line.StartsWith(EditMark, StringComparison.Ordinal))
            {
                at = mutant.ParseEdit(lines, at);
            }
            else
            {
                mutant.ParseField(line, at + 1);
                at++;
            }
        }

        mutant.Verify();
        return mutant;
    }

    private void ParseField(string line, int number)
    {
        int colon = line.IndexOf(": ", StringComparison.Ordinal);
        string name = colon < 0 ? line : line[..colon];
        if (colon < 0 || Array.IndexOf(FieldNames, name) < 0)
        {
            throw Error(number, $"expected a field ({string.Join(", ", FieldNames)}) or \"{EditMark}path\": {line}");
        }

        if (!_fields.TryAdd(name, line[(colon + 2)..].Trim()))
        {
            throw Error(number, $"\"{name}\" stands twice");
        }
    }

    /// <returns>The line after the edit.</returns>
    private int ParseEdit(string[] lines, int start)
    {
        string source = lines[start][EditMark.Length..].Trim();
        int at = start + 1;
        if (at >= lines.Length || lines[at] != OldMark)
        {
            throw Error(at + 1, $"expected \"{OldMark}\" after the path");
        }

        string old = Take(lines, ref at, NewMark);
        string replacement = Take(lines, ref at, EndMark);
        if (old.Length == 0)
        {
            throw Error(start + 1, "the old text is empty");
        }

        if (_isMutant != replacement.Contains(MutantWeaver.Placeholder, StringComparison.Ordinal))
        {
            throw Error(start + 1, $"a mutant's new text holds {MutantWeaver.Placeholder}, a plain edit's does not");
        }

        _edits.Add(new Edit(source, old, replacement, start + 1));
        return at + 1;
    }

    /// <summary>The lines after the one at <paramref name="at"/>, up to a mark, at which it is left.</summary>
    private string Take(string[] lines, ref int at, string mark)
    {
        int first = at + 1;
        int end = Array.IndexOf(lines, mark, first);
        if (end < 0)
        {
            throw Error(first, $"no \"{mark}\" follows");
        }

        at = end;
        return string.Join('\n', lines, first, end - first);
    }

    private void Verify()
    {
        foreach (string field in FieldNames)
        {
            if (_isMutant && !_fields.ContainsKey(field))
            {
                throw Error(1, $"\"{field}\" is missing");
            }
        }

        if (_edits.Count == 0)
        {
            throw Error(1, "it edits nothing");
        }
    }

    private WeaveException Error(int line, string what) => new(Path, line, $"mutant {Name}: {what}");
}
