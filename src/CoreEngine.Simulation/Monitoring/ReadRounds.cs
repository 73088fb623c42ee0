using System.Collections.Generic;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// A read is confirmed by a round that began after it was asked, never by an older one (raft.md S48).
/// </summary>
internal sealed class ReadRounds(World world)
{
    /// <summary>When each round of a term began, the first at place 0.</summary>
    private readonly Dictionary<ulong, List<long>> _began = [];

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        if (core.Role != Role.Leader || core.Round == 0)
        {
            return;
        }

        if (!_began.TryGetValue(core.Term, out List<long>? rounds))
        {
            rounds = [];
            _began.Add(core.Term, rounds);
        }

        while ((ulong)rounds.Count < core.Round)
        {
            rounds.Add(world.Now);
        }
    }

    /// <summary>A read that was asked at an instant has been granted.</summary>
    internal void Granted(uint replica, long askedNs, in ReadCertificate proof)
    {
        if (_began.TryGetValue(proof.Term, out List<long>? rounds) && proof.Round - 1 < (ulong)rounds.Count)
        {
            long began = rounds[(int)proof.Round - 1];
            world.Check(
                Monitor.ReadRound,
                began >= askedNs,
                $"replica {replica}'s read of {askedNs} ns was confirmed by round {proof.Round} of {began} ns");
        }
    }
}
