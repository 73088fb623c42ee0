using System;
using System.Collections.Generic;
using System.Linq;

namespace CoreEngine.Tidy;

/// <summary>One line of Exceptions.txt.</summary>
internal sealed record ExceptionLine(string Rule, string Path, string Member, string Reason)
{
    internal bool Covers(Finding finding) =>
        finding.Rule == Rule && finding.Path == Path && (Member == "-" || finding.Member == Member);
}

/// <summary>The one list of exceptions. A line needs a reason, and something that it excuses.</summary>
internal sealed class ExceptionList
{
    internal const string Path = "tests/CoreEngine.Tidy/Exceptions.txt";

    private const StringSplitOptions Trimmed = StringSplitOptions.TrimEntries;

    private readonly List<ExceptionLine> _lines = [];

    private ExceptionList()
    {
    }

    /// <summary>Lines that could not be read: fewer than four columns, or an empty one.</summary>
    internal List<string> Malformed { get; } = [];

    internal static ExceptionList Parse(string text)
    {
        var list = new ExceptionList();
        foreach (string line in text.Split('\n', Trimmed | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            string[] columns = line.Split('|', Trimmed);
            if (columns.Length != 4 || columns.Any(string.IsNullOrEmpty))
            {
                list.Malformed.Add(line);
                continue;
            }

            list._lines.Add(new ExceptionLine(columns[0], columns[1], columns[2], columns[3]));
        }

        return list;
    }

    /// <summary>What no line excuses.</summary>
    internal IReadOnlyList<Finding> Unexcused(IEnumerable<Finding> findings) =>
        [.. findings.Where(finding => !_lines.Any(line => line.Covers(finding)))];

    /// <summary>Lines that excuse nothing.</summary>
    internal IReadOnlyList<ExceptionLine> Unneeded(IReadOnlyList<Finding> findings) =>
        [.. _lines.Where(line => !findings.Any(line.Covers))];
}
