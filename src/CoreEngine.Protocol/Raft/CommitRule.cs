using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Reads;

namespace CoreEngine.Protocol.Raft;

/// <summary>Decides which entries are committed (Raft paper, 5.3 and 5.4.2).</summary>
/// <remarks>Pure: reads the state, moves one frontier, allocates nothing.</remarks>
internal static class CommitRule
{
    /// <summary>Advances the commit index to the highest index that a quorum has made durable.</summary>
    /// <returns>True when it moved.</returns>
    internal static bool TryAdvance(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        Span<ulong> durable = stackalloc ulong[Limits.ReplicasMax];
        durable = durable[..state.Quorum.Count];
        for (int i = 0; i < durable.Length; i++)
        {
            durable[i] = DurableAt(state, i);
        }

        ulong candidate = state.Quorum.Reached(durable);
        if (candidate <= state.CommitIndex)
        {
            return false;
        }

        // Count only our own term: in Figure 8 a majority holds an older entry, and it is overwritten all the same.
        if (state.Log.TermAt(candidate) != state.Term)
        {
            return false;
        }

        if (!Lease.MayCommit(state))
        {
            return false;
        }

        CommitCertificate proof = Certify(state, candidate);
        state.CommitProof = proof;
        state.Frontiers.Commit(proof);
        state.Log.Configurations.Commit(candidate);
        outputs.Committed(proof);
        return true;
    }

    private static CommitCertificate Certify(RaftState state, ulong index)
    {
        ulong voters = 0;
        for (int i = 0; i < state.Quorum.Count; i++)
        {
            if (state.Quorum.IsVoter(i) && DurableAt(state, i) >= index)
            {
                voters |= 1UL << i;
            }
        }

        Invariant.Holds(state.Quorum.IsQuorum(voters));
        ulong stamp = index >= state.Log.FirstCached ? state.Log.StampAt(index) : state.Clock.Last;
        return new CommitCertificate(
            state.Options.Contract, state.Options.Group, state.ConfigEpoch, state.Term, index, voters, stamp);
    }

    // We count ourselves like anybody else: as far as our own medium holds the log, not as far as we appended.
    private static ulong DurableAt(RaftState state, int place) =>
        place == state.Self ? state.Frontiers.Durable : state.Peers[place].Match;
}
