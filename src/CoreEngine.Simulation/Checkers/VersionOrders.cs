using System;
using System.Collections.Generic;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Simulation.Checkers;

/// <summary>A read of a key's version from before the reader's own appends.</summary>
/// <param name="Reader">Number of the transaction.</param>
/// <param name="Length">Elements of the version: that many of the key's longest list.</param>
internal readonly record struct VersionRead(int Reader, int Length);

/// <summary>What a history tells of one key.</summary>
internal sealed class KeyVersions(string key)
{
    internal string Key { get; } = key;

    /// <summary>Writer of each element.</summary>
    internal Dictionary<long, int> Writers { get; } = [];

    /// <summary>The same in the order of the history.</summary>
    internal List<(long Element, int Writer)> Appends { get; } = [];

    /// <summary>Last element that each transaction appended.</summary>
    internal Dictionary<int, long> Finals { get; } = [];

    /// <summary>The longest list that a committed transaction read: the order of its elements' writes.</summary>
    internal IReadOnlyList<long> Longest { get; set; } = [];

    internal List<VersionRead> Reads { get; } = [];

    /// <summary>False when reads contradict one another, so that nothing follows from their order.</summary>
    internal bool IsOrdered { get; set; } = true;
}

/// <summary>Finds the version order of each key, and the anomalies that show in single reads.</summary>
internal sealed class VersionOrders
{
    private readonly Dictionary<string, KeyVersions> _keys = new(StringComparer.Ordinal);

    internal VersionOrders(List<HistoryTransaction> transactions)
    {
        Transactions = transactions;
        foreach (HistoryTransaction transaction in transactions)
        {
            NoteAppends(transaction);
        }

        foreach (HistoryTransaction transaction in transactions)
        {
            if (Fault is null && transaction.Outcome == TransactionOutcome.Committed)
            {
                NoteReads(transaction);
            }
        }
    }

    internal List<HistoryTransaction> Transactions { get; }

    /// <summary>The keys in the order of their first appearance.</summary>
    internal List<KeyVersions> Keys { get; } = [];

    internal List<FoundAnomaly> Anomalies { get; } = [];

    /// <summary>Why this is no list-append history; else null.</summary>
    internal string? Fault { get; private set; }

    private KeyVersions Versions(string key)
    {
        if (!_keys.TryGetValue(key, out KeyVersions? versions))
        {
            versions = new KeyVersions(key);
            _keys.Add(key, versions);
            Keys.Add(versions);
        }

        return versions;
    }

    private void NoteAppends(HistoryTransaction transaction)
    {
        foreach (TransactionStep step in transaction.Steps)
        {
            KeyVersions versions = Versions(step.Key);
            if (step.Function == TransactionFunction.Append)
            {
                if (!versions.Writers.TryAdd(step.Element, transaction.Number))
                {
                    Fault ??= $"element {step.Element} is appended to key {step.Key} twice";
                }

                versions.Appends.Add((step.Element, transaction.Number));
                versions.Finals[transaction.Number] = step.Element;
            }
        }
    }

    /// <summary>Strips a transaction's own appends off its reads; what is left must be one version per key.</summary>
    private void NoteReads(HistoryTransaction transaction)
    {
        var own = new Dictionary<string, List<long>>(StringComparer.Ordinal);
        var seen = new Dictionary<string, IReadOnlyList<long>>(StringComparer.Ordinal);
        foreach (TransactionStep step in transaction.Steps)
        {
            if (!own.TryGetValue(step.Key, out List<long>? appended))
            {
                appended = [];
                own.Add(step.Key, appended);
            }

            if (step.Function == TransactionFunction.Append)
            {
                appended.Add(step.Element);
                continue;
            }

            KeyVersions versions = Versions(step.Key);
            IReadOnlyList<long> list = step.List!;
            NoteOrder(versions, list, transaction);
            int length = list.Count - appended.Count;
            bool isConsistent = length >= 0
                && IsAt(list, length, appended)
                && !HoldsOwn(versions, list, length, transaction.Number);
            if (isConsistent && seen.TryGetValue(step.Key, out IReadOnlyList<long>? before))
            {
                isConsistent = before.Count == length && IsAt(list, 0, before);
            }
            else if (isConsistent)
            {
                var version = new List<long>(length);
                for (int i = 0; i < length; i++)
                {
                    version.Add(list[i]);
                }

                seen.Add(step.Key, version);
                versions.Reads.Add(new VersionRead(transaction.Number, length));
                JudgeVersion(versions, version, transaction);
            }

            if (!isConsistent)
            {
                Add(TransactionAnomaly.Internal, $"\"{step}\" contradicts its own earlier steps", transaction);
            }
        }
    }

    /// <summary>Keeps the longest list, and checks this one against it.</summary>
    private void NoteOrder(KeyVersions versions, IReadOnlyList<long> list, HistoryTransaction reader)
    {
        IReadOnlyList<long> longer = list.Count > versions.Longest.Count ? list : versions.Longest;
        IReadOnlyList<long> shorter = list.Count > versions.Longest.Count ? versions.Longest : list;
        if (!IsAt(longer, 0, shorter))
        {
            versions.IsOrdered = false;
            Add(
                TransactionAnomaly.IncompatibleOrder,
                $"key {versions.Key} was read as [{string.Join(' ', list)}] and as "
                    + $"[{string.Join(' ', versions.Longest)}]",
                reader);
        }

        versions.Longest = longer;
    }

    private void JudgeVersion(KeyVersions versions, List<long> version, HistoryTransaction reader)
    {
        var once = new HashSet<long>();
        foreach (long element in version)
        {
            if (!versions.Writers.TryGetValue(element, out int writer) || !once.Add(element))
            {
                versions.IsOrdered = false;
                Add(
                    TransactionAnomaly.UnwrittenRead,
                    $"element {element} of key {versions.Key} was not appended, or not that often",
                    reader);
            }
            else if (Transactions[writer].Outcome == TransactionOutcome.Aborted)
            {
                Add(
                    TransactionAnomaly.G1a,
                    $"aborted T{writer} -wr {versions.Key}-> T{reader.Number} over element {element}",
                    reader,
                    Transactions[writer]);
            }
        }

        if (version.Count > 0 && versions.Writers.TryGetValue(version[^1], out int last) &&
            versions.Finals[last] != version[^1])
        {
            Add(
                TransactionAnomaly.G1b,
                $"T{last} -wr {versions.Key}-> T{reader.Number} over element {version[^1]}, "
                    + $"which is not T{last}'s last",
                reader,
                Transactions[last]);
        }
    }

    private void Add(TransactionAnomaly kind, string what, params HistoryTransaction[] transactions)
    {
        // One of each kind is reported; a broken store must not fill the memory with the rest.
        if (!Anomalies.Exists(one => one.Kind == kind))
        {
            string members = string.Join("\n  ", (object[])transactions);
            string text = $"{SerializabilityChecker.NameOf(kind)}: {what}\n  {members}";
            Anomalies.Add(new FoundAnomaly(kind, text, [], transactions));
        }
    }

    private static bool HoldsOwn(KeyVersions versions, IReadOnlyList<long> list, int length, int reader)
    {
        for (int i = 0; i < length; i++)
        {
            if (versions.Writers.TryGetValue(list[i], out int writer) && writer == reader)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when the part stands in the list at the given place.</summary>
    private static bool IsAt(IReadOnlyList<long> list, int at, IReadOnlyList<long> part)
    {
        bool isSame = list.Count - at >= part.Count;
        for (int i = 0; isSame && i < part.Count; i++)
        {
            isSame = list[at + i] == part[i];
        }

        return isSame;
    }
}
