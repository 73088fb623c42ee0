using System;

namespace CoreEngine.Protocol.Raft;

/// <summary>What recovery could not find out.</summary>
[Flags]
internal enum Doubt : byte
{
    None = 0,

    /// <summary>Entries may have been acknowledged of which not even the indexes are known.</summary>
    Log = 1,

    /// <summary>A vote may have been given in a term that is not known.</summary>
    Vote = 2,
}

/// <summary>
/// What a replica with a damaged medium may do (Protocol-Aware Recovery for Consensus-Based Storage, FAST'18, CTRL):
/// it votes by what it claims, and leads and applies only by what it can read.
/// </summary>
/// <remarks>
/// Index and term of a lost entry are claims like those of a sound one, so that no leader is elected that lacks it
/// though it may be committed. Where even these are lost the replica gives no vote until a leader that was elected
/// without it has confirmed what there is.
/// </remarks>
internal static class Claims
{
    /// <summary>Something is missing that peers may have.</summary>
    internal static bool IsDamaged(RaftState state) =>
        state.Log.Holes.Count > 0 || state.Repair.Doubt != Doubt.None;

    /// <summary>A leader must be able to send every entry of its log.</summary>
    internal static bool MayLead(RaftState state) => !IsDamaged(state);

    /// <summary>A vote says: my log is no newer than yours. Somebody who has forgotten cannot say it.</summary>
    internal static bool MayVote(RaftState state) => state.Repair.Doubt == Doubt.None;

    /// <summary>Up to here entries may be acknowledged: they can be read after a crash.</summary>
    internal static ulong Readable(RaftState state) => state.Log.Holes.ReadableLast;
}
