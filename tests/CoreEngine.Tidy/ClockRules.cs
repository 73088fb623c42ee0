using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CoreEngine.Tidy;

/// <summary>
/// The engine measures by one clock, which counts suspended time and which nobody sets (requirements S1-05): leases,
/// ages and timeouts by any other would be wrong after a night, or after an operator's correction.
/// </summary>
internal static class ClockRules
{
    private static readonly string[] OtherClocks =
        ["DateTime", "DateTimeOffset", "Stopwatch", "TickCount", "TickCount64", "TimeProvider", "PeriodicTimer"];

    /// <summary>Where the wall clock is wanted: hybrid timestamps begin with it, lags are shown against it.</summary>
    private static readonly string[] WallPlaces =
        ["src/CoreEngine/EngineShard.cs", "src/CoreEngine/Diagnostics/EngineMeter.cs"];

    /// <summary>No file of the engine itself names another clock.</summary>
    internal static IEnumerable<Finding> OneClock(SourceFile file)
    {
        if (!file.Path.StartsWith("src/CoreEngine/", StringComparison.Ordinal))
        {
            yield break;
        }

        IEnumerable<IdentifierNameSyntax> names = file.Syntax.DescendantNodes().OfType<IdentifierNameSyntax>();
        foreach (IdentifierNameSyntax name in names.Where(name => IsOther(name.Identifier.Text, file.Path)))
        {
            yield return new Finding(
                "one-clock",
                file.Path,
                SourceFile.MemberAround(name),
                SourceFile.LineOf(name),
                $"{name.Identifier.Text} is another clock than MonotonicClock, which leases and ages are measured by");
        }
    }

    private static bool IsOther(string name, string path) =>
        OtherClocks.Contains(name) && !(name.StartsWith("DateTime", StringComparison.Ordinal)
            && WallPlaces.Contains(path));
}
