using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>Which formats a group uses (raft.md S57): those of the highest level that every member speaks. It is part
/// of the configuration, so it rises by an entry, once for all, and never falls.</summary>
/// <remarks>Every acknowledgement names the level of its sender; a member that has not answered this leader blocks the
/// rise, for it may run an older build.</remarks>
internal static class LevelRule
{
    /// <summary>The level to which the leader may raise the group now; the present one when it may not.</summary>
    internal static int Reachable(RaftState state)
    {
        Invariant.Holds(state.Role == Role.Leader);
        int level = state.Options.Level;
        for (int i = 0; i < state.Peers.Length; i++)
        {
            level = i == state.Self ? level : int.Min(level, state.Peers[i].Level);
        }

        return int.Max(level, state.Configuration.Level);
    }

    /// <summary>A leader's entry: one that brings a configuration must be of a level which this build speaks, and then
    /// it must make sense.</summary>
    internal static ReceiveResult Judge(RaftState state, in RecordHeader header, in Entry entry)
    {
        bool isBeyond = (entry.Flags & EntryFlags.Configuration) != 0
            && ConfigurationBody.LevelOf(entry.Payload) > state.Options.Level;
        return isBeyond ? ReceiveResult.NewerLevel
            : ConfigurationRule.IsSound(header, entry) ? ReceiveResult.Accepted
            : ReceiveResult.Malformed;
    }

    /// <summary>A configuration of a level which this build does not speak.</summary>
    internal static bool IsBeyond(RaftState state, Configuration? configuration) =>
        configuration is { Epoch: > 0 } && configuration.Level > state.Options.Level;
}
