using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using CoreEngine.Model;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>A history with one lie in it.</summary>
/// <param name="Events">The history; only the result of one read differs.</param>
/// <param name="At">Position of the ok event that was changed.</param>
/// <param name="Key">Its key.</param>
/// <param name="Honest">What the read returned.</param>
/// <param name="Stale">What it returns now: a value that was overwritten before the read was invoked.</param>
public sealed record PlantedHistory(
    IReadOnlyList<HistoryEvent> Events, int At, string Key, string? Honest, string Stale);

/// <summary>Plants one stale read in a linearizable history, so that a checker can be shown to refuse it.</summary>
/// <remarks>
/// The argument does not rest on the checker under test. Take a key without appends; a value that one completed write
/// and no other operation, known or unknown, could set; a completed overwrite by another value that was invoked after
/// that write returned; and a completed read invoked after the overwrite returned. In every order the write precedes
/// the overwrite, the overwrite precedes the read, and nothing brings the value back: no order lets the read return it.
/// </remarks>
public static class StaleReadPlanter
{
    /// <summary>Plants one stale read, chosen by the seed. False with the reason when no read qualifies.</summary>
    public static bool TryPlant(
        IReadOnlyList<HistoryEvent> events,
        ulong seed,
        [NotNullWhen(true)] out PlantedHistory? planted,
        [NotNullWhen(false)] out string? reason)
    {
        planted = null;
        if (!HistoryOperation.TryPair(events, out IReadOnlyList<HistoryOperation>? operations, out reason))
        {
            return false;
        }

        List<(HistoryOperation Read, string Stale)> candidates = FindCandidates(operations);
        if (candidates.Count == 0)
        {
            reason = "no completed read follows an overwrite of a value that only one write could have set";
            return false;
        }

        (HistoryOperation read, string stale) = candidates[(int)new Prng(seed).Between(0, candidates.Count)];
        var changed = new List<HistoryEvent>(events);
        changed[read.Returned] = changed[read.Returned] with { Value = stale };
        planted = new PlantedHistory(changed, read.Returned, read.Key, read.Value, stale);
        return true;
    }

    private static List<(HistoryOperation Read, string Stale)> FindCandidates(
        IReadOnlyList<HistoryOperation> operations)
    {
        var keys = new Dictionary<string, KeyWalk>(StringComparer.Ordinal);
        foreach (HistoryOperation operation in operations)
        {
            if (!keys.TryGetValue(operation.Key, out KeyWalk? walk))
            {
                walk = new KeyWalk();
                keys.Add(operation.Key, walk);
            }

            walk.Note(operation);
        }

        var candidates = new List<(HistoryOperation Read, string Stale)>();
        foreach (HistoryOperation operation in operations)
        {
            if (operation.Function == HistoryFunction.Read && !operation.IsUnknown &&
                keys[operation.Key].FindStale(operation) is string stale)
            {
                candidates.Add((operation, stale));
            }
        }

        return candidates;
    }

    /// <summary>
    /// One key's operations that set values. Reads are asked about in the order of their invocations.
    /// </summary>
    private sealed class KeyWalk
    {
        private readonly Dictionary<string, int> _setters = new(StringComparer.Ordinal);

        /// <summary>Completed writes, cas and deletes by return.</summary>
        private readonly List<HistoryOperation> _changes = [];
        private bool _hasAppends;
        private bool _isSorted;
        private int _returned;

        /// <summary>Of the changes that returned so far, the one invoked last.</summary>
        private HistoryOperation? _latest;

        /// <summary>
        /// The latest-returning write that some change overwrote, as far as the walk has come; null when none.
        /// </summary>
        private string? _stale;
        private int _writes;

        internal void Note(in HistoryOperation operation)
        {
            _hasAppends |= operation.Function == HistoryFunction.Append;
            if (operation.Function is HistoryFunction.Write or HistoryFunction.Cas && operation.Value is not null)
            {
                _setters[operation.Value] = _setters.GetValueOrDefault(operation.Value) + 1;
            }

            bool isChange =
                operation.Function is HistoryFunction.Write or HistoryFunction.Cas or HistoryFunction.Delete;
            if (isChange && !operation.IsUnknown)
            {
                _changes.Add(operation);
            }
        }

        /// <summary>
        /// A value that was surely overwritten before the read was invoked and that nothing brings back.
        /// </summary>
        internal string? FindStale(in HistoryOperation read)
        {
            if (_hasAppends)
            {
                return null;
            }

            if (!_isSorted)
            {
                _changes.Sort(static (a, b) => a.Returned.CompareTo(b.Returned));
                _isSorted = true;
            }

            for (; _returned < _changes.Count && _changes[_returned].Returned < read.Invoked; _returned++)
            {
                if (_latest is null || _changes[_returned].Invoked > _latest.Value.Invoked)
                {
                    _latest = _changes[_returned];
                }
            }

            // Writes that returned before the latest overwrite was invoked are all overwritten; take the youngest with
            // one setter.
            for (; _latest is not null && _changes[_writes].Returned < _latest.Value.Invoked; _writes++)
            {
                HistoryOperation write = _changes[_writes];
                bool isUnique = write.Function == HistoryFunction.Write && _setters[write.Value!] == 1;
                _stale = isUnique ? write.Value : _stale;
            }

            return _stale;
        }
    }
}
