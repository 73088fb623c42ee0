using System;
using System.Collections.Generic;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Simulation.Exploration;

/// <summary>Who is there, who votes at first, and what an operator may ask of whoever leads, at any time and in any
/// order.</summary>
/// <param name="Name">For people.</param>
/// <param name="Replicas">How many replicas there are, numbered from 1; who is no voter knows nothing at
/// first.</param>
/// <param name="Voters">The first configuration.</param>
/// <param name="Changes">What may be asked for.</param>
internal sealed record MemberPlan(string Name, int Replicas, uint[] Voters, params MemberChange[] Changes)
{
    /// <summary>Three voters, and nothing is asked.</summary>
    internal static MemberPlan Fixed { get; } = new("fixed", 3, [1, 2, 3]);

    /// <summary>One of three is replaced: through a joint configuration, for the majorities need not meet.</summary>
    internal static MemberPlan Replace { get; } = new("replace", 4, [1, 2, 3], Change([3], 4));

    /// <summary>Two become three, in one step.</summary>
    internal static MemberPlan Grow { get; } = new("grow", 3, [1, 2], Change([], 3));

    /// <summary>Two become three, through a joint configuration that an operator ends.</summary>
    internal static MemberPlan GrowApart { get; } = new(
        "grow-apart", 3, [1, 2], Change([], 3) with { IsExplicit = true }, new MemberChange { IsLeave = true });

    /// <summary>Three become two; the one who leaves may lead (raft.md S28).</summary>
    internal static MemberPlan Shrink { get; } = new("shrink", 3, [1, 2, 3], Change([3]));

    /// <summary>Two become one; the one who leaves may lead.</summary>
    internal static MemberPlan ShrinkToOne { get; } = new("shrink-to-one", 2, [1, 2], Change([2]));

    /// <summary>Two removals by two leaders, whose majorities need not meet (raft.md S25).</summary>
    internal static MemberPlan TwoRemovals { get; } =
        new("two-removals", 4, [1, 2, 3, 4], Change([4]), Change([3]));

    /// <summary>All of them.</summary>
    internal static IReadOnlyList<MemberPlan> All { get; } =
        [Fixed, Replace, Grow, GrowApart, Shrink, ShrinkToOne, TwoRemovals];

    /// <summary>The renamings that leave the plan as it is.</summary>
    internal Permutations Permutations => field ??= new Permutations(Replicas, IsAlike);

    /// <summary>The first configuration as a number.</summary>
    internal int Start => field == 0 ? field = ConfigurationCode.Of(Configuration.OfVoters(Voters)) : field;

    /// <summary>True for a voter of the first configuration, who knows it from the start.</summary>
    internal bool IsFounder(uint replica) => Array.IndexOf(Voters, replica) >= 0;

    /// <summary>Two replicas of whom the plan says the same.</summary>
    private bool IsAlike(uint one, uint other)
    {
        bool isAlike = IsFounder(one) == IsFounder(other);
        foreach (MemberChange change in Changes)
        {
            isAlike &= (Array.IndexOf(change.Remove, one) >= 0) == (Array.IndexOf(change.Remove, other) >= 0);
            isAlike &= Sets(change, one) == Sets(change, other);
        }

        return isAlike;
    }

    private static bool Sets(MemberChange change, uint replica) =>
        Array.Exists(change.Set, member => member.Replica == replica);

    /// <summary>New voters may lag: whether they keep up is a question of time, which is not explored.</summary>
    private static MemberChange Change(uint[] removed, params uint[] added) => new()
    {
        Remove = removed,
        Set = Array.ConvertAll(added, static replica => new ConfigurationMember
        {
            Replica = replica,
            Incarnation = LocalReplica.IncarnationOf(replica),
        }),
        MayLag = true,
    };
}
