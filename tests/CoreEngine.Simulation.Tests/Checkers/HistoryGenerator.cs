using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Tests.Checkers;

/// <summary>
/// Makes histories that are linearizable by construction: every effect happens at one point inside its operation.
/// </summary>
/// <remarks>
/// Each process is at one of three places: idle, invoked, taken effect. A turn moves one process one place on. An
/// unknown operation takes effect at a later turn or never, while its process goes on under a new name.
/// </remarks>
internal sealed class HistoryGenerator(ulong seed)
{
    private readonly Prng _prng = new(seed);
    private readonly List<HistoryOperation> _done = [];
    private readonly List<HistoryOperation> _lost = [];
    private readonly Dictionary<string, string?> _values = [];
    private int _at;
    private int _unique;

    /// <summary>Values to choose from; 0 makes every value unique.</summary>
    internal int Values { get; init; } = 2;

    internal int Processes { get; init; } = 3;

    internal int Keys { get; init; } = 1;

    /// <summary>Operations lost of a hundred.</summary>
    internal int LostPercent { get; init; } = 25;

    /// <summary>Without appends the functions are read, write, cas and delete.</summary>
    internal bool HasAppends { get; init; } = true;

    /// <summary>Completed operations with their returns, and lost ones.</summary>
    internal List<HistoryOperation> Make(int count)
    {
        var open = new HistoryOperation?[Processes];
        bool[] hasTakenEffect = new bool[Processes];
        int started = 0;
        int busy = 0;
        while (started < count || busy > 0)
        {
            ApplySomeLost();
            int process = (int)_prng.Between(0, Processes);
            if (open[process] is not HistoryOperation operation)
            {
                if (started < count)
                {
                    open[process] = Draw();
                    hasTakenEffect[process] = false;
                    started++;
                    busy++;
                }
            }
            else if (!hasTakenEffect[process])
            {
                hasTakenEffect[process] = true;
                open[process] = TakeEffect(operation);
            }
            else
            {
                open[process] = null;
                busy--;
                if (operation.Returned != HistoryOperation.Never)
                {
                    _done.Add(operation with { Returned = _at++ });
                }
            }
        }

        return _done;
    }

    private HistoryOperation Draw()
    {
        string key = $"k{_prng.Between(0, Keys)}";
        var function = (HistoryFunction)_prng.Between(0, 5);
        function = function == HistoryFunction.Append && !HasAppends ? HistoryFunction.Write : function;
        string? expected = function != HistoryFunction.Cas ? null
            : _prng.Chance(1, 2) ? _values.GetValueOrDefault(key) : Value();
        string? value = function is HistoryFunction.Read or HistoryFunction.Delete ? null : Value();
        int invoked = _at++;
        return new HistoryOperation(invoked, 0, invoked, function, key, value, expected);
    }

    private string Value()
    {
        long value = Values > 0 ? _prng.Between(0, Values) : _unique++;
        return Values > 0 ? $"{(char)('a' + value)}" : $"v{value}";
    }

    /// <summary>
    /// Applies the operation here and now, or loses it. A failed cas becomes an operation that did not happen.
    /// </summary>
    private HistoryOperation TakeEffect(in HistoryOperation operation)
    {
        if (_prng.Chance(LostPercent, 100))
        {
            HistoryOperation lost = operation with { Returned = HistoryOperation.Never };
            _done.Add(lost);
            _lost.Add(lost);
            return lost;
        }

        string? state = _values.GetValueOrDefault(operation.Key);
        if (operation.Function == HistoryFunction.Read)
        {
            return operation with { Value = state };
        }

        return Apply(operation) ? operation : operation with { Returned = HistoryOperation.Never };
    }

    private void ApplySomeLost()
    {
        if (_lost.Count > 0 && _prng.Chance(1, 4))
        {
            int chosen = (int)_prng.Between(0, _lost.Count);
            Apply(_lost[chosen]);
            _lost.RemoveAt(chosen);
        }
    }

    private bool Apply(in HistoryOperation operation)
    {
        string? state = _values.GetValueOrDefault(operation.Key);
        if (operation.Function == HistoryFunction.Cas && operation.Expected != state)
        {
            return false;
        }

        _values[operation.Key] = operation.Function switch
        {
            HistoryFunction.Read => state,
            HistoryFunction.Append => state + operation.Value,
            HistoryFunction.Delete => null,
            _ => operation.Value,
        };
        return true;
    }
}
