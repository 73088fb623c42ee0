using System;
using CoreEngine.Model;
using CoreEngine.Protocol.Reads;

namespace CoreEngine.Protocol.Raft;

/// <summary>Tells what progress rests on; decides nothing.</summary>
internal static class ProgressFacts
{
    /// <summary>Notes that a member was heard, whatever it said.</summary>
    internal static void Heard(RaftState state, int place)
    {
        if (place >= 0)
        {
            state.Peers[place].HeardNs = state.NowNs;
        }
    }

    internal static CoreProgress Of(RaftState state)
    {
        bool waits = state.DurableTicket + 1 < state.NextTicket;
        return new CoreProgress(
            QuorumHeardNs(state),
            waits ? state.MediumMovedNs : 0,
            state.Campaign,
            state.Round,
            LagMax(state),
            state.CommitProof.Stamp,
            Lease.Holds(state, state.NowNs));
    }

    private static long QuorumHeardNs(RaftState state)
    {
        Span<ulong> heard = stackalloc ulong[Limits.ReplicasMax];
        heard = heard[..state.Quorum.Count];
        for (int i = 0; i < heard.Length; i++)
        {
            // Shifted by one, because zero means that nothing is known.
            heard[i] = (ulong)(i == state.Self ? state.NowNs : state.Peers[i].HeardNs) + 1;
        }

        ulong reached = state.Quorum.Reached(heard);
        return reached == 0 ? 0 : (long)(reached - 1);
    }

    private static ulong LagMax(RaftState state)
    {
        ulong lag = 0;
        for (int i = 0; state.Role == Role.Leader && i < state.Quorum.Count; i++)
        {
            bool counts = i != state.Self && state.Quorum.IsVoter(i);
            lag = counts ? ulong.Max(lag, state.LastIndex - state.Peers[i].Match) : lag;
        }

        return lag;
    }
}
