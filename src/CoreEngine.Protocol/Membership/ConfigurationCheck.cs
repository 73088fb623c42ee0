using CoreEngine.Model;
using CoreEngine.Protocol.Quorums;

namespace CoreEngine.Protocol.Membership;

/// <summary>What a configuration must satisfy before anybody counts by it: asked when a group opens and at every
/// change.</summary>
internal static class ConfigurationCheck
{
    /// <summary>So that no sum of weights comes near the end of its range.</summary>
    internal const uint WeightMax = 1_000_000;

    /// <summary>Its quorums meet, they can be reached, by voters with data alone too, and none lies inside one declared
    /// failure domain.</summary>
    /// <returns>The refusal with its witness, places as bits; none when the configuration is sound.</returns>
    internal static Refusal Judge(Configuration configuration)
    {
        VoterSet voters = QuorumSystem.IncomingOf(configuration);
        if (voters.ElectionSize > voters.Total || voters.CommitSize > voters.Total)
        {
            return new Refusal(
                RefusalCode.QuorumTooLarge, ulong.Max(voters.ElectionSize, voters.CommitSize), voters.Total);
        }

        if (!QuorumCheck.Meet(voters, out DisjointQuorums witness))
        {
            return new Refusal(RefusalCode.QuorumsDisjoint, witness.First, witness.Second);
        }

        Refusal refusal = JudgeWitnesses(configuration, voters);
        return refusal.Code == RefusalCode.None ? JudgeDomains(configuration, voters) : refusal;
    }

    /// <summary>A leader sends beside its own write: witnesses may hold an entry that no voter with data kept. Where
    /// one of them is needed to elect, nobody would lead again, all members up and sound.</summary>
    private static Refusal JudgeWitnesses(Configuration configuration, VoterSet voters)
    {
        ulong data = 0;
        for (int i = 0; i < configuration.Members.Length; i++)
        {
            data |= configuration.Members[i].Kind == MemberKind.Voter ? 1UL << i : 0;
        }

        ulong weight = voters.WeightOf(data);
        return weight >= voters.ElectionSize
            ? default
            : new Refusal(RefusalCode.WitnessesNeeded, weight, voters.ElectionSize);
    }

    /// <summary>A member can be like that.</summary>
    internal static bool IsSound(ConfigurationMember member) =>
        member.Replica != 0
        && member.Kind is MemberKind.Voter or MemberKind.Learner or MemberKind.Witness
        && member.IsVoter == (member.Weight > 0)
        && member.Weight <= WeightMax;

    private static Refusal JudgeDomains(Configuration configuration, VoterSet voters)
    {
        foreach (ConfigurationMember member in configuration.Members)
        {
            ulong inside = 0;
            for (int i = 0; i < configuration.Members.Length && member.Domain != 0; i++)
            {
                ConfigurationMember other = configuration.Members[i];
                inside |= other.IsVoter && other.Domain == member.Domain ? 1UL << i : 0;
            }

            ulong weight = voters.WeightOf(inside);
            if (weight >= voters.ElectionSize || weight >= voters.CommitSize)
            {
                return new Refusal(RefusalCode.QuorumInOneDomain, member.Domain, inside);
            }
        }

        return default;
    }
}
