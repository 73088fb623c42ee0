using System;
using System.Collections.Generic;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>
/// Histories drawn as text: a line per operation, its bar from invocation to return, then what it does.
/// </summary>
/// <remarks>
/// <c>|---|  w a</c> is a write of "a" that returned; <c>|---?</c> one whose outcome is unknown. w, r, c (cas old new),
/// a (append), d. A dash as a value means absent. Columns are time; a return comes after an invocation of the same
/// column.
/// </remarks>
internal static class HistoryText
{
    internal static List<HistoryOperation> Parse(string text, string key = "x")
    {
        var drawn = new List<(int From, int To, bool IsUnknown, string[] Words)>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int from = line.IndexOf('|', StringComparison.Ordinal);
            int to = line.IndexOfAny(['|', '?'], from + 1);
            drawn.Add((from, to, line[to] == '?', line[(to + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        }

        var operations = new List<HistoryOperation>();
        for (int i = 0; i < drawn.Count; i++)
        {
            (int from, int to, bool isUnknown, string[] words) = drawn[i];

            // Room for 100 operations in a column: invocations in the first half, returns in the second.
            int invoked = (from * 200) + i;
            int returned = isUnknown ? HistoryOperation.Never : (to * 200) + 100 + i;
            operations.Add(Make(invoked, returned, i, key, words));
        }

        return operations;
    }

    private static HistoryOperation Make(int invoked, int returned, int process, string key, string[] words) =>
        words[0] switch
        {
            "w" => new(invoked, returned, process, HistoryFunction.Write, key, words[1], null),
            "r" => new(invoked, returned, process, HistoryFunction.Read, key, Value(words[1]), null),
            "c" => new(invoked, returned, process, HistoryFunction.Cas, key, words[2], Value(words[1])),
            "a" => new(invoked, returned, process, HistoryFunction.Append, key, words[1], null),
            "d" => new(invoked, returned, process, HistoryFunction.Delete, key, null, null),
            _ => throw new ArgumentException(words[0]),
        };

    private static string? Value(string word) => word == "-" ? null : word;
}
