using System;
using System.Collections.Generic;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>Programs as text: a line per process, its operations in their order, parted by semicolons.</summary>
/// <remarks>
/// <c>w x a</c> write, <c>r x a</c> read, <c>c x old new</c> cas, <c>a x b</c> append, <c>d x</c> delete. A dash as a
/// value means absent. A question mark at the end: the outcome is unknown.
/// </remarks>
internal static class ProgramText
{
    internal static List<HistoryOperation> Parse(string text)
    {
        var operations = new List<HistoryOperation>();
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        for (int process = 0; process < lines.Length; process++)
        {
            foreach (string part in lines[process].Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                string[] words = part.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                int at = 2 * operations.Count;
                int returned = words[^1] == "?" ? HistoryOperation.Never : at + 1;
                operations.Add(Make(words, at, returned, process));
            }
        }

        return operations;
    }

    private static HistoryOperation Make(string[] words, int at, int returned, int process) => words[0] switch
    {
        "w" => new(at, returned, process, HistoryFunction.Write, words[1], words[2], null),
        "r" => new(at, returned, process, HistoryFunction.Read, words[1], Value(words[2]), null),
        "c" => new(at, returned, process, HistoryFunction.Cas, words[1], words[3], Value(words[2])),
        "a" => new(at, returned, process, HistoryFunction.Append, words[1], words[2], null),
        "d" => new(at, returned, process, HistoryFunction.Delete, words[1], null, null),
        _ => throw new ArgumentException(words[0]),
    };

    private static string? Value(string word) => word == "-" ? null : word;
}
