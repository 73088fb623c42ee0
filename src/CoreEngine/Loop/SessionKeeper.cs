using System;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine.Loop;

/// <summary>A leader's part in the end of idle sessions: it proposes it, and the stamps of the log decide.</summary>
internal static class SessionKeeper
{
    private const long PeriodNsMin = 200_000_000;
    private const long PeriodNsMax = 1_000_000_000;
    private const int ExpiriesMax = 64;
    private const int BatchBytes = ProposalReader.HeaderBytes + EntryIdentity.BytesMax;

    /// <summary>When the leader wants to look next. Monotonic nanoseconds.</summary>
    internal static long DeadlineOf(GroupRuntime group) =>
        group.Sessions.Open == 0 || group.Core.Status.Role != Role.Leader
            ? long.MaxValue
            : group.SessionsLookedAt;

    /// <summary>Looks for idle sessions when it is time. Returns true when an entry was proposed.</summary>
    internal static bool Expire(EngineLoop loop, GroupRuntime group)
    {
        if (loop.Now < DeadlineOf(group))
        {
            return false;
        }

        group.SessionsLookedAt = loop.Now + PeriodNsMin;
        if (!group.Applier.IsIdle || loop.IsLogFull)
        {
            return false;
        }

        SessionTable table = group.Sessions.Table;
        ulong nowMs = (ulong)long.Max(loop.WallNs / 1_000_000, 0);
        ulong earliestMs = ulong.MaxValue;
        int proposed = 0;
        for (int i = 0; i < table.Count && proposed < ExpiriesMax; i++)
        {
            ulong idleMs = SessionTable.IdleAt(table[i]);
            earliestMs = ulong.Min(earliestMs, idleMs);
            proposed += idleMs <= nowMs && Propose(group, table[i].Number) ? 1 : 0;
        }

        // Nobody of these can be idle before that, and a new session not before the longest period.
        long restNs = earliestMs <= nowMs ? 0 : (long)ulong.Min(earliestMs - nowMs, int.MaxValue) * 1_000_000;
        group.SessionsLookedAt = loop.Now + long.Clamp(restNs, PeriodNsMin, PeriodNsMax);
        return proposed > 0;
    }

    private static bool Propose(GroupRuntime group, ulong session)
    {
        Span<byte> batch = stackalloc byte[BatchBytes];
        ProposalReader.Write(
            batch, default, EntryIdentity.OfControl(SessionControl.Expire, session, 0), default);
        return group.Core.Propose(new ProposalReader(batch), group.Outputs).Accepted > 0;
    }
}
