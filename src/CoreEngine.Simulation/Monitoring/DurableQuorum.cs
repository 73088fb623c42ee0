using System.Collections.Generic;
using System.Numerics;
using CoreEngine.Protocol.Raft;
using CoreEngine.Recovery;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Nothing is acknowledged before a quorum of media holds it. At each receipt by the replicas' own D; at an audit by
/// reading the media themselves, as recovery would.
/// </summary>
internal sealed class DurableQuorum(World world)
{
    private readonly List<(ulong Index, ulong Term)> _acknowledged = [];

    private int Quorum => (world.Options.Replicas / 2) + 1;

    /// <summary>Audits so far.</summary>
    internal int Audits { get; private set; }

    /// <summary>A proposer was told Committed.</summary>
    internal void Acknowledged(in Receipt receipt)
    {
        (ulong index, ulong term) = (receipt.Coordinate.Index, receipt.Coordinate.LeaderEpoch);
        _acknowledged.Add((index, term));
        int voters = BitOperations.PopCount(receipt.Certificate.Voters);
        world.Check(
            Monitor.CommitCertificate, voters >= Quorum, $"index {index} was certified by {voters} voters");
        int holders = 0;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            holders += !replica.IsRunning || Holds(replica, index, term) ? 1 : 0;
        }

        world.Check(
            Monitor.AnswerDurable,
            holders >= Quorum,
            $"index {index} was acknowledged and is durable at {holders} replicas only");
    }

    /// <summary>A claim of durability leaves its replica in an AppendReply.</summary>
    internal void Claimed(SimulatedReplica replica, ulong term, ulong durable)
    {
        if (replica.Core.Term == term)
        {
            ulong held = replica.Runtime.Frontiers.Durable;
            world.Check(
                Monitor.AnswerDurable,
                durable <= held,
                $"replica {replica.Number} claims {durable} and holds {held}");
        }
    }

    /// <summary>Reads every medium as a power cut at this instant would leave it.</summary>
    internal void Audit(ElectionSafety elections)
    {
        Audits++;
        int[] holders = new int[_acknowledged.Count];
        foreach (SimulatedReplica replica in world.Replicas)
        {
            RecoveredGroup medium = replica.ReadMedium();
            world.Check(
                Monitor.Recovery,
                medium.Complaint is null,
                $"the medium of replica {replica.Number} says: {medium.Complaint}");
            elections.CheckMedium(replica.Number, medium.Term, medium.Vote);
            for (int i = 0; i < holders.Length; i++)
            {
                (ulong index, ulong term) = _acknowledged[i];
                bool holds = index <= medium.Suffix.LastIndex && medium.Suffix.TermAt(index) == term;
                holders[i] += holds ? 1 : 0;
            }
        }

        for (int i = 0; i < holders.Length; i++)
        {
            (ulong index, ulong term) = _acknowledged[i];
            world.Check(
                Monitor.AnswerOnMedia,
                holders[i] >= Quorum,
                $"index {index} of term {term} was acknowledged and stands on {holders[i]} media");
        }
    }

    private static bool Holds(SimulatedReplica replica, ulong index, ulong term)
    {
        RaftState core = replica.Core;
        return replica.Runtime.Frontiers.Durable >= index && core.Log.TermAt(index) == term;
    }
}
