using System;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Quorums;

/// <summary>Which sets of voters decide: majorities of the whole membership, never of those that happened to
/// answer.</summary>
/// <remarks>Immutable. A voter's place is its rank among the sorted ids; bit i of a bitmap stands for place
/// i.</remarks>
internal sealed class QuorumSystem
{
    private readonly uint[] _voters;

    /// <param name="voters">Ids of the voters, distinct, in any order.</param>
    internal QuorumSystem(ReadOnlySpan<uint> voters)
    {
        Invariant.Holds(voters.Length <= Limits.ReplicasMax);
        _voters = voters.ToArray();
        Array.Sort(_voters);
        for (int i = 1; i < _voters.Length; i++)
        {
            Invariant.Holds(_voters[i - 1] != _voters[i]);
        }
    }

    /// <summary>How many voters there are.</summary>
    internal int Count => _voters.Length;

    /// <summary>How many voters decide. Two majorities always meet.</summary>
    internal int Majority => (Count / 2) + 1;

    /// <summary>The voter at a place.</summary>
    internal uint VoterAt(int place) => _voters[place];

    /// <summary>The place of a replica; -1 when it is no voter.</summary>
    internal int PlaceOf(uint replica)
    {
        for (int i = 0; i < _voters.Length; i++)
        {
            if (_voters[i] == replica)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>True when the bitmap holds a majority of the voters and nobody else.</summary>
    internal bool IsQuorum(ulong bitmap)
    {
        ulong all = Count == 64 ? ulong.MaxValue : (1UL << Count) - 1;
        return (bitmap & ~all) == 0 && BitOperations.PopCount(bitmap) >= Majority;
    }

    /// <summary>The highest value that a majority of the voters has reached.</summary>
    /// <param name="values">By voter; voters of whom nothing is known are missing at the end and count as zero.</param>
    /// <returns>Zero when no majority has reached anything; with no voters always.</returns>
    internal ulong Reached(ReadOnlySpan<ulong> values)
    {
        Invariant.Holds(values.Length <= Count);
        if (values.Length < Majority)
        {
            return 0;
        }

        // Insertion sort, descending: there are three or five of them.
        Span<ulong> sorted = stackalloc ulong[Limits.ReplicasMax];
        for (int i = 0; i < values.Length; i++)
        {
            int j = i;
            for (; j > 0 && sorted[j - 1] < values[i]; j--)
            {
                sorted[j] = sorted[j - 1];
            }

            sorted[j] = values[i];
        }

        return sorted[Majority - 1];
    }
}
