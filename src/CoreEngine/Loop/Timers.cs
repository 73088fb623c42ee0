using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>
/// Ends proposals that were not decided in time. Looks rarely: an undecided proposal is an exception.
/// </summary>
internal static class Timers
{
    internal const long PeriodNs = 100_000_000;

    /// <summary>Ends as Unknown, in all groups, what has waited for too long.</summary>
    internal static void Expire(EngineLoop loop)
    {
        while (loop.Undecided.First is { } source && source.Deadline <= loop.Now)
        {
            End(loop, source);
        }
    }

    /// <summary>Everything of a group that left its queue and is not decided ends as Unknown, now.</summary>
    internal static void EndAll(EngineLoop loop, GroupRuntime group)
    {
        ProposalSource? next = loop.Undecided.First;
        while (next is not null)
        {
            ProposalSource source = next;
            next = source.Later;
            if (source.Owner == group.Slots)
            {
                End(loop, source);
            }
        }
    }

    private static void End(EngineLoop loop, ProposalSource source)
    {
        GroupRuntime group = source.Owner!.Group;
        if (source.Stage == ProposalStage.Forwarded)
        {
            group.Forwarded--;
        }

        Invariant.Holds(group.Forwarded >= 0);
        loop.Decide(group, source.Correlation, Receipts.Unknown(), default);
    }
}
