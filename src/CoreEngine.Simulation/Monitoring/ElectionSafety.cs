using System.Collections.Generic;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>At most one leader per term, and at most one vote per replica and term, through all crashes.</summary>
internal sealed class ElectionSafety(World world)
{
    private readonly Dictionary<ulong, uint> _leaders = [];
    private readonly Dictionary<(uint Replica, ulong Life, ulong Term), uint> _votes = [];
    private readonly (ulong Term, uint Candidate)[] _newest = new (ulong, uint)[world.Options.Replicas + 1];

    /// <summary>Elections won so far.</summary>
    internal int Won => _leaders.Count;

    /// <returns>True when a term has just got its leader.</returns>
    internal bool Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        if (core.Role != Role.Leader)
        {
            return false;
        }

        if (!_leaders.TryAdd(core.Term, replica.Number))
        {
            uint known = _leaders[core.Term];
            world.Check(
                Monitor.ElectionSafety,
                known == replica.Number,
                $"term {core.Term} has two leaders, {known} and {replica.Number}");
            return false;
        }

        Granted(replica.Number, replica.Incarnation, core.Term, replica.Number);
        return true;
    }

    /// <summary>A vote has left its replica.</summary>
    /// <param name="life">That of its directory: another one has promised nothing.</param>
    internal void Granted(uint voter, ulong life, ulong term, uint candidate)
    {
        if (!_votes.TryAdd((voter, life, term), candidate))
        {
            uint known = _votes[(voter, life, term)];
            world.Check(
                Monitor.VoteOnce,
                known == candidate,
                $"replica {voter} voted for {known} and for {candidate} in term {term}");
        }

        if (term >= _newest[voter].Term)
        {
            _newest[voter] = (term, candidate);
        }
    }

    /// <summary>A directory was formatted anew: it knows of no vote.</summary>
    internal void Wiped(uint replica) => _newest[replica] = default;

    /// <summary>The newest vote that left a replica stands on its medium, or a higher term does.</summary>
    internal void CheckMedium(uint voter, ulong term, uint vote)
    {
        (ulong promised, uint candidate) = _newest[voter];
        world.Check(
            Monitor.VoteDurable,
            term > promised || (term == promised && (vote == candidate || promised == 0)),
            $"replica {voter} voted for {candidate} in term {promised}, "
            + $"its medium says {vote} in term {term}");
    }
}
