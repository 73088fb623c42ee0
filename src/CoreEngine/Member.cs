using System.Collections.Generic;
using System.Net;
using CoreEngine.Model;

namespace CoreEngine;

/// <summary>A replica's part in a group.</summary>
public sealed record Member
{
    /// <summary>Its number, unique in the cluster, from 1.</summary>
    public required uint Replica { get; init; }

    /// <summary>Voter, learner or witness. None: it leaves with the end of a joint configuration.</summary>
    public MemberKind Kind { get; init; } = MemberKind.Voter;

    /// <summary>The life of its data directory whose word counts. 0 in a change: the one that the leader has met
    /// last.</summary>
    public ulong Incarnation { get; init; }

    /// <summary>Higher ones campaign sooner. Default 100.</summary>
    public byte Priority { get; init; } = 100;

    /// <summary>How much its vote counts, up to a million; not looked at for a learner. Default 1.</summary>
    public uint Weight { get; init; } = 1;

    /// <summary>Its failure domain; 0, the default, is not declared. No quorum may lie inside one.</summary>
    public uint Domain { get; init; }

    /// <summary>Where its engine listens for replicas; null leaves it as it is, or as the hosts were told.</summary>
    public IPEndPoint? Address { get; init; }

    /// <summary>Learner: becomes a voter by itself once it has caught up.</summary>
    public bool IsPromoted { get; init; }

    /// <summary>Votes in the outgoing half of a joint configuration.</summary>
    public bool IsOutgoing { get; init; }
}

/// <summary>Who takes part in a group.</summary>
/// <param name="Epoch">The configuration's id: index of its entry; 0 before this replica has heard of any.</param>
/// <param name="IsJoint">Two halves decide together; a change is under way.</param>
/// <param name="Members">Sorted by replica.</param>
/// <param name="ElectionSize">Weight that elects; 0: more than half.</param>
/// <param name="CommitSize">Weight that commits; 0: more than half.</param>
/// <param name="ForcedEpoch">The configuration by which an operator began again with one survivor; 0: never.</param>
/// <param name="IsRemoved">A member has told this replica that it is none any more.</param>
public sealed record Membership(
    ulong Epoch,
    bool IsJoint,
    IReadOnlyList<Member> Members,
    uint ElectionSize,
    uint CommitSize,
    ulong ForcedEpoch,
    bool IsRemoved);

/// <summary>A change of members. Every quorum of the old and the new members meets: in one step where that is so by
/// itself, else through a joint configuration.</summary>
public sealed record MembershipChange
{
    /// <summary>The configuration that the caller has seen (<see cref="Membership.Epoch"/>); another one in effect
    /// refuses the change. 0: whatever is in effect.</summary>
    public ulong ExpectedEpoch { get; init; }

    /// <summary>Members to add or to change.</summary>
    public IReadOnlyList<Member> Set { get; init; } = [];

    /// <summary>Replicas to remove.</summary>
    public IReadOnlyList<uint> Remove { get; init; } = [];

    /// <summary>Weight that elects from then on; null leaves it, 0 means more than half.</summary>
    public uint? ElectionSize { get; init; }

    /// <summary>Weight that commits from then on; null leaves it, 0 means more than half.</summary>
    public uint? CommitSize { get; init; }

    /// <summary>Stays joint until a change with <see cref="Leave"/>.</summary>
    public bool StaysJoint { get; init; }

    /// <summary>Ends a joint configuration that stays; nothing else is looked at.</summary>
    public bool Leave { get; init; }

    /// <summary>New voters need not have caught up as learners: the group may stand still until they have.</summary>
    public bool AllowLagging { get; init; }
}

/// <summary>What became of a change of members.</summary>
/// <param name="Outcome">Committed; Refused: surely without effect; Unknown: not decided in time.</param>
/// <param name="Epoch">Committed: the configuration in effect then.</param>
/// <param name="Refusal">Why it was refused.</param>
public readonly record struct MembershipOutcome(Outcome Outcome, ulong Epoch, Refusal Refusal);
