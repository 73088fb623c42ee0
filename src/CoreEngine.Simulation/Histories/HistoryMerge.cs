using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;

namespace CoreEngine.Simulation.Histories;

/// <summary>Makes one history of several files that were written on one machine.</summary>
public static class HistoryMerge
{
    /// <summary>
    /// Merges by time and numbers the events anew. At equal times invocations come first: what may have overlapped,
    /// overlaps.
    /// </summary>
    /// <returns>False with the reason when a history goes back in time or two of them name the same process.</returns>
    public static bool TryMerge(
        IReadOnlyList<IReadOnlyList<HistoryEvent>> histories,
        [NotNullWhen(true)] out IReadOnlyList<HistoryEvent>? merged,
        [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(histories);
        merged = null;
        reason = FindFault(histories);
        if (reason is not null)
        {
            return false;
        }

        var heads = new PriorityQueue<int, (long Time, bool IsCompletion, int File)>();
        int[] places = new int[histories.Count];
        int total = 0;
        for (int file = 0; file < histories.Count; file++)
        {
            total += histories[file].Count;
            EnqueueHead(heads, histories, places, file);
        }

        var events = new List<HistoryEvent>(total);
        while (heads.TryDequeue(out int file, out _))
        {
            HistoryEvent e = histories[file][places[file]];
            events.Add(e with { Index = events.Count });
            places[file]++;
            EnqueueHead(heads, histories, places, file);
        }

        merged = events;
        return true;
    }

    private static void EnqueueHead(
        PriorityQueue<int, (long Time, bool IsCompletion, int File)> heads,
        IReadOnlyList<IReadOnlyList<HistoryEvent>> histories,
        int[] places,
        int file)
    {
        if (places[file] < histories[file].Count)
        {
            HistoryEvent head = histories[file][places[file]];
            heads.Enqueue(file, (head.Time, head.Type != HistoryEventType.Invoke, file));
        }
    }

    private static string? FindFault(IReadOnlyList<IReadOnlyList<HistoryEvent>> histories)
    {
        var owners = new Dictionary<int, int>();
        for (int file = 0; file < histories.Count; file++)
        {
            long time = long.MinValue;
            foreach (HistoryEvent e in histories[file])
            {
                if (e.Time < time)
                {
                    return $"history {file} goes back in time at event {e.Index}";
                }

                time = e.Time;
                if (!owners.TryAdd(e.Process, file) && owners[e.Process] != file)
                {
                    return $"process {e.Process} stands in histories {owners[e.Process]} and {file}: " +
                        "process ids must be unique";
                }
            }
        }

        return null;
    }
}
