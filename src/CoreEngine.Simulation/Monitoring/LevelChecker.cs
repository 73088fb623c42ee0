using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Guarantees;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// What reads of all levels promise, judged by what the world knows: a state is never older than its label, a token's
/// place is reflected, no guarantee is weaker than what was asked for, and no lease is held beside a later leader that
/// has committed.
/// </summary>
internal sealed class LevelChecker(World world)
{
    /// <summary>Of each command in order: its index, and when some replica had applied it first.</summary>
    private readonly List<(ulong Index, long AppliedNs)> _trunk = [];

    /// <summary>How far the world's clients have come, as the last receipt says.</summary>
    internal SessionToken Token { get; private set; }

    /// <summary>Granted reads, by level.</summary>
    internal long[] Granted { get; } = new long[Enum.GetValues<ReadLevel>().Length];

    /// <summary>A proposer was told Committed.</summary>
    internal void Acknowledged(in Receipt receipt) => Token = Token.Join(receipt.Token);

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        IReadOnlyList<(ulong Index, ulong Value)> entries = replica.Machine.Entries;
        for (int i = _trunk.Count; i < entries.Count; i++)
        {
            _trunk.Add((entries[i].Index, world.Now));
        }

        if (replica.IsLeader && replica.Core.CommitProof.Term == replica.Core.Term)
        {
            CheckLeases(replica);
        }
    }

    /// <summary>A read has ended that was granted.</summary>
    internal void Ended(SimulatedReplica replica, in Read read, in QueryResult<int> result)
    {
        Granted[(int)read.Level]++;
        ReadResult point = result.Point;
        world.Check(
            Monitor.ReadGuarantee,
            read.HasKey || read.Level == ReadLevel.Stale || point.Guarantee.IsAtLeast(read.Promise),
            $"replica {replica.Number} gave {point.Guarantee} to a read of {read}, which promises {read.Promise}");
        CheckPlace(replica, point, result.Value);
        if (read.Level == ReadLevel.AtLeast)
        {
            world.Check(
                Monitor.SessionRead,
                point.Index >= read.Amount,
                $"replica {replica.Number} read index {point.Index} for a token of {read.Amount}");
        }

        if (read.Level == ReadLevel.Stale)
        {
            CheckAge(replica, read, point, result.Value);
        }
    }

    /// <summary>The state holds exactly the commands up to its index.</summary>
    private void CheckPlace(SimulatedReplica replica, in ReadResult point, int count)
    {
        IReadOnlyList<(ulong Index, ulong Value)> entries = replica.Machine.Entries;
        bool isWhole = count >= entries.Count || entries[count].Index > point.Index;
        bool isNoMore = count == 0 || (count <= entries.Count && entries[count - 1].Index <= point.Index);
        world.Check(
            Monitor.SessionRead,
            isWhole && isNoMore,
            $"replica {replica.Number} counted {count} at index {point.Index}, which is another number");
    }

    /// <summary>What was applied anywhere before the moment that the label names is in the state.</summary>
    private void CheckAge(SimulatedReplica replica, in Read read, in ReadResult point, int count)
    {
        long ageNs = point.Certificate.AgeNs;
        world.Check(
            Monitor.Staleness,
            (ulong)ageNs <= read.Amount && point.Certificate.Proof == ReadProof.ClosedTimestamp
                && point.Guarantee == Guarantee.StaleRead(Recency.AnyVersions, (ulong)ageNs),
            $"replica {replica.Number} answered a read of {read} with the age {ageNs} ns");
        world.Check(
            Monitor.Staleness,
            count >= _trunk.Count || _trunk[count].AppliedNs >= world.Now - ageNs,
            $"replica {replica.Number} says {ageNs} ns, but lacks what was applied before that");
    }

    /// <summary>S1-14, S2-35: the holder has stopped before the successor starts.</summary>
    private void CheckLeases(SimulatedReplica leader)
    {
        foreach (SimulatedReplica other in world.Replicas)
        {
            bool isEarlier = other != leader && other.IsLeader && other.Core.Term < leader.Core.Term;
            world.Check(
                Monitor.LeaseExclusive,
                !isEarlier || !other.Runtime.Core.HoldsLease(other.Clock.Local(world.Now)),
                $"replica {other.Number} holds a lease of term {(isEarlier ? other.Core.Term : 0)}, replica "
                    + $"{leader.Number} has committed in term {leader.Core.Term}");
        }
    }
}
