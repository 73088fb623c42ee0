using CoreEngine.Model;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Time;

/// <summary>
/// Closed timestamps (requirements S1-06): the stamp of a committed entry is closed, nothing with that stamp or a
/// lower one will ever be committed after it. Where nobody proposes, empty entries keep it moving.
/// </summary>
/// <remarks>
/// Stamps rise along the log, whoever leads: a leader has every committed entry in its log, and its clock has seen
/// their stamps. That is why time is closed by entries, which survive restarts, and never by a bare message, whose
/// promise a quorum could forget.
/// </remarks>
internal static class ClosedTime
{
    /// <summary>The leader's part of a tick: closes time when the newest entry is older than the target.</summary>
    internal static void Tick(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        if (IsIdle(state) && state.NowNs >= Deadline(state))
        {
            _ = EmptyEntry.TryAppend(state, EntryFlags.Anchor, outputs);
        }
    }

    /// <summary>When the rule wants a tick next.</summary>
    internal static long Deadline(RaftState state) =>
        state.Role == Role.Leader && IsIdle(state)
            ? state.Lease.SeenNs + state.Options.CloseTargetNs
            : long.MaxValue;

    private static bool IsIdle(RaftState state) =>
        state.Options.CloseTargetNs > 0 && state.LastIndex == state.CommitIndex;
}
