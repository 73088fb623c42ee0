using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// What members may do, whatever they were: nobody leads who holds no data as a voter of the life that is named, and
/// who was removed leads no later term (raft.md S29, S32, S33).
/// </summary>
internal sealed class MemberChecker(World world)
{
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
    }

    /// <summary>The group has agreed on another configuration.</summary>
    internal void Committed(Configuration configuration)
    {
        foreach (ConfigurationMember member in configuration.Members)
        {
            SimulatedReplica replica = world[member.Replica];
            if (member.Incarnation == replica.Incarnation && replica.Disk.Mishaps.Harm == DiskHarm.Wiped)
            {
                // The group counts on this life now, and on nothing of the one before.
                replica.Disk.Mishaps.Harm = DiskHarm.None;
            }
        }
    }
}
