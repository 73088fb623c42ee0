using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Simulation.Faults;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// What members may do, whatever they were: nobody leads who holds no data as a voter of the life that is named, and
/// who was removed leads no later term (raft.md S29, S32, S33).
/// </summary>
internal sealed class MemberChecker(World world)
{
    private readonly ulong[] _lives = new ulong[world.Options.Replicas + 1];
    private Configuration _before = Configuration.None;

    /// <summary>A term has got its leader.</summary>
    internal void Won(SimulatedReplica leader)
    {
        RaftState core = leader.Core;
        Configuration? counted = world.Monitors.Configurations.Of(core.Term, core.Authority.ConfigEpoch);
        ConfigurationMember? row = counted?.Find(leader.Number);
        bool holdsData = row is not null
            && (row.Kind == MemberKind.Voter
                || (row.OutgoingKind == MemberKind.Voter && row.Kind is MemberKind.None or MemberKind.Learner));
        world.Check(
            Monitor.LeaderIsVoter,
            !core.Authority.IsValid || holdsData,
            $"replica {leader.Number} leads term {core.Term}, in configuration {core.Authority.ConfigEpoch} it is "
            + $"{row?.Kind.ToString() ?? "nobody"}");
        world.Check(
            Monitor.LeaderIsVoter,
            row is null || row.Incarnation == 0 || row.Incarnation == core.Incarnation,
            $"replica {leader.Number} leads term {core.Term} in another life than its configuration names");
        world.Monitors.Rare.Sometimes(RareState.ElectedInJoint, counted is { IsJoint: true });
    }

    /// <summary>A replica counts by another configuration from now on.</summary>
    internal void Adopted(SimulatedReplica replica, Configuration configuration)
    {
        RareStates rare = world.Monitors.Rare;
        bool leads = replica.Core.Role == Role.Leader;
        rare.Sometimes(RareState.JointEntered, leads && configuration.IsJoint);
        if (leads && configuration.IsJoint)
        {
            world.Monitors.Buggify?.Visit(BuggifySite.InJoint, replica.Number);
        }

        rare.Sometimes(RareState.LeaderRemoved, leads && configuration.Find(replica.Number) is null);
    }

    /// <summary>The group has agreed on another configuration.</summary>
    internal void Committed(Configuration configuration)
    {
        Configuration before = _before;
        _before = configuration;
        RareStates rare = world.Monitors.Rare;
        foreach (ConfigurationMember member in configuration.Members)
        {
            SimulatedReplica replica = world[member.Replica];
            ConfigurationMember? old = before.Find(member.Replica);
            bool wasLearner = old is { Kind: MemberKind.Learner };
            rare.Sometimes(RareState.LearnerPromoted, wasLearner && member.IsVoter);
            bool wasVoter = old is { Kind: MemberKind.Voter };
            rare.Sometimes(RareState.WitnessAppointed, wasVoter && member.Kind == MemberKind.Witness);
            ref ulong life = ref _lives[member.Replica];
            rare.Sometimes(RareState.MemberReplaced, old is null && life != 0 && life != member.Incarnation);
            life = member.Incarnation;
            if (member.Incarnation == replica.Incarnation && replica.Disk.Mishaps.Harm == DiskHarm.Wiped)
            {
                // The group counts on this life now, and on nothing of the one before.
                replica.Disk.Mishaps.Harm = DiskHarm.None;
            }
        }

        foreach (ConfigurationMember member in before.Members)
        {
            rare.Sometimes(RareState.MemberRemoved, configuration.Find(member.Replica) is null);
        }
    }
}
