using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>Looks for an order of one key's operations that explains every reply.</summary>
/// <remarks>
/// The algorithm of Wing and Gong (1993) with Lowe's memory of configurations (2017), in the manner of Porcupine: the
/// invocations and returns stand in a linked list; placing an operation takes its two entries out; the first return in
/// the list ends the window of operations that may be placed next. Three rules make it fast, and none of them changes
/// the verdict:
/// <list type="number">
/// <item>A read that returns the present value is placed at once and never reconsidered: wherever a valid order has it
/// later, it may as well stand here, since it changes nothing.</item>
/// <item>An unknown operation is spent only where it changes the state and the next operation placed observes that
/// state (a read, a cas that matches, an append; known or unknown). Take a valid order that spends as few as possible:
/// an operation followed by an overwrite, or by nothing, would be spent in vain, and leaving it out would make a valid
/// order that spends fewer.</item>
/// <item>Of unknown operations that do the same, the one invoked first is spent first: exchanging two of them in a
/// valid order, so that the earlier invoked stands earlier, keeps it valid.</item>
/// </list>
/// The smallest prefix without a valid order ends at the furthest return that any configuration of a failed search met:
/// no configuration got past it, and some configuration got to it.
/// </remarks>
internal sealed class KeySearch
{
    private readonly KeyProblem _problem;
    private readonly CheckerLimits _limits;
    private readonly ConfigurationCache _cache;

    /// <summary>
    /// The linked list: entry 2i invokes operation i, entry 2i + 1 is its return, the last is head and tail.
    /// </summary>
    private readonly int[] _next;
    private readonly int[] _previous;
    private readonly int _head;

    /// <summary>Which operations are placed.</summary>
    private readonly ulong[] _placed;

    /// <summary>Unknown operations spent, by class.</summary>
    private readonly int[] _spent;
    private readonly ulong[] _spentScratch;
    private readonly List<Frame> _stack = [];

    /// <summary>State of the register after the operations placed.</summary>
    private int _state = RegisterStates.Absent;

    /// <summary>The last operation was an unknown one: only one that observes its result may follow.</summary>
    private bool _mustObserve;

    /// <summary>Highest operation placed, or -1.</summary>
    private int _high = -1;
    private int _spentCount;

    internal KeySearch(KeyProblem problem, ConfigurationCache cache, CheckerLimits limits)
    {
        _problem = problem;
        _cache = cache;
        _limits = limits;
        int count = problem.Known.Count;
        _head = 2 * count;
        _next = new int[_head + 1];
        _previous = new int[_head + 1];
        _placed = new ulong[(count / 64) + 1];
        _spent = new int[problem.Classes.Count];
        _spentScratch = new ulong[problem.Classes.Count];
        _cache.Reset(limits.MemoryBytesMax);
        Link();
    }

    /// <summary>Why the search was given up; null when it was not.</summary>
    internal string? GaveUp { get; private set; }

    /// <summary>Operations placed or spent, over all attempts.</summary>
    internal long Steps { get; private set; }

    /// <summary>The operation whose return no configuration got past; -1 when the search never got stuck.</summary>
    internal int Stuck { get; private set; } = -1;

    /// <summary>State of one configuration that was stuck there.</summary>
    internal int StuckState { get; private set; }

    /// <summary>Operations of that configuration: the window, then the last ones placed before it.</summary>
    internal List<HistoryOperation> StuckWindow { get; } = [];

    /// <summary>
    /// True when an order was found. False otherwise: there is none, or <see cref="GaveUp"/> tells why it is open.
    /// </summary>
    internal bool Run()
    {
        bool isNew = true;
        int entry = _head;
        int unknown = 0;
        while (GaveUp is null)
        {
            if (isNew)
            {
                PlaceReads();
                if (_next[_head] == _head)
                {
                    return true;
                }

                bool isOpen = TryEnter();
                entry = isOpen ? _next[_head] : _head;
                unknown = isOpen ? 0 : _spent.Length;
            }

            isNew = TryPlace(entry, ref unknown);
            if (!isNew)
            {
                NoteStuck();
                if (!TryBacktrack(out entry, out unknown))
                {
                    return false;
                }
            }
        }

        return false;
    }

