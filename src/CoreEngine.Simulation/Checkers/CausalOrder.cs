using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>Program order with reads-from, made transitive by vector clocks.</summary>
/// <remarks>Operations are numbered process by process, in program order. Every read has a write or is
/// initial.</remarks>
internal sealed class CausalOrder
{
    private readonly List<HistoryOperation> _operations = [];

    /// <summary>Process of each operation.</summary>
    private readonly List<int> _process = [];

    /// <summary>First operation of each process.</summary>
    private readonly List<int> _first = [];

    /// <summary>Of a read the write it returned; -1 for the initial value and for writes.</summary>
    private readonly int[] _source;

    /// <summary>
    /// Per operation and process: how many operations of that process are in its past, itself counted. Null until
    /// known.
    /// </summary>
    private readonly int[]?[] _clocks;

    /// <summary>Per key: for each process that wrote it, its writes in program order.</summary>
    private readonly Dictionary<string, List<List<int>>> _writes = new(StringComparer.Ordinal);

    internal CausalOrder(List<List<HistoryOperation>> programs)
    {
        var byValue = new Dictionary<(string Key, string Value), int>();
        foreach (List<HistoryOperation> program in programs)
        {
            _first.Add(_operations.Count);
            foreach (HistoryOperation operation in program)
            {
                if (operation.Function == HistoryFunction.Write)
                {
                    byValue.Add((operation.Key, operation.Value!), _operations.Count);
                    NoteWrite(operation.Key, _operations.Count, _first.Count - 1);
                }

                _operations.Add(operation);
                _process.Add(_first.Count - 1);
            }
        }

        _source = new int[_operations.Count];
        for (int i = 0; i < _source.Length; i++)
        {
            HistoryOperation operation = _operations[i];
            bool hasSource = operation is { Function: HistoryFunction.Read, Value: not null };
            _source[i] = hasSource ? byValue[(operation.Key, operation.Value!)] : -1;
        }

        _clocks = new int[_operations.Count][];
        SetClocks();
    }

    internal int Count => _operations.Count;

    /// <summary>Operations each of which directly precedes the next, and the last the first; empty when none.</summary>
    internal List<HistoryOperation> Circle { get; } = [];

    internal HistoryOperation this[int operation] => _operations[operation];

    internal int SourceOf(int read) => _source[read];

    /// <summary>True when the one is in the causal past of the other, and is not the other.</summary>
    internal bool Precedes(int one, int other) => one != other && IsIn(one, other);

    /// <summary>A write of the read's key in its past; -1 when there is none.</summary>
    internal int FirstWriteBefore(int read)
    {
        foreach (int write in LatestWritesBefore(read))
        {
            return write;
        }

        return -1;
    }

    /// <summary>Of each process the latest write of the read's key in the read's past.</summary>
    internal IEnumerable<int> LatestWritesBefore(int read)
    {
        if (!_writes.TryGetValue(_operations[read].Key, out List<List<int>>? byProcess))
        {
            yield break;
        }

        foreach (List<int> writes in byProcess)
        {
            int low = 0;
            int high = writes.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                bool isBefore = IsIn(writes[middle], read);
                low = isBefore ? middle + 1 : low;
                high = isBefore ? high : middle;
            }

            if (low > 0)
            {
                yield return writes[low - 1];
            }
        }
    }

    private bool IsIn(int one, int other) => _clocks[other]![_process[one]] > one - _first[_process[one]];

    private void NoteWrite(string key, int write, int process)
    {
        if (!_writes.TryGetValue(key, out List<List<int>>? byProcess))
        {
            byProcess = [];
            _writes.Add(key, byProcess);
        }

        if (byProcess.Count == 0 || _process[byProcess[^1][0]] != process)
        {
            byProcess.Add([]);
        }

        byProcess[^1].Add(write);
    }

    /// <summary>The operation just before in its process, -1 when it is the first.</summary>
    private int Previous(int operation) => operation == _first[_process[operation]] ? -1 : operation - 1;

    /// <summary>Goes through the processes in turn, each as far as what it read is known.</summary>
    private void SetClocks()
    {
        int[] next = [.. _first];
        int left = Count;
        bool hasMoved = true;
        while (left > 0 && hasMoved)
        {
            hasMoved = false;
            for (int process = 0; process < next.Length; process++)
            {
                int end = process + 1 < next.Length ? _first[process + 1] : Count;
                while (next[process] < end && IsKnown(_source[next[process]]))
                {
                    SetClock(next[process]);
                    next[process]++;
                    left--;
                    hasMoved = true;
                }
            }
        }

        if (left > 0)
        {
            FindCircle();
        }
    }

    private bool IsKnown(int operation) => operation < 0 || _clocks[operation] is not null;

    private void SetClock(int operation)
    {
        int[] clock = new int[_first.Count];
        foreach (int past in (ReadOnlySpan<int>)[Previous(operation), _source[operation]])
        {
            for (int i = 0; past >= 0 && i < clock.Length; i++)
            {
                clock[i] = Math.Max(clock[i], _clocks[past]![i]);
            }
        }

        clock[_process[operation]] = operation - _first[_process[operation]] + 1;
        _clocks[operation] = clock;
    }

    /// <summary>
    /// Every operation without a clock has a direct predecessor without one: walking back must repeat.
    /// </summary>
    private void FindCircle()
    {
        int at = Array.FindIndex(_clocks, static clock => clock is null);
        var walked = new List<int>();
        while (!walked.Contains(at))
        {
            walked.Add(at);
            int previous = Previous(at);
            at = IsKnown(_source[at]) ? previous : _source[at];
            Invariant.Holds(at >= 0 && _clocks[at] is null);
        }

        for (int i = walked.Count - 1; i >= walked.IndexOf(at); i--)
        {
            Circle.Add(_operations[walked[i]]);
        }
    }
}
