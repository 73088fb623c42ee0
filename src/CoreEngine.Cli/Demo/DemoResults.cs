using System;
using System.Collections.Generic;

namespace CoreEngine.Cli.Demo;

/// <summary>Everything that the demonstration has measured, as its phases fill it in.</summary>
internal sealed class DemoResults
{
    /// <summary>Counts of the phase in which nothing was killed.</summary>
    internal ClientTotals? Steady { get; set; }

    internal TimeSpan SteadyTime { get; set; }

    internal List<FailoverWindow> Windows { get; } = [];

    /// <summary>From the killed leader's start until it held everything that had been committed before it.</summary>
    internal TimeSpan CatchUp { get; set; }

    /// <summary>Entries that it had to catch up.</summary>
    internal ulong CatchUpEntries { get; set; }

    /// <summary>The replicas at the end, when nothing was in flight any more.</summary>
    internal IReadOnlyList<ReplicaView> Final { get; set; } = [];

    internal int FinalReads { get; set; }

    internal HistoryJudgement? Judgement { get; set; }

    /// <summary>Where the merged history stands.</summary>
    internal string HistoryPath { get; set; } = string.Empty;
}