    private void Link()
    {
        int count = _problem.Known.Count;
        int[] entries = new int[_head];
        int[] positions = new int[_head];
        for (int i = 0; i < count; i++)
        {
            entries[2 * i] = 2 * i;
            positions[2 * i] = _problem.Known[i].Invoked;
            entries[(2 * i) + 1] = (2 * i) + 1;
            positions[(2 * i) + 1] = _problem.Known[i].Returned;
        }

        Array.Sort(positions, entries);
        int last = _head;
        foreach (int entry in entries)
        {
            _next[last] = entry;
            _previous[entry] = last;
            last = entry;
        }

        _next[last] = _head;
        _previous[_head] = last;
    }

    /// <summary>Places every read that returns the present state, as far as the window reaches.</summary>
    private void PlaceReads()
    {
        int entry = _next[_head];
        while (IsCall(entry))
        {
            RegisterStep step = _problem.Steps[entry / 2];
            if (step.Function == HistoryFunction.Read && step.Value == _state)
            {
                // The window may reach further now; what stands before was looked at with this same state.
                int before = _previous[entry];
                Place(entry / 2, _state, isForced: true);
                entry = _next[before];
            }
            else
            {
                entry = _next[entry];
            }
        }
    }

    /// <summary>
    /// Enters a configuration. False when one that is no worse was entered before, or the bound is reached.
    /// </summary>
    private bool TryEnter()
    {
        int low = _next[_head] / 2;
        int first = low / 64;
        int words = Math.Max(0, (_high / 64) - first + (_high >= low ? 1 : 0));
        CacheResult result = _cache.TryAdd(
            (_state * 2) + (_mustObserve ? 1 : 0), low, _placed.AsSpan(first, words), SpentList());
        if (result == CacheResult.Full)
        {
            GaveUp = $"the search needs more than {_limits.MemoryBytesMax} bytes of configurations";
        }

        return result == CacheResult.Added;
    }

    private ReadOnlySpan<ulong> SpentList()
    {
        int count = 0;
        for (int i = 0; _spentCount > 0 && i < _spent.Length; i++)
        {
            if (_spent[i] > 0)
            {
                _spentScratch[count] = ((ulong)i << 32) | (uint)_spent[i];
                count++;
            }
        }

        return _spentScratch.AsSpan(0, count);
    }

    /// <summary>
    /// Places the next operation that may come here: known ones from an entry on, then unknown ones from a class on.
    /// </summary>
    private bool TryPlace(int entry, ref int unknown)
    {
        for (; IsCall(entry); entry = _next[entry])
        {
            RegisterStep step = _problem.Steps[entry / 2];
            if (step.Function != HistoryFunction.Read && TryApply(step, out int result))
            {
                Place(entry / 2, result, isForced: false);
                return GaveUp is null;
            }
        }

        int bound = FirstReturn();
        for (; unknown < _spent.Length; unknown++)
        {
            UnknownClass item = _problem.Classes[unknown];
            int used = _spent[unknown];
            bool isHere = used < item.Invoked.Count && item.Invoked[used].Invoked < bound;
            if (isHere && TryApply(item.Step, out int result) && result != _state &&
                _problem.States.IsObservable(result))
            {
                Spend(unknown, result);
                return GaveUp is null;
            }
        }

        return false;
    }

    private bool TryApply(in RegisterStep step, out int result)
    {
        bool isOverwrite = step.Function is HistoryFunction.Write or HistoryFunction.Delete;
        result = step.Value;
        if (isOverwrite)
        {
            result = step.Function == HistoryFunction.Delete ? RegisterStates.Absent : step.Value;
            return !_mustObserve;
        }

        if (step.Function == HistoryFunction.Cas)
        {
            return _state == step.Expected;
        }

        Invariant.Holds(step.Function == HistoryFunction.Append);
        result = _problem.States.Append(_state, step.Value);
        if (result == RegisterStates.None)
        {
            GaveUp = $"its appends build more than {_limits.ValueCharsMax} characters of values";
        }

        return result != RegisterStates.None;
    }

