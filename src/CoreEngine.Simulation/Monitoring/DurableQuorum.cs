using System.Collections.Generic;
using System.Numerics;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Recovery;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Nothing is acknowledged before a quorum of media holds it. At each receipt by the replicas' own D; at an audit by
/// reading the media themselves, as recovery would.
/// </summary>
internal sealed class DurableQuorum(World world)
{
    /// <summary>How many rises of D after a truncation are compared with the medium.</summary>
    private const int LooksAfterTruncation = 3;

    private readonly List<(ulong Index, ulong Term)> _acknowledged = [];
    private readonly Standing[] _standing = new Standing[world.Options.Replicas + 1];

    /// <summary>Audits so far.</summary>
    internal int Audits { get; private set; }

    /// <summary>
    /// A replica has turned. After its disk has failed D stands still; after a truncation D is compared with the
    /// medium, where a late completion would vouch for entries that are no longer there (raft.md S16).
    /// </summary>
    internal void Observe(SimulatedReplica replica, bool isTruncated)
    {
        ref Standing before = ref _standing[replica.Number];
        ulong durable = replica.Runtime.Frontiers.Durable;
        bool isSameLife = before.Life == replica.Life;
        if (isSameLife && before.HasFailed)
        {
            world.Check(
                Monitor.FailClosed,
                durable <= before.Durable,
                $"replica {replica.Number} raised D from {before.Durable} to {durable} after its disk had failed");
        }

        int looks = isTruncated ? LooksAfterTruncation : isSameLife ? before.Looks : 0;
        if (looks > 0 && durable > before.Durable)
        {
            looks--;
            CheckMedium(replica, durable);
        }

        before = new Standing(replica.Life, durable, replica.Ring.HasFailed, looks);
    }

    /// <summary>A proposer was told Committed.</summary>
    internal void Acknowledged(in Receipt receipt)
    {
        (ulong index, ulong term) = (receipt.Coordinate.Index, receipt.Coordinate.LeaderEpoch);
        _acknowledged.Add((index, term));
        CommitCertificate proof = receipt.Certificate;
        Configuration counted = world.Monitors.Configurations.Of(proof.Term, proof.ConfigEpoch) ?? Configuration.None;
        world.Check(
            Monitor.CommitCertificate,
            Majorities.Commit(counted, proof.Voters),
            $"index {index} was certified by {BitOperations.PopCount(proof.Voters)} voters of configuration "
            + $"{proof.ConfigEpoch}");
        ulong holders = world.Monitors.Configurations.PlacesOf(counted, (replica, member) =>
        {
            // A disk that was harmed or replaced since then has kept its word: the contract excludes what became of it.
            bool isPast = replica.Disk.Mishaps.IsHarmed || replica.Incarnation != member.Incarnation;
            bool hasHeld = isPast && ((proof.Voters >> counted.PlaceOf(member.Replica)) & 1) != 0;
            return !replica.IsRunning || hasHeld || Holds(replica, index, term);
        });
        world.Check(
            Monitor.AnswerDurable,
            Majorities.Commit(counted, holders),
            $"index {index} was acknowledged and is durable at {BitOperations.PopCount(holders)} replicas only");
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
        Configuration newest = world.Monitors.Configurations.Newest;
        ulong[] lacking = new ulong[_acknowledged.Count];
        foreach (SimulatedReplica replica in world.Replicas)
        {
            if (replica.Disk.Mishaps.IsHarmed)
            {
                // The contract excludes it, and the atlas leaves a majority of sound ones.
                continue;
            }

            RecoveredGroup medium = replica.ReadMedium();
            world.Check(
                Monitor.Recovery,
                medium.Complaint is null,
                $"the medium of replica {replica.Number} says: {medium.Complaint}");
            elections.CheckMedium(replica.Number, medium.Term, medium.Vote);
            int place = newest.PlaceOf(replica.Number);
            for (int i = 0; i < lacking.Length && place >= 0; i++)
            {
                (ulong index, ulong term) = _acknowledged[i];
                bool holds = index <= medium.Suffix.LastIndex && medium.Suffix.IsAt(index, term);
                lacking[i] |= holds ? 0 : 1UL << place;
            }
        }

        for (int i = 0; i < lacking.Length; i++)
        {
            // Whom those who lack it could elect would take it back.
            (ulong index, ulong term) = _acknowledged[i];
            world.Check(
                Monitor.AnswerOnMedia,
                !Majorities.Elect(newest, lacking[i]),
                $"index {index} of term {term} was acknowledged and stands on "
                + $"{newest.Members.Length - BitOperations.PopCount(lacking[i])} media");
        }
    }

    private void CheckMedium(SimulatedReplica replica, ulong durable)
    {
        if (replica.Disk.Mishaps.IsHarmed)
        {
            return;
        }

        RecoveredGroup medium = replica.ReadMedium();
        world.Check(
            Monitor.DurableOnMedium,
            medium.Suffix.LastIndex >= durable
            && medium.Suffix.IsAt(durable, replica.Core.Log.TermAt(durable)),
            $"replica {replica.Number} says that it holds {durable} durably, its medium ends at "
            + $"{medium.Suffix.LastIndex} of term {medium.Suffix.LastTerm}");
    }

    private static bool Holds(SimulatedReplica replica, ulong index, ulong term)
    {
        RaftState core = replica.Core;
        return replica.Runtime.Frontiers.Durable >= index && core.Log.IsAt(index, term);
    }

    /// <summary>How a replica's medium stood when its last turn had ended.</summary>
    private readonly record struct Standing(int Life, ulong Durable, bool HasFailed, int Looks);
}
