using System.Collections.Generic;
using System.Linq;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Demo;

/// <summary>What the recorded history shows.</summary>
internal sealed record HistoryJudgement
{
    /// <summary>Operations recorded.</summary>
    internal required int Operations { get; init; }

    /// <summary>Reads among a hundred operations.</summary>
    internal required double ReadPercent { get; init; }

    /// <summary>Operations that touch no failover window.</summary>
    internal required int Outside { get; init; }

    /// <summary>
    /// Ok among a hundred of them. A cas that found another value was answered, and is not ok: it counts against it.
    /// </summary>
    internal required double OkPercent { get; init; }

    internal required LinearizabilityVerdict Verdict { get; init; }

    /// <summary>
    /// What the checker says of the same history with one stale read; null when none could be planted.
    /// </summary>
    internal required LinearizabilityVerdict? Planted { get; init; }

    /// <summary>Which read was changed, or why none was.</summary>
    internal required string PlantedText { get; init; }

    /// <summary>Judges a merged history.</summary>
    internal static HistoryJudgement Of(IReadOnlyList<HistoryEvent> events, IReadOnlyList<FailoverWindow> windows)
    {
        (int operations, int reads, int outside, int ok) = Count(events, windows);
        LinearizabilityVerdict? planted = null;
        string text;
        if (StaleReadPlanter.TryPlant(events, seed: 1, out PlantedHistory? lie, out string? reason))
        {
            planted = LinearizabilityChecker.Check(lie.Events);
            text = $"a read of \"{lie.Key}\" made to return \"{lie.Stale}\" instead of \"{lie.Honest}\"";
        }
        else
        {
            text = reason;
        }

        return new HistoryJudgement
        {
            Operations = operations,
            ReadPercent = Percent(reads, operations),
            Outside = outside,
            OkPercent = Percent(ok, outside),
            Verdict = LinearizabilityChecker.Check(events),
            Planted = planted,
            PlantedText = text,
        };
    }

    private static (int Operations, int Reads, int Outside, int Ok) Count(
        IReadOnlyList<HistoryEvent> events, IReadOnlyList<FailoverWindow> windows)
    {
        var open = new Dictionary<int, HistoryEvent>();
        (int Operations, int Reads, int Outside, int Ok) counts = default;
        foreach (HistoryEvent e in events)
        {
            if (e.Type == HistoryEventType.Invoke)
            {
                open[e.Process] = e;
                counts.Operations++;
                counts.Reads += e.Function == HistoryFunction.Read ? 1 : 0;
            }
            else if (open.Remove(e.Process, out HistoryEvent invoke)
                && !windows.Any(window => window.Touches(invoke.Time, e.Time)))
            {
                counts.Outside++;
                counts.Ok += e.Type == HistoryEventType.Ok ? 1 : 0;
            }
        }

        return counts;
    }

    private static double Percent(int part, int whole) => whole == 0 ? 0 : 100.0 * part / whole;
}
