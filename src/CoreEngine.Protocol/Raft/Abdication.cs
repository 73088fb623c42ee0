using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// A leader whose own medium stands still, or has no room, leaves by itself: its heartbeats would keep everybody else
/// from serving what it cannot (raft.md S20: hashicorp/raft#503, ravendb#13406).
/// </summary>
/// <remarks>Pure: knows the medium by tickets and by what the loop tells of its room, the time by ticks.</remarks>
internal static class Abdication
{
    private const int PatienceFactorMax = 64;

    /// <summary>A turn begins: a medium with nothing to write is not waited for.</summary>
    internal static void BeginTurn(RaftState state)
    {
        Invariant.Holds(state.DurableTicket < state.NextTicket);
        if (state.DurableTicket + 1 == state.NextTicket)
        {
            state.MediumMovedNs = state.NowNs;
        }
    }

    /// <summary>The loop says whether the medium can take more entries.</summary>
    internal static void NoteRoom(RaftState state, bool hasRoom)
    {
        if (hasRoom)
        {
            state.FullPatienceNs = state.Options.StallNs;
        }
        else if (state.HasRoom)
        {
            state.FullSinceNs = state.NowNs;
        }

        state.HasRoom = hasRoom;
    }

    /// <summary>Steps down when the medium has stalled, or was full, for too long.</summary>
    /// <returns>True when this replica leads no more.</returns>
    internal static bool TryStepDown(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        if (state.IsAlone)
        {
            // Nobody else could lead.
            return false;
        }

        if (IsStalled(state))
        {
            ulong stallMs = (ulong)(state.Options.StallNs / 1_000_000);
            Election.LeaveLeadership(state, new Refusal(RefusalCode.DiskStalled, stallMs), outputs);
            return true;
        }

        if (state.HasRoom || state.NowNs - state.FullSinceNs < state.FullPatienceNs)
        {
            return false;
        }

        // Should everybody be full, one leads again, for reads: each time for longer.
        state.FullPatienceNs = long.Min(2 * state.FullPatienceNs, PatienceFactorMax * state.Options.StallNs);
        Election.LeaveLeadership(state, new Refusal(RefusalCode.LogFull), outputs);
        return true;
    }

    /// <summary>
    /// False while the medium stalls: a vote could not become durable, nor an entry. A full replica lets the others
    /// try first.
    /// </summary>
    internal static bool MayCampaign(RaftState state)
    {
        Invariant.Holds(state.Role != Role.Leader);
        if (state.IsAlone)
        {
            return true;
        }

        return !IsStalled(state) && (state.HasRoom || state.NowNs - state.LeaderHeardNs >= state.Options.StallNs);
    }

    private static bool IsStalled(RaftState state) =>
        state.NowNs - state.MediumMovedNs >= state.Options.StallNs;
}
