using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>
/// Searches one order of several programs by placing operations one after another and going back (Wing and Gong 1993),
/// with a memory of configurations (Lowe 2017), over program order instead of real time.
/// </summary>
/// <remarks>
/// A read that fits is placed at once: it changes nothing, so an order that places it later also works with it here.
/// The memory compares whole configurations, never hashes alone: a refusal is certain. Single use; not thread-safe.
/// </remarks>
internal sealed class ProgramOrderSearch
{
    private readonly CheckerLimits _limits;
    private readonly RegisterStates _states = new();
    private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);

    /// <summary>The operations of each process in numbers, in their order.</summary>
    private readonly Step[][] _programs;

    /// <summary>Of each (key, value): the operations not yet placed that can set it.</summary>
    private readonly Dictionary<(int Key, int Value), int> _setters = [];

    /// <summary>Keys with appends: what they can become is not known in advance.</summary>
    private readonly HashSet<int> _appended = [];
    private readonly HashSet<int[]> _visited = new(new SameNumbers());
    private readonly Stack<Placement> _placed = new();

    /// <summary>Place of the next operation of each process, then the state of each key.</summary>
    private int[] _now = [];

    /// <summary>Operations of known outcome not yet placed. 0 means an order is found.</summary>
    private int _knownLeft;
    private int _deepest = -1;

    private ProgramOrderSearch(int processes, CheckerLimits limits)
    {
        _limits = limits;
        _programs = new Step[processes][];
        _states.Reset(limits.ValueCharsMax);
    }

    internal long Steps { get; private set; }

    /// <summary>The bound that ended the search; null when it came to an end.</summary>
    internal string? GaveUp { get; private set; }

    /// <summary>Next operation of each process where the most operations were placed.</summary>
    internal int[] DeepestNext { get; private set; } = [];

    /// <summary>Numbers the programs. Null when the values exceed the bound on characters.</summary>
    internal static ProgramOrderSearch? TryBuild(List<List<HistoryOperation>> programs, CheckerLimits limits)
    {
        var search = new ProgramOrderSearch(programs.Count, limits);
        for (int process = 0; process < programs.Count; process++)
        {
            search._programs[process] = new Step[programs[process].Count];
            for (int i = 0; i < programs[process].Count; i++)
            {
                if (!search.TryNumber(programs[process][i], out search._programs[process][i]))
                {
                    return null;
                }
            }
        }

        search._now = new int[programs.Count + search._keys.Count];
        return search;
    }

    /// <summary>True when an order exists; false when none exists or the search gave up.</summary>
    internal bool Run()
    {
        while (GaveUp is null)
        {
            PlaceFittingReads();
            NoteDeepest();
            if (_knownLeft == 0)
            {
                return true;
            }

            bool isOpen = !IsDead() && IsNew() && TryPlaceFrom(0);
            if (!isOpen && !TryGoBack())
            {
                return false;
            }
        }

        return false;
    }

    private bool TryNumber(in HistoryOperation operation, out Step step)
    {
        if (!_keys.TryGetValue(operation.Key, out int key))
        {
            key = _keys.Count;
            _keys.Add(operation.Key, key);
        }

        int value = _states.Intern(operation.Value);
        int expected = _states.Intern(operation.Expected);
        step = new Step(operation.Function, key, value, expected, operation.IsUnknown);
        _knownLeft += operation.IsUnknown ? 0 : 1;
        if (operation.Function == HistoryFunction.Append)
        {
            _appended.Add(key);
        }
        else if (operation.Function != HistoryFunction.Read)
        {
            _setters[(key, value)] = _setters.GetValueOrDefault((key, value)) + 1;
        }

        return value != RegisterStates.None && expected != RegisterStates.None;
    }

    private void PlaceFittingReads()
    {
        for (int process = 0; process < _programs.Length; process++)
        {
            while (_now[process] < _programs[process].Length)
            {
                Step step = _programs[process][_now[process]];
                if (step.Function != HistoryFunction.Read || step.IsUnknown || step.Value != StateOf(step.Key))
                {
                    break;
                }

                Place(process, step, step.Value, isForced: true);
            }
        }
    }

    private void NoteDeepest()
    {
        if (_placed.Count > _deepest)
        {
            _deepest = _placed.Count;
            DeepestNext = _now[.._programs.Length];
        }
    }

    /// <summary>True when some process waits for a value that its key does not have and nothing left can set.</summary>
    private bool IsDead()
    {
        for (int process = 0; process < _programs.Length; process++)
        {
            if (_now[process] == _programs[process].Length)
            {
                continue;
            }

            Step step = _programs[process][_now[process]];
            if (step.IsUnknown || !step.NeedsState || _appended.Contains(step.Key))
            {
                continue;
            }

            if (step.Needed != StateOf(step.Key) && _setters.GetValueOrDefault((step.Key, step.Needed)) == 0)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsNew()
    {
        long bytes = (_visited.Count + 1L) * ((_now.Length * sizeof(int)) + 64);
        if (bytes > _limits.MemoryBytesMax)
        {
            GaveUp = $"it remembers {_visited.Count} configurations, the bound of {_limits.MemoryBytesMax} bytes";
            return false;
        }

        return !_visited.Contains(_now) && _visited.Add((int[])_now.Clone());
    }

    /// <summary>
    /// Places the next operation of the first process, from the given one on, that has one that fits.
    /// </summary>
    private bool TryPlaceFrom(int first)
    {
        for (int process = first; process < _programs.Length && GaveUp is null; process++)
        {
            if (_now[process] < _programs[process].Length)
            {
                Step step = _programs[process][_now[process]];
                if (TryApply(step, out int next))
                {
                    Place(process, step, next, isForced: false);
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>False when the operation does not fit the state, or does nothing that a search must try.</summary>
    private bool TryApply(in Step step, out int next)
    {
        int state = StateOf(step.Key);
        next = step.Value;
        switch (step.Function)
        {
            case HistoryFunction.Read:
                return false;
            case HistoryFunction.Cas:
                return step.Expected == state;
            case HistoryFunction.Append:
                next = _states.Append(state, step.Value);
                GaveUp = next == RegisterStates.None ? $"the values exceed {_limits.ValueCharsMax} characters" : GaveUp;
                return next != RegisterStates.None;
            default:
                return true;
        }
    }

    private void Place(int process, in Step step, int next, bool isForced)
    {
        Steps++;
        if (Steps >= _limits.StepsMax)
        {
            GaveUp = $"it took {Steps} steps, the bound";
        }

        _placed.Push(new Placement(process, StateOf(step.Key), isForced));
        _now[process]++;
        _now[_programs.Length + step.Key] = next;
        Count(step, -1);
        _knownLeft -= step.IsUnknown ? 0 : 1;
        Invariant.Holds(_knownLeft >= 0);
    }

    /// <summary>Takes back placements up to the last choice that has another process to try, and tries it.</summary>
    private bool TryGoBack()
    {
        while (_placed.TryPop(out Placement last))
        {
            _now[last.Process]--;
            Step step = _programs[last.Process][_now[last.Process]];
            _now[_programs.Length + step.Key] = last.State;
            Count(step, 1);
            _knownLeft += step.IsUnknown ? 0 : 1;
            if (!last.IsForced && TryPlaceFrom(last.Process + 1))
            {
                return true;
            }
        }

        return false;
    }

    private void Count(in Step step, int change)
    {
        if (step.Function is not (HistoryFunction.Read or HistoryFunction.Append))
        {
            _setters[(step.Key, step.Value)] += change;
            Invariant.Holds(_setters[(step.Key, step.Value)] >= 0);
        }
    }

    private int StateOf(int key) => _now[_programs.Length + key];

    /// <summary>An operation in the numbers of <see cref="RegisterStates"/>.</summary>
    private readonly record struct Step(HistoryFunction Function, int Key, int Value, int Expected, bool IsUnknown)
    {
        internal bool NeedsState => Function is HistoryFunction.Read or HistoryFunction.Cas;

        internal int Needed => Function == HistoryFunction.Read ? Value : Expected;
    }

    /// <summary>An operation placed: its process, and the state of its key before.</summary>
    private readonly record struct Placement(int Process, int State, bool IsForced);

    private sealed class SameNumbers : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? x, int[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(int[] obj)
        {
            ulong hash = 14695981039346656037;
            foreach (int number in obj)
            {
                hash = unchecked((hash ^ (uint)number) * 1099511628211);
            }

            return unchecked((int)(hash ^ (hash >> 32)));
        }
    }
}
