using CoreEngine.Model;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Reads;

/// <summary>An entry of the leader's own, without a command: its commit is what it is for.</summary>
internal static class EmptyEntry
{
    /// <returns>False when memory has no room for it.</returns>
    internal static bool TryAppend(RaftState state, EntryFlags flags, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        Invariant.Holds((flags & EntryFlags.Anchor) != 0);
        if (!state.Log.Append(state.Term, state.Clock.Next(state.WallNs), flags, default, default))
        {
            return false;
        }

        Raft.Durability.WriteEntries(state, state.LastIndex, outputs);
        Replication.PumpAll(state, outputs);
        return true;
    }
}
