using CoreEngine.Model;

namespace CoreEngine.Protocol.Membership;

/// <summary>One row of a configuration: a replica's part in it and, while it is joint, in the one before.</summary>
internal sealed record ConfigurationMember
{
    /// <summary>Its number; not 0.</summary>
    internal required uint Replica { get; init; }

    /// <summary>The life of the data directory whose word counts (raft.md S31); 0: any, for cores without
    /// media.</summary>
    internal ulong Incarnation { get; init; }

    /// <summary>Its part; None when it leaves with the end of the joint configuration.</summary>
    internal MemberKind Kind { get; init; } = MemberKind.Voter;

    /// <summary>Its part in the outgoing half; None when not joint, or when it was no voter there.</summary>
    internal MemberKind OutgoingKind { get; init; }

    /// <summary>How much its vote counts; 0 for who does not vote.</summary>
    internal uint Weight { get; init; } = 1;

    /// <summary>How much its vote counts in the outgoing half.</summary>
    internal uint OutgoingWeight { get; init; }

    /// <summary>Higher ones campaign sooner. 0: campaigns only when nobody else does.</summary>
    internal byte Priority { get; init; } = Configuration.PriorityDefault;

    /// <summary>The failure domain; 0: not declared.</summary>
    internal uint Domain { get; init; }

    /// <summary>Where its engine listens for replicas, as host:port; empty when the host connects them
    /// itself.</summary>
    internal string Address { get; init; } = string.Empty;

    /// <summary>Learner: becomes a voter of weight 1 by itself, once it has caught up.</summary>
    internal bool IsPromoted { get; init; }

    /// <summary>It votes in the incoming half.</summary>
    internal bool IsVoter => Kind is MemberKind.Voter or MemberKind.Witness;

    /// <summary>It votes in the outgoing half.</summary>
    internal bool IsOutgoingVoter => OutgoingKind is MemberKind.Voter or MemberKind.Witness;

    /// <summary>It holds data and votes in some half: it may lead.</summary>
    internal bool MayLead => Kind == MemberKind.Voter
        || (OutgoingKind == MemberKind.Voter && Kind != MemberKind.Witness);
}
