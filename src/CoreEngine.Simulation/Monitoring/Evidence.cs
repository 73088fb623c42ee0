using System.Collections.Generic;
using System.Globalization;
using System.Numerics;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// The recorded history of what replicas have said and flushed, and nothing else: certificates are checked again from
/// it alone, without asking any replica (requirements S0-21 to S0-23).
/// </summary>
/// <remarks>Replica n stands at place n - 1 of the configuration; a majority of the places is a quorum.</remarks>
internal sealed class Evidence(int replicas)
{
    private readonly Dictionary<(ulong Term, uint Replica), ulong> _durable = [];
    private readonly Dictionary<(ulong Term, uint Replica), ulong> _rounds = [];
    private readonly Dictionary<(ulong Term, uint Candidate), ulong> _votes = [];
    private readonly HashSet<ulong> _terms = [];

    private int Quorum => (replicas / 2) + 1;

    /// <summary>A replica holds a term's log up to an index on its medium, by its own word or its own flush.</summary>
    internal void HeldDurably(uint replica, ulong term, ulong index) => Raise(_durable, (term, replica), index);

    /// <summary>A replica has confirmed a leader's authority in a round of reads.</summary>
    internal void Confirmed(uint replica, ulong term, ulong round) => Raise(_rounds, (term, replica), round);

    /// <summary>A replica has voted; a candidate votes for itself.</summary>
    internal void Voted(uint replica, ulong term, uint candidate)
    {
        ulong voters = _votes.GetValueOrDefault((term, candidate)) | Bit(replica);
        _votes[(term, candidate)] = voters;
        if (BitOperations.PopCount(voters) >= Quorum)
        {
            _terms.Add(term);
        }
    }

    /// <summary>Some replica holds the index of a term's log on its medium.</summary>
    internal bool IsHeldDurably(ulong term, ulong index)
    {
        bool isHeld = false;
        for (uint replica = 1; replica <= replicas; replica++)
        {
            isHeld |= _durable.GetValueOrDefault((term, replica)) >= index;
        }

        return isHeld;
    }

    /// <summary>A quorum has voted for one candidate of the term.</summary>
    internal bool IsElected(ulong term) => _terms.Contains(term);

    /// <returns>What the history does not bear out; null when it bears out all of it.</returns>
    internal string? Refute(in CommitCertificate proof) => Refute(
        proof.Term, proof.Voters, _durable, proof.Index, "held its index durably");

    /// <returns>What the history does not bear out; null when it bears out all of it.</returns>
    internal string? Refute(in ReadCertificate proof) =>
        proof.Proof is ReadProof.QuorumBarrier or ReadProof.ClosedTimestamp
            ? Refute(proof.Term, proof.Voters, _rounds, proof.Round, "confirmed its round")
            : Refute(proof.Term, proof.Voters, _durable, proof.Index, "held its index durably");

    private static ulong Bit(uint replica) => 1UL << ((int)replica - 1);

    private static void Raise(Dictionary<(ulong, uint), ulong> values, (ulong, uint) key, ulong value)
    {
        if (value > values.GetValueOrDefault(key))
        {
            values[key] = value;
        }
    }

    private string? Refute(
        ulong term, ulong voters, Dictionary<(ulong, uint), ulong> said, ulong least, string claim)
    {
        if (!_terms.Contains(term))
        {
            return string.Create(CultureInfo.InvariantCulture, $"nobody was elected in its term {term}");
        }

        if (BitOperations.PopCount(voters) < Quorum || (voters >> replicas) != 0)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its voters {voters:b} are no quorum of {replicas}");
        }

        for (uint replica = 1; replica <= replicas; replica++)
        {
            if ((voters & Bit(replica)) != 0 && said.GetValueOrDefault((term, replica)) < least)
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"replica {replica} never said that it {claim} ({least})");
            }
        }

        return null;
    }
}
