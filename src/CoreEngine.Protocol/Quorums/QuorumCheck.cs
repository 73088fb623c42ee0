using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Quorums;

/// <summary>Two sets of members without a common one, each of which would decide.</summary>
/// <param name="First">Bit i: the member at place i.</param>
/// <param name="Second">The other set.</param>
internal readonly record struct DisjointQuorums(ulong First, ulong Second);

/// <summary>Whether the quorums of a configuration meet, by trying them all (Flexible Paxos, section 4: elections must
/// meet elections and commits; commits need not meet each other).</summary>
internal static class QuorumCheck
{
    /// <summary>Up to here every set of voters is tried, a million at most; beyond it weights alone must prove
    /// it.</summary>
    internal const int VotersTriedMax = 20;

    /// <summary>Elections meet elections and commits.</summary>
    /// <returns>False with two disjoint quorums as the witness.</returns>
    internal static bool Meet(VoterSet set, out DisjointQuorums witness) =>
        Meet(set, set.ElectionSize, set, set.ElectionSize, out witness)
        && Meet(set, set.ElectionSize, set, set.CommitSize, out witness);

    /// <summary>A step from one configuration to the next needs no joint one between them: at any moment some replicas
    /// count by the one and some by the other, and still elections meet elections and commits (Raft thesis,
    /// 4.1).</summary>
    internal static bool MeetAcross(VoterSet before, VoterSet after) =>
        Meet(before, before.ElectionSize, after, after.ElectionSize, out _)
        && Meet(before, before.ElectionSize, after, after.CommitSize, out _)
        && Meet(before, before.CommitSize, after, after.ElectionSize, out _);

    private static bool Meet(
        VoterSet left, ulong leftSize, VoterSet right, ulong rightSize, out DisjointQuorums witness)
    {
        witness = default;
        ulong voters = left.Voters | right.Voters;
        if (BitOperations.PopCount(voters) > VotersTriedMax)
        {
            return IsProvenByWeight(left, leftSize, right, rightSize, out witness);
        }

        // Every subset of the voters, by the usual walk; the other side may take all that is left.
        for (ulong chosen = voters; ; chosen = (chosen - 1) & voters)
        {
            ulong rest = voters & ~chosen;
            if (left.WeightOf(chosen) >= leftSize && right.WeightOf(rest) >= rightSize)
            {
                witness = new DisjointQuorums(chosen, rest);
                return false;
            }

            if (chosen == 0)
            {
                return true;
            }
        }
    }

    /// <summary>Too many to try: two quorums of one set whose weights exceed the total surely meet. Anything else is
    /// refused, with the lightest first voters against the rest.</summary>
    private static bool IsProvenByWeight(
        VoterSet left, ulong leftSize, VoterSet right, ulong rightSize, out DisjointQuorums witness)
    {
        witness = default;
        if (ReferenceEquals(left, right) && leftSize + rightSize > left.Total)
        {
            return true;
        }

        ulong voters = left.Voters | right.Voters;
        ulong chosen = 0;
        for (int i = 0; i < Limits.ReplicasMax && left.WeightOf(chosen) < leftSize; i++)
        {
            chosen |= voters & (1UL << i);
        }

        witness = new DisjointQuorums(chosen, voters & ~chosen);
        return false;
    }
}
