using System;
using System.Globalization;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Workload;

/// <summary>Draws a checked client's operations from a seed.</summary>
/// <remarks>
/// Every fourth key takes appends, the others cas: a key with both would make nearly every cas miss. A cas follows its
/// own client's
/// look at the key, so that most of them match.
/// </remarks>
internal sealed class OperationMix(WorkloadOptions options, Prng prng)
{
    private const int AppendKeyEvery = 4;

    /// <summary>The key and value that this client saw or wrote last; null when it has none to expect.</summary>
    private string? _lastKey;
    private string? _lastValue;
    private long _next;

    /// <summary>The next operation of a process; written values are unique.</summary>
    internal CheckedOperation Next(int process)
    {
        if (_lastKey is not null && _lastValue is not null && prng.Chance(1, 6))
        {
            return new CheckedOperation(HistoryFunction.Cas, _lastKey, Unique(process), _lastValue);
        }

        int number = (int)prng.Between(0, options.Keys);
        string key = string.Create(CultureInfo.InvariantCulture, $"{options.Prefix}{number}");
        if (prng.Chance(options.ReadPercent, 100))
        {
            return new CheckedOperation(HistoryFunction.Read, key);
        }

        if (prng.Chance(1, 12))
        {
            return new CheckedOperation(HistoryFunction.Delete, key);
        }

        // An append's value begins with a separator: the parts of a value can be told apart.
        return number % AppendKeyEvery == 0 && !prng.Chance(1, 4)
            ? new CheckedOperation(HistoryFunction.Append, key, $",{Unique(process)}")
            : new CheckedOperation(HistoryFunction.Write, key, Unique(process));
    }

    /// <summary>Remembers what a completed operation showed; only keys without appends are worth a cas.</summary>
    internal void Note(in CheckedOperation operation, string? value)
    {
        bool isPlain =
            int.Parse(operation.Key.AsSpan(options.Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture)
            % AppendKeyEvery != 0;
        _lastKey = isPlain ? operation.Key : null;
        _lastValue = operation.Function == HistoryFunction.Delete ? null : value;
    }

    /// <summary>An operation failed or is unknown: nothing is known of its key.</summary>
    internal void Forget() => _lastKey = null;

    private string Unique(int process) => string.Create(CultureInfo.InvariantCulture, $"{process}.{_next++}");
}
