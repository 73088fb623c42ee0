namespace CoreEngine.Loop;

/// <summary>What one group may take of what all groups of the shard share, so that one which proposes without end does
/// not move the others' latencies.</summary>
/// <remarks>
/// Alone it has everything. As soon as another group is awake, its share of a turn, of each link, of a batch of the log
/// and of the memory for entries is bounded; what it does not get now it gets a turn later.
/// </remarks>
internal static class GroupCredits
{
    /// <summary>Bytes of proposals that a group may take in within one turn: four batches.</summary>
    internal const int TurnBytesMax = 4 * Ingress.ProposalBatchBytesMax;

    /// <summary>Bytes of entries that all groups led here may have under way to one peer; half of its queue.</summary>
    internal const long LinkBytes = 4L * 1024 * 1024;

    /// <summary>Of it, what one group has at most beside others, and at least.</summary>
    internal const long GroupLinkBytesMax = 512 * 1024;
    internal const long GroupLinkBytesMin = 64 * 1024;

    /// <summary>Writes that stand before that of a group, where several are awake.</summary>
    internal const int WritesShared = 2;

    /// <summary>Bytes of recent entries that the groups of a shard keep in memory, or one mebibyte for each that is
    /// awake, where that is more: the largest entry must find room.</summary>
    internal const long SuffixBytes = 256L * 1024 * 1024;

    /// <summary>A group's part of the turn begins: it is told what it may take.</summary>
    internal static void Give(EngineLoop loop, GroupRuntime group)
    {
        GroupSchedule schedule = loop.Schedule;
        int led = schedule.LedAwake - (group.Schedule.IsLedAwake ? 1 : 0);
        group.Core.CreditNoted(led == 0 ? int.MaxValue : LinkShare(led + 1));
        group.Suffix.Limit(SuffixBytes / int.Max(1, schedule.Awake));
    }

    private static int LinkShare(int groups) =>
        (int)long.Clamp(LinkBytes / groups, GroupLinkBytesMin, GroupLinkBytesMax);
}
