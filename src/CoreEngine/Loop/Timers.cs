using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>
/// Ends proposals that were not decided in time. Looks rarely: an undecided proposal is an exception.
/// </summary>
internal static class Timers
{
    internal const long PeriodNs = 100_000_000;

    internal static void Expire(EngineLoop loop)
    {
        foreach (GroupRuntime group in loop.Groups)
        {
            if (group.Slots.InUse > 0 && group.Fault is null)
            {
                EndUndecided(loop, group, loop.Now);
            }
        }
    }

    /// <summary>Everything that left the queue and is not decided ends as Unknown, now.</summary>
    internal static void EndAll(EngineLoop loop, GroupRuntime group) => EndUndecided(loop, group, long.MaxValue);

    /// <summary>True when some proposal that left the queue waits for its fate.</summary>
    internal static bool AnyUndecided(GroupRuntime group)
    {
        int made = group.Slots.Made;
        for (int slot = 0; slot < made; slot++)
        {
            if (group.Slots.At(slot) is { Stage: ProposalStage.InLog or ProposalStage.Forwarded })
            {
                return true;
            }
        }

        return false;
    }

    private static void EndUndecided(EngineLoop loop, GroupRuntime group, long now)
    {
        int made = group.Slots.Made;
        for (int slot = 0; slot < made; slot++)
        {
            ProposalSource? source = group.Slots.At(slot);
            if (source is null
                || source.Stage is not (ProposalStage.InLog or ProposalStage.Forwarded)
                || source.Deadline > now)
            {
                continue;
            }

            if (source.Stage == ProposalStage.Forwarded)
            {
                group.Forwarded--;
            }

            Invariant.Holds(group.Forwarded >= 0);
            loop.Decide(group, source.Correlation, Receipts.Unknown(), default);
        }
    }
}
