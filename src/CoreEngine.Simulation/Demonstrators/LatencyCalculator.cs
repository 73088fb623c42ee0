using System;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>The least time in which a write can be committed, from round trips and disks alone.</summary>
internal static class LatencyCalculator
{
    /// <summary>From the proposal at the leader to its commit there.</summary>
    /// <param name="roundTripNs">By pair of replicas, symmetric, zero on the diagonal.</param>
    /// <param name="writeNs">One durable write, the same everywhere.</param>
    /// <param name="leader">Place of the leader.</param>
    /// <remarks>
    /// The leader writes beside sending; a follower answers after its write. The commit is there when the quorum's last
    /// answer is: the k-th smallest of all, ourselves included, where k is a majority.
    /// </remarks>
    internal static long AtLeader(long[][] roundTripNs, long writeNs, int leader)
    {
        int count = roundTripNs.Length;
        long[] answers = new long[count];
        for (int i = 0; i < count; i++)
        {
            answers[i] = roundTripNs[leader][i] + writeNs;
        }

        Array.Sort(answers);
        return answers[count / 2];
    }

    /// <summary>From the proposal at any replica to its answer there: to the leader, the commit, and back.</summary>
    internal static long At(long[][] roundTripNs, long writeNs, int leader, int origin) =>
        AtLeader(roundTripNs, writeNs, leader) + roundTripNs[leader][origin];
}
