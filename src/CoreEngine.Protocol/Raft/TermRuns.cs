using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>The term of every index of a log, as runs: entries of one term stand side by side, so an election costs
/// one run.</summary>
/// <remarks>
/// Terms never fall along the log (Raft paper, 5.3). The base stands before the log: index 0 with term 0, or the last
/// trimmed entry with its own. Of what lies below the base nothing is known.
/// </remarks>
internal sealed class TermRuns
{
    private Run[] _runs = new Run[4];
    private int _count;

    /// <summary>The index just before the first one known.</summary>
    internal ulong BaseIndex { get; private set; }

    /// <summary>Its term.</summary>
    internal ulong BaseTerm { get; private set; }

    /// <summary>Last index known; the base when the log is empty.</summary>
    internal ulong LastIndex { get; private set; }

    /// <summary>Term of <see cref="LastIndex"/>.</summary>
    internal ulong LastTerm => _count == 0 ? BaseTerm : _runs[_count - 1].Term;

    /// <summary>The term of 0, and of an index from the base to <see cref="LastIndex"/>.</summary>
    internal ulong TermAt(ulong index)
    {
        Invariant.Holds(index <= LastIndex);
        if (index == 0)
        {
            return 0;
        }

        Invariant.Holds(index >= BaseIndex);
        return index == BaseIndex ? BaseTerm : _runs[Find(index)].Term;
    }

    /// <summary>
    /// The largest index at or before <paramref name="index"/> whose term is at most <paramref name="term"/>; 0 when
    /// there is none. Below the base nothing is known: an index there is its own answer, and the base is committed, so
    /// both sides have it.
    /// Both sides of a conflict use it, so that every round of repair skips whole terms (Raft paper, end of 5.3).
    /// </summary>
    internal ulong LastAtMost(ulong index, ulong term)
    {
        Invariant.Holds(index <= LastIndex);
        if (index <= BaseIndex)
        {
            return index;
        }

        for (int i = Find(index); i >= 0; i--)
        {
            if (_runs[i].Term <= term)
            {
                return i == _count - 1 ? index : ulong.Min(index, _runs[i + 1].First - 1);
            }
        }

        return BaseIndex;
    }

    /// <summary>Adds the next index.</summary>
    internal void Append(ulong term)
    {
        Invariant.Holds(term >= LastTerm);
        Invariant.Holds(term > 0);
        LastIndex++;
        if (_count > 0 && _runs[_count - 1].Term == term)
        {
            return;
        }

        if (_count == _runs.Length)
        {
            Array.Resize(ref _runs, _runs.Length * 2);
        }

        _runs[_count++] = new Run(LastIndex, term);
    }

    /// <summary>Forgets everything above <paramref name="index"/>.</summary>
    internal void TruncateTo(ulong index)
    {
        Invariant.Holds(index <= LastIndex);
        Invariant.Holds(index >= BaseIndex);
        while (_count > 0 && _runs[_count - 1].First > index)
        {
            _count--;
        }

        LastIndex = index;
    }

    /// <summary>Forgets everything before <paramref name="index"/>, which becomes the base.</summary>
    internal void TrimTo(ulong index)
    {
        BaseTerm = TermAt(index);
        BaseIndex = index;
        int gone = 0;
        while (gone < _count && (gone + 1 < _count ? _runs[gone + 1].First - 1 : LastIndex) <= index)
        {
            gone++;
        }

        _count -= gone;
        Array.Copy(_runs, gone, _runs, 0, _count);
        if (_count > 0 && _runs[0].First <= index)
        {
            _runs[0] = _runs[0] with { First = index + 1 };
        }
    }

    /// <summary>The term of the base was not known, and is now.</summary>
    internal void SetBaseTerm(ulong term)
    {
        Invariant.Holds(BaseTerm == 0 || BaseTerm == term);
        BaseTerm = term;
    }

    /// <summary>Forgets everything: the log begins anew behind an index with a term.</summary>
    internal void Reset(ulong index, ulong term)
    {
        _count = 0;
        BaseIndex = index;
        BaseTerm = term;
        LastIndex = index;
    }

    private int Find(ulong index)
    {
        // Nearly every question is about the current term: the last run.
        int low = 0;
        int high = _count - 1;
        if (_runs[high].First <= index)
        {
            return high;
        }

        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (_runs[middle].First <= index)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private readonly record struct Run(ulong First, ulong Term);
}
