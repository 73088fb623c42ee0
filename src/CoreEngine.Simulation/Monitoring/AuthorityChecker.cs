using System.Collections.Generic;
using System.Numerics;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// When authority may change hands: a term rises for an election that a quorum would grant (pre-vote), nobody deposes a
/// leader that it hears (stickiness), and a leader that no quorum answers leaves (check-quorum). Raft thesis, 6.2, 9.6.
/// </summary>
internal sealed class AuthorityChecker(World world)
{
    private readonly Dictionary<(uint Candidate, ulong Term), HashSet<(uint, ulong)>> _preVotes = [];
    private readonly Standing[] _standing = new Standing[world.Options.Replicas + 1];
    private readonly (ulong Term, Configuration Counted)[] _campaigns =
        new (ulong, Configuration)[world.Options.Replicas + 1];

    private readonly (Configuration? Counted, long SinceNs)[] _adopted =
        new (Configuration?, long)[world.Options.Replicas + 1];

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
        if (core.Role == Role.Candidate && _campaigns[replica.Number].Term != core.Term)
        {
            // Its requests leave when its vote is durable: by then it may count by other members.
            _campaigns[replica.Number] = (core.Term, core.Configuration);
        }

        ref (Configuration? Counted, long SinceNs) adopted = ref _adopted[replica.Number];
        adopted = ReferenceEquals(adopted.Counted, core.Configuration) ? adopted : (core.Configuration, core.NowNs);

        // One at rest is judged by its node's beats, one that has just changed its members from its next tick on.
        if (core.Role == Role.Leader && !core.IsQuiescent && core.NowNs > adopted.SinceNs)
        {
            world.Check(
                Monitor.CheckQuorum,
                Majorities.Commit(core.Configuration, HeardOf(core)),
                $"replica {replica.Number} leads term {core.Term}, and no quorum has answered for an election timeout");
        }
    }

    /// <summary>A granted pre-vote has left its replica.</summary>
    /// <param name="term">The one that the candidate would enter.</param>
    internal void PreVoted(SimulatedReplica voter, ulong term, uint candidate)
    {
        if (!_preVotes.TryGetValue((candidate, term), out HashSet<(uint, ulong)>? voters))
        {
            voters = [];
            _preVotes.Add((candidate, term), voters);
        }

        _ = voters.Add((voter.Number, voter.Core.Incarnation));
        Standing before = _standing[voter.Number];

        // A grant that waited for the disk was given earlier than now: only what is said at once is judged. A leader
        // that asks for votes says itself that it leads no more: it has started again.
        bool isFresh = before.Life == voter.Life && before.IsDurable && before.Term == voter.Core.Term;
        long heard = voter.Clock.Local(world.Now) - before.HeardNs;
        world.Check(
            Monitor.Stickiness,
            !isFresh || before.Leader == 0 || before.Leader == candidate
                || heard >= voter.Core.Options.ElectionMinNs,
            $"replica {voter.Number} would depose leader {before.Leader}, heard {heard} ns ago, for {candidate}");
    }

    /// <summary>A candidate asks for votes.</summary>
    internal void VoteAsked(uint candidate, ulong term)
    {
        (ulong entered, Configuration counted) = _campaigns[candidate];
        counted = entered == term ? counted : world[candidate].Core.Configuration;
        HashSet<(uint, ulong)>? voters = _preVotes.GetValueOrDefault((candidate, term));
        ulong granted = world.Monitors.Configurations.PlacesOf(
            counted,
            (replica, member) => replica.Number == candidate
                || (voters is not null && voters.Contains((member.Replica, member.Incarnation))));
        world.Check(
            Monitor.PreVote,
            Majorities.Elect(counted, granted) || world.Monitors.Transfers.IsTold(candidate, term),
            $"replica {candidate} entered term {term} with {BitOperations.PopCount(granted)} pre-votes");
    }

    /// <summary>Who has answered within an election timeout, by the leader's own notes.</summary>
    private static ulong HeardOf(RaftState core)
    {
        ulong heard = 0;
        for (int i = 0; i < core.Peers.Length; i++)
        {
            bool isHeard = i == core.Self || core.NowNs - core.Peers[i].ContactNs < core.Options.ElectionMaxNs;
            heard |= isHeard ? 1UL << i : 0;
        }

        return heard;
    }

    /// <summary>How a replica stood when its last turn had ended.</summary>
    private readonly record struct Standing(int Life, ulong Term, uint Leader, long HeardNs, bool IsDurable);
}