    private void Place(int operation, int result, bool isForced)
    {
        Push(new Frame(operation, _state, _high, _mustObserve, isForced));
        int call = 2 * operation;
        Unlink(call);
        Unlink(call + 1);
        _placed[operation / 64] |= 1UL << (operation % 64);
        _high = Math.Max(_high, operation);
        _state = result;
        _mustObserve = false;
    }

    private void Spend(int unknown, int result)
    {
        Push(new Frame(~unknown, _state, _high, _mustObserve, IsForced: false));
        _spent[unknown]++;
        _spentCount++;
        _state = result;
        _mustObserve = true;
    }

    private void Push(in Frame frame)
    {
        _stack.Add(frame);
        Steps++;
        if (Steps > _limits.StepsMax)
        {
            GaveUp = $"the search needs more than {_limits.StepsMax} steps";
        }
    }

    /// <summary>Takes back the last choice and says where to go on. False when no choice is left.</summary>
    private bool TryBacktrack(out int entry, out int unknown)
    {
        entry = _head;
        unknown = 0;
        while (_stack.Count > 0)
        {
            Frame frame = _stack[^1];
            _stack.RemoveAt(_stack.Count - 1);
            _state = frame.State;
            _high = frame.High;
            _mustObserve = frame.MustObserve;
            if (frame.Operation < 0)
            {
                _spent[~frame.Operation]--;
                _spentCount--;
                unknown = ~frame.Operation + 1;
                return true;
            }

            int call = 2 * frame.Operation;
            Relink(call + 1);
            Relink(call);
            _placed[frame.Operation / 64] &= ~(1UL << (frame.Operation % 64));
            if (!frame.IsForced)
            {
                entry = _next[call];
                return true;
            }
        }

        return false;
    }

    private void NoteStuck()
    {
        int bound = FirstReturn();
        if (Stuck >= 0 && _problem.Known[Stuck].Returned >= bound)
        {
            return;
        }

        StuckWindow.Clear();
        StuckState = _state;
        int entry = _next[_head];
        for (; IsCall(entry); entry = _next[entry])
        {
            StuckWindow.Add(_problem.Known[entry / 2]);
        }

        Stuck = entry / 2;
        int oldest = Math.Max(0, _stack.Count - LinearizabilityChecker.ReportedMax);
        for (int i = _stack.Count - 1; i >= oldest; i--)
        {
            int operation = _stack[i].Operation;
            StuckWindow.Add(operation >= 0 ? _problem.Known[operation] : SpentOperation(~operation));
        }
    }

    private HistoryOperation SpentOperation(int unknown) => _problem.Classes[unknown].Invoked[_spent[unknown] - 1];

    /// <summary>Place in the history of the first return in the list: it ends the window.</summary>
    private int FirstReturn()
    {
        int entry = _next[_head];
        while (IsCall(entry))
        {
            entry = _next[entry];
        }

        Invariant.Holds(entry != _head);
        return _problem.Known[entry / 2].Returned;
    }

    private bool IsCall(int entry) => entry % 2 == 0 && entry != _head;

    private void Unlink(int entry)
    {
        _next[_previous[entry]] = _next[entry];
        _previous[_next[entry]] = _previous[entry];
    }

    private void Relink(int entry)
    {
        _next[_previous[entry]] = entry;
        _previous[_next[entry]] = entry;
    }

    /// <summary>
    /// A choice, with what it replaced. An operation below zero is the complement of an unknown class.
    /// </summary>
    private readonly record struct Frame(int Operation, int State, int High, bool MustObserve, bool IsForced);
}
