using System;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Membership;

/// <summary>Who takes part in a group and what counts as a quorum, from the entry at <see cref="Epoch"/> on (Raft
/// thesis, 4; joint consensus: 4.3).</summary>
/// <remarks>Immutable. A member's place is its rank among the sorted numbers of all members; bitmaps and tables of
/// the core go by it.</remarks>
internal sealed class Configuration
{
    internal const byte PriorityDefault = 100;

    /// <summary>Epoch of the first configuration, which stands in no entry: the first entry of a log is an
    /// anchor.</summary>
    internal const ulong FirstEpoch = 1;

    /// <summary>Nobody: what a replica knows before it has heard of its group. No quorum exists in it.</summary>
    internal static readonly Configuration None = new(0, []);

    private readonly ConfigurationMember[] _members;

    /// <param name="epoch">Index of its entry; <see cref="FirstEpoch"/> for the first one.</param>
    /// <param name="members">Distinct replicas, in any order, at most <see cref="Limits.ReplicasMax"/>.</param>
    internal Configuration(ulong epoch, ReadOnlySpan<ConfigurationMember> members)
    {
        Invariant.Holds(members.Length <= Limits.ReplicasMax);
        Epoch = epoch;
        _members = members.ToArray();
        Array.Sort(_members, static (left, right) => left.Replica.CompareTo(right.Replica));
        for (int i = 0; i < _members.Length; i++)
        {
            Invariant.Holds(_members[i].Replica != 0);
            Invariant.Holds(i == 0 || _members[i - 1].Replica != _members[i].Replica);
            IsJoint |= _members[i].IsOutgoingVoter;
        }
    }

    /// <summary>The configuration id: index of the entry that brought it.</summary>
    internal ulong Epoch { get; }

    /// <summary>All members, sorted by number: incoming, outgoing and learners.</summary>
    internal ReadOnlySpan<ConfigurationMember> Members => _members;

    /// <summary>Two halves decide together; the outgoing one ends with the next configuration.</summary>
    internal bool IsJoint { get; }

    /// <summary>Joint: the leader ends it by itself as soon as it is committed.</summary>
    internal bool IsAutomatic { get; init; }

    /// <summary>The formats that the group uses: every member speaks them (raft.md S57).</summary>
    internal int Level { get; init; } = FeatureLevels.Newest;

    /// <summary>Weight that elects; 0: more than half.</summary>
    internal uint ElectionSize { get; init; }

    /// <summary>Weight that commits and confirms; 0: more than half.</summary>
    internal uint CommitSize { get; init; }

    /// <summary>The configuration by which an operator has begun again with one survivor; 0: never. Later ones keep
    /// it.</summary>
    internal ulong ForcedEpoch { get; init; }

    /// <summary>Of the outgoing half.</summary>
    internal uint OutgoingElectionSize { get; init; }

    /// <summary>Of the outgoing half.</summary>
    internal uint OutgoingCommitSize { get; init; }

    /// <summary>The first configuration of a group of equal voters.</summary>
    internal static Configuration OfVoters(ReadOnlySpan<uint> voters, int level = FeatureLevels.Newest)
    {
        var members = new ConfigurationMember[voters.Length];
        for (int i = 0; i < voters.Length; i++)
        {
            members[i] = new ConfigurationMember { Replica = voters[i] };
        }

        return new Configuration(FirstEpoch, members) { Level = level };
    }

    /// <summary>The place of a replica; -1 when it is no member.</summary>
    internal int PlaceOf(uint replica)
    {
        for (int i = 0; i < _members.Length; i++)
        {
            if (_members[i].Replica == replica)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>A replica's row; null when it is no member.</summary>
    internal ConfigurationMember? Find(uint replica)
    {
        int place = PlaceOf(replica);
        return place < 0 ? null : _members[place];
    }

    /// <summary>The same members at another epoch, and a level not below the present one.</summary>
    internal Configuration At(ulong epoch, int level = 0) => new(epoch, _members)
    {
        Level = int.Max(level, Level),
        IsAutomatic = IsAutomatic,
        ForcedEpoch = ForcedEpoch,
        ElectionSize = ElectionSize,
        CommitSize = CommitSize,
        OutgoingElectionSize = OutgoingElectionSize,
        OutgoingCommitSize = OutgoingCommitSize,
    };
}
