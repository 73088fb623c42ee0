using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>A leader that a quorum no longer answers leaves by itself (Raft thesis, 6.2): its clients learn it, and
/// others may be elected.</summary>
internal static class CheckQuorum
{
    /// <summary>How long ago a quorum, ourselves included, was last in contact. Nanoseconds.</summary>
    internal static long SilenceNs(RaftState state)
    {
        Invariant.Holds(state.Role == Role.Leader);
        Span<ulong> contacts = stackalloc ulong[Limits.ReplicasMax];
        contacts = contacts[..state.Quorum.Count];
        for (int i = 0; i < contacts.Length; i++)
        {
            // Shifted by one, because zero means that nothing is known.
            contacts[i] = (ulong)(i == state.Self ? state.NowNs : state.Peers[i].ContactNs) + 1;
        }

        return state.NowNs - (long)(state.Quorum.Reached(contacts) - 1);
    }

    /// <summary>Steps down when the silence has lasted an election timeout.</summary>
    /// <returns>True when this replica leads no more.</returns>
    internal static bool TryStepDown(RaftState state, Outputs outputs)
    {
        if (SilenceNs(state) < state.Options.ElectionMaxNs)
        {
            return false;
        }

        ulong timeoutMs = (ulong)(state.Options.ElectionMaxNs / 1_000_000);
        Election.LeaveLeadership(state, new Refusal(RefusalCode.NoQuorum, timeoutMs), outputs);
        return true;
    }
}
