namespace CoreEngine.Loop;

/// <summary>
/// Ends proposals that were not decided in time. Looks rarely: an undecided proposal is an exception.
/// </summary>
internal static class Timers
{
    internal const long PeriodNs = 100_000_000;

    /// <summary>Ends as Unknown, in all groups, what has waited for too long; queues again what belongs to a
    /// session.</summary>
    internal static void Expire(EngineLoop loop)
    {
        while (loop.Undecided.First is { } source && source.Deadline <= loop.Now)
        {
            End(loop, source);
        }

        while (loop.Retrying.First is { } source && source.Deadline <= loop.Now)
        {
            SessionRetry.TryAgain(loop, source);
        }
    }

    /// <summary>Everything of a group that left its queue and is not decided ends as Unknown, now.</summary>
    internal static void EndAll(EngineLoop loop, GroupRuntime group)
    {
        EndAll(loop, group, loop.Undecided.First);
        EndAll(loop, group, loop.Retrying.First);
    }

    private static void EndAll(EngineLoop loop, GroupRuntime group, ProposalSource? next)
    {
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

    private static void End(EngineLoop loop, ProposalSource source) =>
        loop.Decide(source.Owner!.Group, source.Correlation, Receipts.Unknown(), default);
}
