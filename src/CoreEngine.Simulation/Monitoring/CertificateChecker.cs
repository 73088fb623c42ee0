using System.Collections.Generic;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// Checks every certificate that leaves a replica again, from the recorded <see cref="Evidence"/> alone.
/// </summary>
/// <remarks>
/// A certificate is judged when the turn that made it has ended: what a leader flushed in the same turn is recorded
/// then.
/// </remarks>
internal sealed class CertificateChecker(World world)
{
    private readonly CommitCertificate[] _seen = new CommitCertificate[world.Options.Replicas + 1];
    private readonly ulong[] _led = new ulong[world.Options.Replicas + 1];
    private readonly List<CommitCertificate> _commits = [];
    private readonly List<ReadCertificate> _reads = [];

    /// <summary>What the replicas have said and flushed so far.</summary>
    internal Evidence Evidence { get; } = new((term, epoch) => world.Monitors.Configurations.Of(term, epoch));

    /// <summary>Certificates judged so far.</summary>
    internal long Judged { get; private set; }

    /// <summary>A receipt has shown a certificate.</summary>
    internal void Shown(in CommitCertificate proof) => _commits.Add(proof);

    /// <summary>A granted read has shown a certificate.</summary>
    internal void Shown(in ReadCertificate proof) => _reads.Add(proof);

    /// <summary>A replica has turned: its own flushes and rounds are evidence, its proof of C is judged.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        NoteOwn(replica);

        CommitCertificate proof = core.CommitProof;
        if (proof != _seen[replica.Number])
        {
            _seen[replica.Number] = proof;
            if (proof.IsValid)
            {
                _commits.Add(proof);
                CheckCoupling(replica, proof);
            }
        }

        Judge();
    }

    /// <summary>A term has got its leader: the voters that its certificate names have voted, and they elect.</summary>
    internal void Won(SimulatedReplica leader)
    {
        RaftState core = leader.Core;
        Evidence.Voted(leader.Number, core.Incarnation, core.Term, leader.Number);
        string? refuted = core.Authority.IsValid ? Evidence.Refute(core.Authority) : "no certificate";
        world.Check(
            Monitor.AuthorityCertificate,
            refuted is null,
            $"replica {leader.Number} leads term {core.Term}: {refuted}");
    }

    /// <summary>A replica starts again: it leads nothing.</summary>
    internal void Restarted(SimulatedReplica replica) => _led[replica.Number] = 0;

    /// <summary>A leader says nothing to itself: its own flushes and rounds are its evidence.</summary>
    private void NoteOwn(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        bool leads = core.Role == Role.Leader;
        ulong term = leads ? core.Term : _led[replica.Number];
        _led[replica.Number] = leads ? term : 0;
        if (term != 0)
        {
            // It may have stepped down in the turn of its last commit: what it committed it still holds.
            ulong durable = replica.Runtime.Frontiers.Durable;
            ulong held = leads ? durable : ulong.Min(durable, core.CommitIndex);
            Evidence.HeldDurably(replica.Number, core.Incarnation, term, held);
            Evidence.Confirmed(replica.Number, core.Incarnation, term, core.Round);
        }
    }

    /// <summary>A quorum counts for entries of its own term only, and for older ones through them (Figure 8).</summary>
    private void CheckCoupling(SimulatedReplica replica, in CommitCertificate proof)
    {
        RaftState core = replica.Core;
        bool isMaker = core.Role == Role.Leader && core.Term == proof.Term;
        ulong counted = isMaker ? core.Log.TermAt(proof.Index) : proof.Term;
        world.Check(
            Monitor.CommitCertificate,
            counted == proof.Term,
            $"leader {replica.Number} of term {proof.Term} counted holders of index {proof.Index} of term {counted}");
    }

    private void Judge()
    {
        foreach (CommitCertificate proof in _commits)
        {
            string? refuted = Evidence.Refute(proof);
            world.Check(Monitor.CommitCertificate, refuted is null, $"{proof}: {refuted}");
        }

        foreach (ReadCertificate proof in _reads)
        {
            string? refuted = Evidence.Refute(proof);
            world.Check(Monitor.ReadEvidence, refuted is null, $"{proof}: {refuted}");
        }

        Judged += _commits.Count + _reads.Count;
        _commits.Clear();
        _reads.Clear();
    }
}
