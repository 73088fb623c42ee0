using System;
using System.Collections.Generic;
using System.Linq;

namespace CoreEngine.Mutants;

/// <summary>A planted bug, as its file describes it.</summary>
/// <param name="Number">Its switch: 1 and up.</param>
/// <param name="Name">The name of its file.</param>
/// <param name="BugClass">The bug class or the row of the bug catalogue.</param>
/// <param name="Source">Where such a bug was real, or which scenario names it.</param>
/// <param name="Monitor">The monitor that must find it.</param>
/// <param name="Component">The component which that monitor names.</param>
/// <param name="About">What it does, in one sentence.</param>
internal sealed record Mutant(
    int Number, string Name, string BugClass, string Source, string Monitor, string Component, string About)
{
    /// <summary>Chance finds it too rarely, or no monitor is there to see it: a scripted scenario must fail under
    /// it.</summary>
    internal bool IsJudgedByScenario => Monitor == "scenario";
}

/// <summary>Which planted bug is active; the woven code asks at each of its switches.</summary>
/// <remarks>One at a time in a process. The list of mutants is generated beside the woven sources.</remarks>
internal static partial class Mutation
{
    /// <summary>0 for none: the engine as it is.</summary>
    private static int _active;

    /// <summary>All mutants, by number.</summary>
    internal static IReadOnlyList<Mutant> All => Woven;

    /// <summary>Those that seeds must kill by their monitor.</summary>
    internal static IEnumerable<Mutant> JudgedByMonitor =>
        Woven.Where(static mutant => !mutant.IsJudgedByScenario);

    /// <summary>Asked by the woven code.</summary>
    internal static bool Is(int number) => _active == number;

    /// <exception cref="InvalidOperationException">Another one is active.</exception>
    internal static void Activate(Mutant mutant)
    {
        if (_active != 0)
        {
            throw new InvalidOperationException($"a mutant is active, {mutant.Name} cannot be");
        }

        _active = mutant.Number;
    }

    internal static void Deactivate() => _active = 0;
}
