using System.Collections.Generic;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>An operation in the numbers of <see cref="RegisterStates"/>.</summary>
internal readonly record struct RegisterStep(HistoryFunction Function, int Value, int Expected);

/// <summary>Unknown operations that do the same. They are interchangeable but for their invocations.</summary>
/// <param name="Step">What each of them does.</param>
/// <param name="Invoked">Their invocations, ascending.</param>
internal sealed record UnknownClass(RegisterStep Step, List<HistoryOperation> Invoked);

/// <summary>One key's operations, made ready for the search.</summary>
/// <remarks>
/// Unknown operations that can be left out without changing the verdict are left out here: reads; and those whose
/// result no operation can observe, because any order that uses one stays valid without it.
/// </remarks>
internal sealed class KeyProblem
{
    private KeyProblem(RegisterStates states, List<HistoryOperation> known)
    {
        States = states;
        Known = known;
        Steps = new RegisterStep[known.Count];
    }

    internal RegisterStates States { get; }

    /// <summary>Operations that surely happened, by invocation.</summary>
    internal List<HistoryOperation> Known { get; }

    /// <summary>The same in numbers.</summary>
    internal RegisterStep[] Steps { get; }

    /// <summary>Unknown operations that matter, in the order of their first invocations.</summary>
    internal List<UnknownClass> Classes { get; } = [];

    /// <summary>Builds the problem, or returns null when the values exceed the bound on characters.</summary>
    internal static KeyProblem? TryBuild(List<HistoryOperation> operations, RegisterStates states, CheckerLimits limits)
    {
        states.Reset(limits.ValueCharsMax);
        var known = new List<HistoryOperation>(operations.Count);
        var unknown = new List<HistoryOperation>();
        foreach (HistoryOperation operation in operations)
        {
            (operation.IsUnknown ? unknown : known).Add(operation);
        }

        var problem = new KeyProblem(states, known);
        for (int i = 0; i < known.Count; i++)
        {
            if (!problem.TryNumber(known[i], out problem.Steps[i]))
            {
                return null;
            }
        }

        return problem.TryClassify(unknown) ? problem : null;
    }

    private bool TryNumber(in HistoryOperation operation, out RegisterStep step)
    {
        step = new RegisterStep(operation.Function, States.Intern(operation.Value), States.Intern(operation.Expected));
        if (step.Value == RegisterStates.None || step.Expected == RegisterStates.None)
        {
            return false;
        }

        // An unknown read returns nothing to anybody: only what was really seen, or decides a cas, is an observation.
        switch (operation.Function)
        {
            case HistoryFunction.Read when !operation.IsUnknown:
                States.Observe(step.Value);
                break;
            case HistoryFunction.Cas:
                States.Observe(step.Expected);
                break;
            case HistoryFunction.Append:
                States.NoteAppend();
                break;
            default:
                break;
        }

        return true;
    }

    private bool TryClassify(List<HistoryOperation> unknown)
    {
        var places = new Dictionary<RegisterStep, UnknownClass>();
        foreach (HistoryOperation operation in unknown)
        {
            if (operation.Function == HistoryFunction.Read)
            {
                continue;
            }

            if (!TryNumber(operation, out RegisterStep step))
            {
                return false;
            }

            if (!places.TryGetValue(step, out UnknownClass? same))
            {
                same = new UnknownClass(step, []);
                places.Add(step, same);
                Classes.Add(same);
            }

            same.Invoked.Add(operation);
        }

        Classes.RemoveAll(IsWithoutEffect);
        return true;
    }

    /// <summary>The result of an append depends on the state, so it is judged when it is tried.</summary>
    private bool IsWithoutEffect(UnknownClass item) => item.Step.Function switch
    {
        HistoryFunction.Write or HistoryFunction.Cas => !States.IsObservable(item.Step.Value),
        HistoryFunction.Delete => !States.IsObservable(RegisterStates.Absent),
        _ => false,
    };
}
