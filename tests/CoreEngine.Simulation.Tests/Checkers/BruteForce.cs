using System.Collections.Generic;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>
/// The definition of linearizability, tried out: every order of every choice of unknown operations, on one key.
/// </summary>
internal static class BruteForce
{
    internal static bool IsLinearizable(IReadOnlyList<HistoryOperation> operations) =>
        Extend(operations, new bool[operations.Count], null);

    private static bool Extend(IReadOnlyList<HistoryOperation> operations, bool[] isPlaced, string? state)
    {
        int firstReturn = HistoryOperation.Never;
        for (int i = 0; i < isPlaced.Length; i++)
        {
            if (!isPlaced[i] && operations[i].Returned < firstReturn)
            {
                firstReturn = operations[i].Returned;
            }
        }

        // Only unknown operations are left, and those may never happen.
        if (firstReturn == HistoryOperation.Never)
        {
            return true;
        }

        for (int i = 0; i < isPlaced.Length; i++)
        {
            if (isPlaced[i] || operations[i].Invoked > firstReturn || !Applies(operations[i], state, out string? next))
            {
                continue;
            }

            isPlaced[i] = true;
            bool isFound = Extend(operations, isPlaced, next);
            isPlaced[i] = false;
            if (isFound)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Applies(in HistoryOperation operation, string? state, out string? next)
    {
        next = operation.Function switch
        {
            HistoryFunction.Read => state,
            HistoryFunction.Append => state + operation.Value,
            HistoryFunction.Delete => null,
            _ => operation.Value,
        };
        return operation.Function switch
        {
            HistoryFunction.Read => operation.IsUnknown || operation.Value == state,
            HistoryFunction.Cas => operation.Expected == state,
            _ => true,
        };
    }
}
