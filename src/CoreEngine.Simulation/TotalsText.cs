using System;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Simulation.Faults;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation;

/// <summary>Totals as lines <c>name number</c>, for a run that is to be resumed by a later process.</summary>
internal static class TotalsText
{
    /// <summary>Everything that <see cref="TryRead"/> brings back, one line each.</summary>
    internal static IEnumerable<string> Write(SimulationTotals totals)
    {
        yield return Line("seeds", totals.Seeds);
        yield return Line("events", totals.Events);
        yield return Line("virtual-ns", totals.VirtualNs);
        yield return Line("operations", totals.Operations);
        yield return Line("acknowledged", totals.Acknowledged);
        yield return Line("reads", totals.Reads);
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            yield return Line($"fault.{kind}", totals.FaultsOf(kind));
        }

        foreach (RareState state in Enum.GetValues<RareState>())
        {
            yield return Line($"rare.{state}", totals.Rare[state]);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="lines">From outside.</param>
    /// <param name="totals">Meaningful only when the call returns true.</param>
    /// <param name="reason">What is wrong with the lines otherwise.</param>
    internal static bool TryRead(IReadOnlyList<string> lines, out SimulationTotals totals, out string reason)
    {
        totals = new SimulationTotals();
        reason = string.Empty;
        var numbers = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in lines)
        {
            string[] parts = line.Split(' ');
            if (parts.Length != 2
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                || !numbers.TryAdd(parts[0], number))
            {
                reason = $"'{line}' is not a new name and a number";
                return false;
            }
        }

        var rare = new RareStates();
        foreach (RareState state in Enum.GetValues<RareState>())
        {
            rare.Add(state, numbers.GetValueOrDefault($"rare.{state}"));
        }

        long[] faults = new long[Enum.GetValues<FaultKind>().Length];
        foreach (FaultKind kind in Enum.GetValues<FaultKind>())
        {
            faults[(int)kind] = numbers.GetValueOrDefault($"fault.{kind}");
        }

        foreach (string name in (string[])["seeds", "events", "virtual-ns", "operations", "acknowledged", "reads"])
        {
            if (!numbers.ContainsKey(name))
            {
                reason = $"there is no line '{name}'";
                return false;
            }
        }

        var sum = new SeedResult(
            0,
            null,
            0,
            numbers["events"],
            numbers["virtual-ns"],
            numbers["operations"],
            numbers["acknowledged"],
            numbers["reads"],
            faults,
            rare);
        totals.Add(sum, numbers["seeds"]);
        return true;
    }

    private static string Line(string name, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{name} {number}");
}
