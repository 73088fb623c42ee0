using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>What the shard notes of a group's progress at the end of a turn. Monotonic nanoseconds; 0 means that the
/// matter is in order.</summary>
/// <param name="TurnNs">When.</param>
/// <param name="LeaderlessSinceNs">Nobody is known to lead.</param>
/// <param name="ApplyWaitsSinceNs">Committed entries wait and the machine takes none.</param>
/// <param name="QueueHeldSinceNs">Proposals wait and none is taken in.</param>
/// <param name="IsLogFull">The medium has no room for another segment.</param>
/// <param name="Core">What the core says.</param>
internal readonly record struct ProgressNotes(
    long TurnNs,
    long LeaderlessSinceNs,
    long ApplyWaitsSinceNs,
    long QueueHeldSinceNs,
    bool IsLogFull,
    CoreProgress Core)
{
    /// <summary>The notes of this turn.</summary>
    internal ProgressNotes Next(long nowNs, in FrontierValues before, GroupRuntime group, bool isLogFull)
    {
        FrontierValues at = group.Frontiers.Values;
        bool waits = at.Applied < at.Committed;
        bool hasMoved = at.Applied != before.Applied;
        return new ProgressNotes(
            nowNs,
            group.Core.Status.Leader != 0 ? 0 : Since(LeaderlessSinceNs, nowNs),
            !waits ? 0 : hasMoved ? nowNs : Since(ApplyWaitsSinceNs, nowNs),
            group.QueueHeldSince,
            isLogFull,
            group.Core.Progress);
    }

    private static long Since(long known, long nowNs) => known != 0 ? known : nowNs;
}
