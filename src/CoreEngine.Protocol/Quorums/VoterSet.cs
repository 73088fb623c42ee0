using System;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Quorums;

/// <summary>The voters of one half of a configuration, with the weight that each brings.</summary>
/// <remarks>Immutable; places are those of the whole table of members.</remarks>
internal sealed class VoterSet
{
    private readonly uint[] _weights;
    private readonly bool _isUniform;

    /// <param name="weights">By place; 0 for who does not vote here.</param>
    /// <param name="electionSize">Weight that elects; 0: more than half.</param>
    /// <param name="commitSize">Weight that commits; 0: more than half.</param>
    internal VoterSet(ReadOnlySpan<uint> weights, uint electionSize = 0, uint commitSize = 0)
    {
        Invariant.Holds(weights.Length <= Limits.ReplicasMax);
        _weights = weights.ToArray();
        _isUniform = true;
        for (int i = 0; i < weights.Length; i++)
        {
            Voters |= weights[i] > 0 ? 1UL << i : 0;
            Total += weights[i];
            _isUniform &= weights[i] <= 1;
        }

        ElectionSize = electionSize != 0 ? electionSize : (Total / 2) + 1;
        CommitSize = commitSize != 0 ? commitSize : (Total / 2) + 1;
    }

    /// <summary>Bit i: the member at place i votes here.</summary>
    internal ulong Voters { get; }

    /// <summary>Sum of all weights.</summary>
    internal ulong Total { get; }

    /// <summary>Weight that elects. More than <see cref="Total"/> when nobody votes.</summary>
    internal ulong ElectionSize { get; }

    /// <summary>Weight that commits and confirms.</summary>
    internal ulong CommitSize { get; }

    /// <summary>What the voters among a set of places bring together.</summary>
    internal ulong WeightOf(ulong bitmap)
    {
        bitmap &= Voters;
        if (_isUniform)
        {
            return (ulong)BitOperations.PopCount(bitmap);
        }

        ulong weight = 0;
        for (; bitmap != 0; bitmap &= bitmap - 1)
        {
            weight += _weights[BitOperations.TrailingZeroCount(bitmap)];
        }

        return weight;
    }

    /// <summary>The weight of the voter at a place; 0 when it does not vote here.</summary>
    internal uint WeightAt(int place) => _weights[place];

    /// <summary>The highest value that voters of the commit size have reached.</summary>
    /// <param name="values">By place; missing ones at the end count as zero.</param>
    internal ulong Reached(ReadOnlySpan<ulong> values)
    {
        Invariant.Holds(values.Length <= _weights.Length);

        // Every value is a candidate, and there are three or five of them.
        ulong best = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (_weights[i] > 0 && values[i] > best && WeightAbove(values, values[i]) >= CommitSize)
            {
                best = values[i];
            }
        }

        return best;
    }

    private ulong WeightAbove(ReadOnlySpan<ulong> values, ulong least)
    {
        ulong weight = 0;
        for (int i = 0; i < values.Length; i++)
        {
            weight += values[i] >= least ? _weights[i] : 0;
        }

        return weight;
    }
}
