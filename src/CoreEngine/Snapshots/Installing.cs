using CoreEngine.Loop;

namespace CoreEngine.Snapshots;

/// <summary>What a jump of the boundaries means for those who wait.</summary>
internal static class Installing
{
    /// <summary>
    /// Proposals whose entries stood at or before the snapshot's index: the entries were never shown here, so nobody
    /// can tell which of them are in it.
    /// </summary>
    internal static void EndProposals(EngineLoop loop, GroupRuntime group, ulong index)
    {
        while (group.Pending.TryTake(index, out PendingEntry entry))
        {
            loop.Decide(group, entry.Correlation, Receipts.Unknown(), default);
        }
    }
}
