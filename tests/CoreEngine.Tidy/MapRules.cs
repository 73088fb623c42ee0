using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace CoreEngine.Tidy;

/// <summary>A map names what it maps.</summary>
internal static class MapRules
{
    /// <summary>
    /// Each name stands in the map as a word of its own: "CoreEngine" is not mentioned by "CoreEngine.Model".
    /// </summary>
    internal static IEnumerable<Finding> Mentions(string path, string map, IEnumerable<string> names) => names
        .Where(name => !Regex.IsMatch(map, $@"(?<![\w.]){Regex.Escape(name)}(?!\.?\w)", RegexOptions.None, Patience))
        .Select(name => new Finding("maps", path, "-", 0, $"does not mention {name}"));

    private static TimeSpan Patience => TimeSpan.FromSeconds(5);
}
