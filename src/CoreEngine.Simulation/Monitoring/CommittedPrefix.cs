using System.Collections.Generic;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Log matching on the committed part, by terms (Raft paper, 5.3): it is the same everywhere and never changes, not by
/// restarts either. Leader completeness (5.4): a leader holds what was committed in terms before its own.
/// </summary>
internal sealed class CommittedPrefix(World world)
{
    private readonly List<(ulong Term, ulong CommittedIn)> _committed = [];
    private readonly ulong[] _seen = new ulong[world.Options.Replicas + 1];

    /// <summary>The highest index that any replica has known committed.</summary>
    internal ulong Length => (ulong)_committed.Count;

    /// <summary>The term that an index was committed with; 0 when nobody has committed it.</summary>
    internal ulong TermAt(ulong index) => index == 0 || index > Length ? 0 : _committed[(int)index - 1].Term;

    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        ulong first = ulong.Max(_seen[replica.Number] + 1, core.Log.BaseIndex);
        for (ulong index = ulong.Max(first, 1); index <= core.CommitIndex; index++)
        {
            ulong term = core.Log.TermAt(index);
            if (index > Length)
            {
                _committed.Add((term, core.CommitProof.Term));
                continue;
            }

            ulong known = _committed[(int)index - 1].Term;
            world.Check(
                Monitor.LogMatching,
                known == term,
                $"index {index} was committed with term {known}, replica {replica.Number} has {term}");
        }

        _seen[replica.Number] = core.CommitIndex;
    }

    /// <summary>A replica starts again: everything it holds is looked at again.</summary>
    internal void Restarted(SimulatedReplica replica) => _seen[replica.Number] = default;

    /// <summary>A replica has won an election.</summary>
    internal void CheckLeader(SimulatedReplica leader)
    {
        RaftState core = leader.Core;
        for (int i = 0; i < _committed.Count; i++)
        {
            ulong index = (ulong)i + 1;

            // Votes may arrive late: a term above may have committed by now, and a leader of this one owes nothing.
            if (_committed[i].CommittedIn < core.Term)
            {
                world.Check(
                    Monitor.LeaderCompleteness,
                    index <= core.LastIndex && core.Log.IsAt(index, _committed[i].Term),
                    $"leader {leader.Number} of term {core.Term} lacks committed index {index}");
            }
        }
    }
}
