using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Checkers;

/// <summary>The values of one key as small numbers, and what appends make of them.</summary>
/// <remarks>Equal numbers mean equal strings, exactly. Reused from key to key; not thread-safe.</remarks>
internal sealed class RegisterStates
{
    /// <summary>The key is absent.</summary>
    internal const int Absent = 0;

    /// <summary>No number: the bound on characters is reached.</summary>
    internal const int None = -1;

    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<(int State, int Argument), int> _appended = [];

    /// <summary>Value by number; place 0 stands for absent and is never read.</summary>
    private readonly List<string> _values = [string.Empty];

    /// <summary>Whether some operation may see the state: null until asked.</summary>
    private readonly List<bool?> _isObservable = [null];
    private readonly List<int> _observed = [];
    private long _charsLeft;
    private bool _hasAppends;

    internal void Reset(long charsMax)
    {
        _ids.Clear();
        _appended.Clear();
        _values.RemoveRange(1, _values.Count - 1);
        _isObservable.Clear();
        _isObservable.Add(null);
        _observed.Clear();
        _charsLeft = charsMax;
        _hasAppends = false;
    }

    /// <summary>The number of a value, or <see cref="None"/>.</summary>
    internal int Intern(string? value)
    {
        if (value is null)
        {
            return Absent;
        }

        if (_ids.TryGetValue(value, out int id))
        {
            return id;
        }

        if (value.Length >= _charsLeft)
        {
            return None;
        }

        _charsLeft -= value.Length + 1;
        id = _values.Count;
        _values.Add(value);
        _isObservable.Add(null);
        _ids.Add(value, id);
        return id;
    }

    /// <summary>The state after an append, or <see cref="None"/>.</summary>
    internal int Append(int state, int argument)
    {
        if (state == Absent)
        {
            return argument;
        }

        if (_appended.TryGetValue((state, argument), out int result))
        {
            return result;
        }

        string left = _values[state];
        string right = _values[argument];
        if ((long)left.Length + right.Length >= _charsLeft)
        {
            return None;
        }

        result = Intern(left + right);
        if (result != None)
        {
            _appended.Add((state, argument), result);
        }

        return result;
    }

    internal string? ValueOf(int state) => state == Absent ? null : _values[state];

    /// <summary>
    /// Notes that some operation returns or expects this value. All of them before the first question.
    /// </summary>
    internal void Observe(int state) => _observed.Add(state);

    /// <summary>
    /// Notes that the key has appends: then a state may also be seen as the beginning of a longer value.
    /// </summary>
    internal void NoteAppend() => _hasAppends = true;

    /// <summary>False when surely no operation can see this state, not even with something appended to it.</summary>
    internal bool IsObservable(int state)
    {
        bool known = _isObservable[state] ?? FindObserver(state);
        _isObservable[state] = known;
        return known;
    }

    private bool FindObserver(int state)
    {
        Invariant.Holds(state != None);
        foreach (int seen in _observed)
        {
            if (seen == state)
            {
                return true;
            }

            // An absent key counts as the empty string to an append, the beginning of every value.
            if (_hasAppends && seen != Absent &&
                (state == Absent || _values[seen].StartsWith(_values[state], StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }
}
