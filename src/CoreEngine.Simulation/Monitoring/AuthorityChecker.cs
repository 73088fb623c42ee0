using System;
using System.Collections.Generic;
using System.Numerics;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// When authority may change hands: a term rises for an election that a quorum would grant (pre-vote), nobody deposes a
/// leader that it hears (stickiness), and a leader that no quorum answers leaves (check-quorum). Raft thesis, 6.2, 9.6.
/// </summary>
internal sealed class AuthorityChecker(World world)
{
    private readonly Dictionary<(uint Candidate, ulong Term), ulong> _preVotes = [];
    private readonly Standing[] _standing = new Standing[world.Options.Replicas + 1];

    private int Quorum => (world.Options.Replicas / 2) + 1;

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        _standing[replica.Number] = new Standing(
            replica.Life,
            core.Term,
            core.Role == Role.Follower ? core.Leader : 0,
            core.LeaderHeardNs,
            core.HardStateTicket <= core.DurableTicket);
        // One at rest is judged by its node's beats.
        if (core.Role == Role.Leader && !core.IsQuiescent)
        {
            long silence = SilenceNs(core);
            world.Check(
                Monitor.CheckQuorum,
                silence < core.Options.ElectionMaxNs,
                $"replica {replica.Number} leads term {core.Term}, and no quorum has answered for {silence} ns");
        }
    }

    /// <summary>A granted pre-vote has left its replica.</summary>
    /// <param name="term">The one that the candidate would enter.</param>
    internal void PreVoted(SimulatedReplica voter, ulong term, uint candidate)
    {
        _preVotes[(candidate, term)] = _preVotes.GetValueOrDefault((candidate, term)) | Bit(voter.Number);
        Standing before = _standing[voter.Number];

        // A grant that waited for the disk was given earlier than now: only what is said at once is judged.
        bool isFresh = before.Life == voter.Life && before.IsDurable && before.Term == voter.Core.Term;
        long heard = voter.Clock.Local(world.Now) - before.HeardNs;
        world.Check(
            Monitor.Stickiness,
            !isFresh || before.Leader == 0 || heard >= voter.Core.Options.ElectionMinNs,
            $"replica {voter.Number} would depose leader {before.Leader}, heard {heard} ns ago, for {candidate}");
    }

    /// <summary>A candidate asks for votes.</summary>
    internal void VoteAsked(uint candidate, ulong term)
    {
        ulong granted = _preVotes.GetValueOrDefault((candidate, term)) | Bit(candidate);
        world.Check(
            Monitor.PreVote,
            BitOperations.PopCount(granted) >= Quorum || world.Monitors.Transfers.IsTold(candidate, term),
            $"replica {candidate} entered term {term} with {BitOperations.PopCount(granted)} pre-votes");
    }

    private static ulong Bit(uint replica) => 1UL << (int)replica;

    /// <summary>How long ago the quorum's slowest member answered, by the leader's own notes.</summary>
    private long SilenceNs(RaftState core)
    {
        Span<long> silences = stackalloc long[Limits.ReplicasMax];
        silences = silences[..core.Peers.Length];
        for (int i = 0; i < silences.Length; i++)
        {
            silences[i] = i == core.Self ? 0 : core.NowNs - core.Peers[i].ContactNs;
        }

        silences.Sort();
        return silences[Quorum - 1];
    }

    /// <summary>How a replica stood when its last turn had ended.</summary>
    private readonly record struct Standing(int Life, ulong Term, uint Leader, long HeardNs, bool IsDurable);
}
