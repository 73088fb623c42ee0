using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;

namespace CoreEngine.Mutants;

/// <summary>Prints what became of the mutants, a line for each as it is known.</summary>
internal sealed class MutantTable(TextWriter output)
{
    private static readonly CompositeFormat Columns =
        CompositeFormat.Parse("{0,-34} {1,-34} {2,-22} {3,-30} {4,6} {5,8}");

    internal void PrintHeading() => output.WriteLine(string.Format(
        CultureInfo.InvariantCulture, Columns, "mutant", "bug class", "monitor", "component", "seeds", "seconds"));

    /// <param name="result">The trial.</param>
    /// <param name="needed">Seeds from 1 on that were needed.</param>
    internal void Print(TrialResult result, ulong needed)
    {
        Mutant mutant = result.Mutant;
        output.WriteLine(string.Format(
            CultureInfo.InvariantCulture,
            Columns,
            mutant.Name,
            mutant.BugClass,
            result.Kill is null ? "SURVIVED" : mutant.Monitor,
            mutant.Component,
            result.Kill is null ? $">{result.Seeds}" : needed.ToString(CultureInfo.InvariantCulture),
            result.Elapsed.TotalSeconds.ToString("F1", CultureInfo.InvariantCulture)));
        if (result.Others.Count > 0)
        {
            IEnumerable<string> others = result.Others.Select(
                static other => string.Create(CultureInfo.InvariantCulture, $"{other.Key} {other.Value}"));
            output.WriteLine($"    found by others first: {string.Join(", ", others)}");
        }
    }

    internal void PrintSum(IReadOnlyCollection<TrialResult> results)
    {
        int killed = results.Count(static result => result.Kill is not null);
        double seconds = results.Sum(static result => result.Elapsed.TotalSeconds);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{results.Count} mutants, {killed} killed, {results.Count - killed} survived; {seconds:F1} s"));
    }
}
