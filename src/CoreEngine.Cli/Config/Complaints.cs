using System.Collections.Generic;

namespace CoreEngine.Cli.Config;

/// <summary>Gathers everything that is wrong with a configuration, so that it can be mended in one go.</summary>
internal sealed class Complaints(string source)
{
    /// <summary>More than these are not of use to anybody.</summary>
    private const int LinesMax = 32;

    private readonly List<string> _lines = [];

    internal bool Any => _lines.Count > 0;

    /// <summary>Adds a complaint about a setting: what is wrong, then what to do.</summary>
    internal void Add(string setting, string complaint, int line = 0)
    {
        if (_lines.Count < LinesMax)
        {
            string place = line > 0 ? $"{source}, line {line}" : source;
            _lines.Add($"{place}: {setting}: {complaint}");
        }
    }

    /// <summary>Adds a complaint when a condition does not hold.</summary>
    internal void Require(bool holds, string setting, string complaint)
    {
        if (!holds)
        {
            Add(setting, complaint);
        }
    }

    public override string ToString() => string.Join('\n', _lines);
}
