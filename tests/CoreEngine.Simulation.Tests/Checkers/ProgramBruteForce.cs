using System.Collections.Generic;
using System.Linq;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>The definitions of sequential and causal consistency, tried out over every order.</summary>
internal static class ProgramBruteForce
{
    /// <summary>Lamport 1979: every interleaving of the programs, without memory and without pruning.</summary>
    internal static bool IsSequential(IReadOnlyList<HistoryOperation> operations) =>
        Interleave(operations, new bool[operations.Count], []);

    /// <summary>
    /// Bouajjani et al. 2017, definition of CC: for each read there is an order of its causal past, itself last, that
    /// respects the causal order and in which it returns what it did; what others in it returned does not matter.
    /// </summary>
    internal static bool IsCausal(IReadOnlyList<HistoryOperation> all)
    {
        // What an unknown read returned, nobody saw.
        HistoryOperation[] operations =
            [.. all.Where(static one => !one.IsUnknown || one.Function != HistoryFunction.Read)];
        int count = operations.Length;
        bool[][] precedes = Closure(operations);
        for (int read = 0; read < count; read++)
        {
            if (precedes[read][read])
            {
                return false;
            }
        }

        for (int read = 0; read < count; read++)
        {
            if (operations[read].Function == HistoryFunction.Read)
            {
                int[] past = [.. Enumerable.Range(0, count).Where(other => precedes[other][read])];
                if (!HasOrder(operations, precedes, past, new bool[count], 0, null, operations[read]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool Interleave(
        IReadOnlyList<HistoryOperation> operations, bool[] isPlaced, Dictionary<string, string?> state)
    {
        if (!Enumerable.Range(0, isPlaced.Length).Any(i => !isPlaced[i] && !operations[i].IsUnknown))
        {
            return true;
        }

        for (int i = 0; i < isPlaced.Length; i++)
        {
            HistoryOperation operation = operations[i];
            bool isNext = !isPlaced[i] && !Enumerable.Range(0, i).Any(
                before => !isPlaced[before] && operations[before].Process == operation.Process);
            string? value = state.GetValueOrDefault(operation.Key);
            if (!isNext || !Fits(operation, value))
            {
                continue;
            }

            isPlaced[i] = true;
            state[operation.Key] = After(operation, value);
            bool isFound = Interleave(operations, isPlaced, state);
            state[operation.Key] = value;
            isPlaced[i] = false;
            if (isFound)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Fits(in HistoryOperation operation, string? value) => operation.Function switch
    {
        HistoryFunction.Read => operation.IsUnknown || operation.Value == value,
        HistoryFunction.Cas => operation.Expected == value,
        _ => true,
    };

    private static string? After(in HistoryOperation operation, string? value) => operation.Function switch
    {
        HistoryFunction.Read => value,
        HistoryFunction.Append => value + operation.Value,
        HistoryFunction.Delete => null,
        _ => operation.Value,
    };

    /// <summary>
    /// Program order and reads-from, closed by Warshall's loops. A read of nobody's value precedes itself.
    /// </summary>
    private static bool[][] Closure(HistoryOperation[] operations)
    {
        int count = operations.Length;
        bool[][] precedes = [.. Enumerable.Range(0, count).Select(_ => new bool[count])];
        for (int i = 0; i < count; i++)
        {
            bool isRead = operations[i] is { Function: HistoryFunction.Read, Value: not null };
            precedes[i][i] = isRead;
            for (int j = 0; j < count; j++)
            {
                bool isSource = isRead && operations[j].Function == HistoryFunction.Write
                    && operations[j].Key == operations[i].Key && operations[j].Value == operations[i].Value;
                precedes[j][i] |= isSource || (j < i && operations[j].Process == operations[i].Process);
                precedes[i][i] &= !isSource;
            }
        }

        for (int middle = 0; middle < count; middle++)
        {
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    precedes[i][j] |= precedes[i][middle] && precedes[middle][j];
                }
            }
        }

        return precedes;
    }

    private static bool HasOrder(
        HistoryOperation[] operations,
        bool[][] precedes,
        int[] past,
        bool[] isPlaced,
        int placed,
        string? value,
        in HistoryOperation read)
    {
        if (placed == past.Length)
        {
            return value == read.Value;
        }

        foreach (int next in past)
        {
            bool isFree = !isPlaced[next] && !past.Any(other => !isPlaced[other] && precedes[other][next]);
            if (isFree)
            {
                HistoryOperation operation = operations[next];
                bool isWrite = operation.Function == HistoryFunction.Write && operation.Key == read.Key;
                isPlaced[next] = true;
                bool isFound = HasOrder(
                    operations, precedes, past, isPlaced, placed + 1, isWrite ? operation.Value : value, read);
                isPlaced[next] = false;
                if (isFound)
                {
                    return true;
                }
            }
        }

        return false;
    }
}
