using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>Makes programs of a few processes by running their operations one after another.</summary>
internal sealed class ProgramGenerator(ulong seed)
{
    private readonly Prng _prng = new(seed);
    private readonly Dictionary<string, string?> _state = [];

    /// <summary>Only reads, and writes of values that no other write has.</summary>
    internal bool HasUniqueWrites { get; init; }

    internal List<HistoryOperation> Make(int count)
    {
        var operations = new List<HistoryOperation>();
        int processes = (int)_prng.Between(2, 5);
        for (int i = 0; i < count; i++)
        {
            // A process that lost an operation is gone: another takes its place.
            int process = (int)_prng.Between(0, processes);
            bool isGone = operations.Exists(other => other.Process == process && other.IsUnknown);
            operations.Add(Run(2 * i, isGone ? 100 + i : process));
        }

        return operations;
    }

    /// <summary>Gives one read another result: one that some operation of its key has, or absent.</summary>
    internal static void Mutate(List<HistoryOperation> operations, Prng prng)
    {
        for (int times = (int)prng.Between(1, 3); times > 0; times--)
        {
            int chosen = (int)prng.Between(0, operations.Count);
            HistoryOperation other = operations[(int)prng.Between(0, operations.Count)];
            HistoryOperation operation = operations[chosen];
            if (operation.Function == HistoryFunction.Read)
            {
                operations[chosen] = operation with { Value = other.Key == operation.Key ? other.Value : null };
            }
            else if (operation.Process < 100 && other.Process < 100 && !operation.IsUnknown && !other.IsUnknown)
            {
                Swap(operations, chosen, operations.IndexOf(other));
            }
        }
    }

    /// <summary>Two operations change places; the places keep their times and processes.</summary>
    private static void Swap(List<HistoryOperation> operations, int one, int other)
    {
        HistoryOperation first = operations[one];
        HistoryOperation second = operations[other];
        operations[one] = Place(second, first);
        operations[other] = Place(first, second);
    }

    private static HistoryOperation Place(in HistoryOperation operation, in HistoryOperation place) =>
        operation with { Invoked = place.Invoked, Returned = place.Returned, Process = place.Process };

    private HistoryOperation Run(int at, int process)
    {
        string key = _prng.Chance(1, 2) ? "x" : "y";
        string? state = _state.GetValueOrDefault(key);
        var function = (HistoryFunction)_prng.Between(0, HasUniqueWrites ? 2 : 5);
        string? value = function switch
        {
            HistoryFunction.Read => state,
            HistoryFunction.Delete => null,
            _ => HasUniqueWrites ? $"v{at}" : $"{(char)('a' + _prng.Between(0, 3))}",
        };
        bool isLost = process < 100 && _prng.Chance(1, 12);
        bool hasEffect = function != HistoryFunction.Read && (!isLost || _prng.Chance(1, 2));
        if (hasEffect)
        {
            _state[key] = function == HistoryFunction.Append ? state + value : value;
        }

        string? expected = function == HistoryFunction.Cas ? state : null;
        int returned = isLost ? HistoryOperation.Never : at + 1;
        return new HistoryOperation(at, returned, process, function, key, value, expected);
    }
}
