using System;
using System.Collections.Generic;
using System.Globalization;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// The recorded history of what replicas have said and flushed, and nothing else: certificates are checked again from
/// it alone, without asking any replica (requirements S0-21 to S0-23).
/// </summary>
/// <remarks>A word counts for the life of the directory that gave it. The voters of a certificate are judged by the
/// configuration that it names; see <see cref="ConfigurationHistory"/>.</remarks>
/// <param name="configurationOf">What a leader's term means by an epoch; null when nothing.</param>
internal sealed class Evidence(Func<ulong, ulong, Configuration?> configurationOf)
{
    private readonly Dictionary<(ulong Term, uint Replica, ulong Life), ulong> _durable = [];
    private readonly Dictionary<(ulong Term, uint Replica, ulong Life), ulong> _rounds = [];
    private readonly HashSet<(ulong Term, uint Candidate, uint Voter, ulong Life)> _votes = [];
    private readonly HashSet<ulong> _terms = [];
    private readonly Dictionary<ulong, ulong> _highest = [];

    /// <summary>A replica holds a term's log up to an index on its medium, by its own word or its own flush.</summary>
    internal void HeldDurably(uint replica, ulong life, ulong term, ulong index)
    {
        Raise(_durable, (term, replica, life), index);
        if (index > _highest.GetValueOrDefault(term))
        {
            _highest[term] = index;
        }
    }

    /// <summary>A replica has confirmed a leader's authority in a round of reads.</summary>
    internal void Confirmed(uint replica, ulong life, ulong term, ulong round) =>
        Raise(_rounds, (term, replica, life), round);

    /// <summary>A replica has voted; a candidate votes for itself.</summary>
    internal void Voted(uint replica, ulong life, ulong term, uint candidate) =>
        _votes.Add((term, candidate, replica, life));

    /// <summary>Some replica holds the index of a term's log on its medium.</summary>
    internal bool IsHeldDurably(ulong term, ulong index) => _highest.GetValueOrDefault(term) >= index;

    /// <returns>What the history does not bear out; null when it bears out all of it: then its term has a
    /// leader.</returns>
    internal string? Refute(in AuthorityCertificate proof)
    {
        (ulong term, uint leader) = (proof.Term, proof.Leader);
        Configuration? counted = configurationOf(term, proof.ConfigEpoch);
        if (counted is null || !IsMembers(counted, proof.Voters) || !Majorities.Elect(counted, proof.Voters))
        {
            return NoQuorum(proof.Voters, proof.ConfigEpoch);
        }

        foreach (ConfigurationMember member in counted.Members)
        {
            bool isCounted = ((proof.Voters >> counted.PlaceOf(member.Replica)) & 1) != 0;
            if (isCounted && !_votes.Contains((term, leader, member.Replica, member.Incarnation)))
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"no quorum has voted: replica {member.Replica} never did");
            }
        }

        _terms.Add(term);
        return null;
    }

    /// <returns>What the history does not bear out; null when it bears out all of it.</returns>
    internal string? Refute(in CommitCertificate proof) => Refute(
        proof.Term, proof.ConfigEpoch, proof.Voters, _durable, proof.Index, "held its index durably");

    /// <returns>What the history does not bear out; null when it bears out all of it.</returns>
    internal string? Refute(in ReadCertificate proof) =>
        proof.Proof is ReadProof.QuorumBarrier or ReadProof.ClosedTimestamp
            ? Refute(proof.Term, proof.ConfigEpoch, proof.Voters, _rounds, proof.Round, "confirmed its round")
            : Refute(proof.Term, proof.ConfigEpoch, proof.Voters, _durable, proof.Index, "held its index durably");

    private static bool IsMembers(Configuration configuration, ulong voters) =>
        configuration.Members.Length == 64 || (voters >> configuration.Members.Length) == 0;

    private static string NoQuorum(ulong voters, ulong epoch) => string.Create(
        CultureInfo.InvariantCulture, $"its voters {voters:b} are no quorum of configuration {epoch}");

    private static void Raise(Dictionary<(ulong, uint, ulong), ulong> values, (ulong, uint, ulong) key, ulong value)
    {
        if (value > values.GetValueOrDefault(key))
        {
            values[key] = value;
        }
    }

    private string? Refute(
        ulong term,
        ulong epoch,
        ulong voters,
        Dictionary<(ulong Term, uint Replica, ulong Life), ulong> said,
        ulong least,
        string claim)
    {
        if (!_terms.Contains(term))
        {
            return string.Create(CultureInfo.InvariantCulture, $"nobody was elected in its term {term}");
        }

        Configuration? counted = configurationOf(term, epoch);
        if (counted is null || !IsMembers(counted, voters) || !Majorities.Commit(counted, voters))
        {
            return NoQuorum(voters, epoch);
        }

        for (int i = 0; i < counted.Members.Length; i++)
        {
            ConfigurationMember member = counted.Members[i];
            ulong word = said.GetValueOrDefault((term, member.Replica, member.Incarnation));
            if (((voters >> i) & 1) != 0 && word < least)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"replica {member.Replica} never said that it {claim} ({least})");
            }
        }

        return null;
    }
}
