using System;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Exploration;

/// <summary>An entry as far as safety speaks of it: two with the same term and command are one.</summary>
/// <param name="Term">Leader epoch.</param>
/// <param name="Command">Number of the command; 0 for an anchor; a configuration's: <see
/// cref="ConfigurationCode"/>.</param>
internal readonly record struct LogItem(ulong Term, int Command)
{
    /// <summary>It changes the members.</summary>
    internal bool IsConfiguration => ConfigurationCode.IsOne(Command);

    public override string ToString() => Command == 0
        ? string.Create(CultureInfo.InvariantCulture, $"t{Term}")
        : IsConfiguration
        ? string.Create(CultureInfo.InvariantCulture, $"t{Term}:{ConfigurationCode.Describe(Command)}")
        : string.Create(CultureInfo.InvariantCulture, $"t{Term}:{Command}");
}

/// <summary>Every distinct log that was met, by number; 0 is the empty one.</summary>
internal sealed class LogTable
{
    private readonly List<LogItem[]> _logs = [[]];
    private readonly Dictionary<(int Prefix, LogItem Item), int> _longer = [];

    internal ReadOnlySpan<LogItem> this[int log] => _logs[log];

    /// <summary>The number of a log.</summary>
    internal int Find(ReadOnlySpan<LogItem> items)
    {
        int log = 0;
        foreach (LogItem item in items)
        {
            log = Extend(log, item);
        }

        return log;
    }

    /// <summary>True when every entry of one log stands at the same place of the other.</summary>
    internal bool IsPrefix(int prefix, int log)
    {
        ReadOnlySpan<LogItem> items = _logs[prefix];
        return items.Length <= _logs[log].Length && items.SequenceEqual(_logs[log].AsSpan(0, items.Length));
    }

    /// <summary>Where two logs agree on a term at an index they agree on all before (Raft paper, 5.3).</summary>
    internal bool Match(int one, int other)
    {
        ReadOnlySpan<LogItem> first = _logs[one];
        ReadOnlySpan<LogItem> second = _logs[other];
        int common = int.Min(first.Length, second.Length);
        while (common > 0 && first[common - 1].Term != second[common - 1].Term)
        {
            common--;
        }

        return first[..common].SequenceEqual(second[..common]);
    }

    /// <summary>The newest configuration in a log up to an index, and its index; none: 0, 0.</summary>
    internal (int Code, int Index) ConfigurationIn(int log, int last = int.MaxValue)
    {
        LogItem[] items = _logs[log];
        for (int i = int.Min(last, items.Length); i > 0; i--)
        {
            if (items[i - 1].IsConfiguration)
            {
                return (items[i - 1].Command, i);
            }
        }

        return (0, 0);
    }

    internal string Describe(int log) => $"[{string.Join(' ', _logs[log])}]";

    private int Extend(int prefix, LogItem item)
    {
        if (!_longer.TryGetValue((prefix, item), out int longer))
        {
            longer = _logs.Count;
            _logs.Add([.. _logs[prefix], item]);
            _longer.Add((prefix, item), longer);
            Invariant.Holds(_logs[longer].Length <= GlobalState.IndexMax);
        }

        return longer;
    }
}
