using System;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Diagnostics;

/// <summary>How long each condition may fail before it is named. Nanoseconds.</summary>
/// <param name="HearNs">A quorum is silent, proposals or writes wait.</param>
/// <param name="LeadNs">Nobody leads: elections take a while.</param>
/// <param name="ApplyNs">The machine takes nothing in.</param>
internal readonly record struct StallPatience(long HearNs, long LeadNs, long ApplyNs)
{
    private const long ApplyNsMin = 1_000_000_000;

    internal static StallPatience Of(EngineOptions options)
    {
        long shortest = options.ElectionMin.Ticks * 100;
        long longest = options.ElectionMax.Ticks * 100;
        return new StallPatience(shortest, longest, long.Max(ApplyNsMin, longest));
    }
}

/// <summary>
/// Names which of the five conditions of progress fails (S0-44): authority, quorum, medium, apply, room. Looks at what
/// the shard noted last, from any thread, so that it can also tell of a shard that is stuck in its host's machine.
/// </summary>
/// <remarks>
/// One cause often brings others after it; the first in the chain is named. A medium that stands still costs the
/// leadership, a quorum that is not heard makes elections fail, and without commits the room for proposals runs out.
/// </remarks>
internal static class StallExplainer
{
    /// <summary>The report for a group at a time of its own monotonic clock.</summary>
    internal static ProgressReport Explain(GroupRuntime group, long nowNs)
    {
        (FrontierValues at, CoreStatus status, ProgressNotes notes) = group.View.ReadAll();
        StallPatience patience = StallPatience.Of(group.EngineOptions);
        (ProgressCondition failing, long since) = Find(status, notes, group.InlineSince, patience, nowNs);
        if (failing == ProgressCondition.None)
        {
            return new ProgressReport(failing, TimeSpan.Zero, string.Empty);
        }

        TimeSpan failingFor = TimeSpan.FromTicks(long.Max(0, nowNs - since) / 100);
        return new ProgressReport(failing, failingFor, Text(failing, at, status, notes));
    }

    /// <summary>Which condition fails, and since when.</summary>
    internal static (ProgressCondition Failing, long SinceNs) Find(
        in CoreStatus status, in ProgressNotes notes, long inlineSinceNs, in StallPatience patience, long nowNs)
    {
        CoreProgress core = notes.Core;
        if (IsOver(inlineSinceNs, patience.ApplyNs, nowNs))
        {
            return (ProgressCondition.Apply, inlineSinceNs);
        }

        if (IsOver(core.MediumWaitsSinceNs, patience.HearNs, nowNs))
        {
            return (ProgressCondition.Medium, core.MediumWaitsSinceNs);
        }

        if (status.Role == Role.Leader && nowNs - core.QuorumHeardNs >= patience.HearNs)
        {
            return (ProgressCondition.Quorum, core.QuorumHeardNs);
        }

        if (IsOver(notes.LeaderlessSinceNs, patience.LeadNs, nowNs))
        {
            // Whoever campaigns is answered by all that live: silence since then means that they are not reached.
            bool isReached = nowNs - core.QuorumHeardNs < 2 * patience.LeadNs;
            return (isReached ? ProgressCondition.Authority : ProgressCondition.Quorum, notes.LeaderlessSinceNs);
        }

        if (IsOver(notes.ApplyWaitsSinceNs, patience.ApplyNs, nowNs))
        {
            return (ProgressCondition.Apply, notes.ApplyWaitsSinceNs);
        }

        bool isHeld = IsOver(notes.QueueHeldSinceNs, patience.HearNs, nowNs);
        return isHeld || notes.IsLogFull
            ? (ProgressCondition.Room, isHeld ? notes.QueueHeldSinceNs : notes.TurnNs)
            : (ProgressCondition.None, 0);
    }

    private static bool IsOver(long sinceNs, long patienceNs, long nowNs) =>
        sinceNs != 0 && nowNs - sinceNs >= patienceNs;

    private static string Text(
        ProgressCondition failing, in FrontierValues at, in CoreStatus status, in ProgressNotes notes)
    {
        return failing switch
        {
            ProgressCondition.Authority =>
                $"no replica leads (term {status.Term}) though a quorum is heard; look for equal timeouts, slow disks",
            ProgressCondition.Quorum =>
                "no quorum of voters is heard from here; start replicas or mend the network",
            ProgressCondition.Medium =>
                $"this replica's disk completes nothing ({at.Durable} of {at.Appended} entries durable); look at it",
            ProgressCondition.Apply =>
                $"the state machine takes nothing in ({at.Applied} of {at.Committed} committed entries applied); "
                + "look at the host's Apply",
            ProgressCondition.Room => notes.IsLogFull
                ? "the disk has no room for another log segment; free space on it"
                : $"proposals find no credit ({at.Appended - at.Committed} entries uncommitted); look for who is slow",
            _ => string.Empty,
        };
    }
}
