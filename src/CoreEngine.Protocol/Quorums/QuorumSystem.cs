using System;
using System.Numerics;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Quorums;

/// <summary>Which sets of members decide: enough weight of the whole membership, never of those that happened to
/// answer, and in both halves while a configuration is joint (Raft thesis, 4.3).</summary>
/// <remarks>Immutable. A member's place is its rank among the sorted ids of all members; bit i of a bitmap stands for
/// place i. Learners have places and count nowhere.</remarks>
internal sealed class QuorumSystem
{
    private readonly Configuration _configuration;
    private readonly VoterSet _incoming;
    private readonly VoterSet? _outgoing;

    /// <param name="voters">Ids of equal voters, distinct, in any order.</param>
    internal QuorumSystem(ReadOnlySpan<uint> voters)
        : this(Configuration.OfVoters(voters))
    {
    }

    /// <param name="configuration">Its members in their places.</param>
    internal QuorumSystem(Configuration configuration)
    {
        _configuration = configuration;
        _incoming = IncomingOf(configuration);
        _outgoing = configuration.IsJoint ? OutgoingOf(configuration) : null;
    }

    /// <summary>How many members there are: voters of both halves and learners.</summary>
    internal int Count => _configuration.Members.Length;

    /// <summary>Bit i: the member at place i votes in some half.</summary>
    internal ulong Voters => _incoming.Voters | (_outgoing?.Voters ?? 0);

    /// <summary>How many vote in some half.</summary>
    internal int VoterCount => BitOperations.PopCount(Voters);

    /// <summary>Weight of the incoming half that commits.</summary>
    internal int Majority => (int)_incoming.CommitSize;

    /// <summary>The member at a place.</summary>
    internal uint VoterAt(int place) => _configuration.Members[place].Replica;

    /// <summary>True when the member at a place votes in some half.</summary>
    internal bool IsVoter(int place) => place >= 0 && ((Voters >> place) & 1) != 0;

    /// <summary>The place of a replica; -1 when it is no member.</summary>
    internal int PlaceOf(uint replica) => _configuration.PlaceOf(replica);

    /// <summary>True when the bitmap holds nobody but members, and voters among them that commit and
    /// confirm.</summary>
    internal bool IsQuorum(ulong bitmap) =>
        HasMembersOnly(bitmap)
        && _incoming.WeightOf(bitmap) >= _incoming.CommitSize
        && (_outgoing is null || _outgoing.WeightOf(bitmap) >= _outgoing.CommitSize);

    /// <summary>True when the bitmap holds nobody but members, and voters among them that elect.</summary>
    internal bool IsElectionQuorum(ulong bitmap) =>
        HasMembersOnly(bitmap)
        && _incoming.WeightOf(bitmap) >= _incoming.ElectionSize
        && (_outgoing is null || _outgoing.WeightOf(bitmap) >= _outgoing.ElectionSize);

    /// <summary>The highest value that a quorum of the voters has reached.</summary>
    /// <param name="values">By place; members of whom nothing is known are missing at the end and count as
    /// zero.</param>
    /// <returns>Zero when no quorum has reached anything; with no voters always.</returns>
    internal ulong Reached(ReadOnlySpan<ulong> values)
    {
        ulong reached = _incoming.Reached(values);
        return _outgoing is null ? reached : ulong.Min(reached, _outgoing.Reached(values));
    }

    /// <summary>The half that goes on.</summary>
    internal static VoterSet IncomingOf(Configuration configuration)
    {
        Span<uint> weights = stackalloc uint[Limits.ReplicasMax];
        weights = weights[..configuration.Members.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = configuration.Members[i].IsVoter ? configuration.Members[i].Weight : 0;
        }

        return new VoterSet(weights, configuration.ElectionSize, configuration.CommitSize);
    }

    /// <summary>True when the halves of a joint configuration may follow each other without it: all their quorums
    /// meet.</summary>
    internal static bool IsOneStep(Configuration joint) =>
        !joint.IsJoint || QuorumCheck.MeetAcross(OutgoingOf(joint), IncomingOf(joint));

    private static VoterSet OutgoingOf(Configuration configuration)
    {
        Span<uint> weights = stackalloc uint[Limits.ReplicasMax];
        weights = weights[..configuration.Members.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            ConfigurationMember member = configuration.Members[i];
            weights[i] = member.IsOutgoingVoter ? member.OutgoingWeight : 0;
        }

        return new VoterSet(weights, configuration.OutgoingElectionSize, configuration.OutgoingCommitSize);
    }

    private bool HasMembersOnly(ulong bitmap) => Count == 64 || (bitmap >> Count) == 0;
}
