using CoreEngine.Model;

namespace CoreEngine.Protocol.Membership;

/// <summary>What an operator asks of a configuration.</summary>
internal sealed record MemberChange
{
    /// <summary>The configuration that the caller has seen; another one in effect refuses the change (raft.md S34). 0:
    /// whatever is in effect.</summary>
    internal ulong ExpectedEpoch { get; init; }

    /// <summary>Members to add, or to give another part. Only Kind, Weight, Priority, Domain, Address, Incarnation
    /// and IsPromoted are looked at; an empty address and a zero incarnation leave those of a member as they
    /// are.</summary>
    internal ConfigurationMember[] Set { get; init; } = [];

    /// <summary>Replicas that leave.</summary>
    internal uint[] Remove { get; init; } = [];

    /// <summary>Weight that elects from then on; null leaves it, 0 means more than half.</summary>
    internal uint? ElectionSize { get; init; }

    /// <summary>Weight that commits from then on; null leaves it, 0 means more than half.</summary>
    internal uint? CommitSize { get; init; }

    /// <summary>The joint configuration stays until somebody asks for its end by <see cref="IsLeave"/>.</summary>
    internal bool IsExplicit { get; init; }

    /// <summary>Ends an explicit joint configuration; nothing else is looked at.</summary>
    internal bool IsLeave { get; init; }

    /// <summary>New voters may lag: the group may stand still until they have the log. Otherwise they must be learners
    /// that have caught up.</summary>
    internal bool MayLag { get; init; }
}

/// <summary>What became of the request at the leader.</summary>
/// <param name="Epoch">The configuration that it has appended; 0 when refused.</param>
/// <param name="Term">The term of that entry.</param>
/// <param name="Refusal">Why not.</param>
internal readonly record struct ChangeResult(ulong Epoch, ulong Term, Refusal Refusal);
