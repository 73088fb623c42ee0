using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>
/// Begins again with one survivor when a quorum is lost for good, by an operator's word (raft.md S58): what the lost
/// ones alone had acknowledged is lost, and the log says so.
/// </summary>
/// <remarks>
/// The survivor writes a configuration with itself alone, marked as data loss, in a term far above what the others may
/// reach, and takes part under another incarnation from then on. Should the lost ones turn up, neither side counts a
/// word of the other: they are to be formatted anew and added.
/// </remarks>
internal static class ForcedRecovery
{
    /// <summary>How far the term rises: lost replicas that still hold elections among themselves do not meet
    /// it.</summary>
    internal const ulong TermLeap = 1_000_000;

    /// <summary>Writes the record. The group goes on as soon as it is durable and this replica has elected
    /// itself.</summary>
    internal static ChangeResult Force(RaftState state, Outputs outputs)
    {
        ConfigurationMember? own = state.Configuration.Find(state.Options.Replica);
        if (own is null || !own.MayLead)
        {
            return new ChangeResult(0, 0, new Refusal(RefusalCode.NoSuchMember, state.Options.Replica));
        }

        if (state.Role == Role.Leader)
        {
            // It has a quorum, or will notice that it has none.
            return new ChangeResult(0, 0, new Refusal(RefusalCode.QuorumStands, state.Term));
        }

        ulong epoch = state.LastIndex + 1;
        var alone = new ConfigurationMember
        {
            Replica = own.Replica,
            Incarnation = IncarnationAfter(state.Options.Incarnation, epoch),
            Priority = own.Priority,
            Domain = own.Domain,
            Address = own.Address,
        };
        var next = new Configuration(epoch, [alone])
        {
            ForcedEpoch = epoch,
            Level = state.Configuration.Level,
        };
        Election.AdoptTerm(state, state.Term + TermLeap, state.Options.Replica, outputs);
        bool hasRoom = state.Log.Append(
            state.Term,
            state.Clock.Next(state.WallNs),
            EntryFlags.Configuration | EntryFlags.DataLoss,
            default,
            ConfigurationBody.ToBytes(next));
        if (!hasRoom)
        {
            return new ChangeResult(0, 0, new Refusal(RefusalCode.UncommittedFull));
        }

        ConfigurationRule.Follow(state);
        Durability.WriteEntries(state, epoch, outputs);
        state.ElectionDeadlineNs = state.NowNs;
        Invariant.Holds(state.IsAlone);
        return new ChangeResult(epoch, state.Term, default);
    }

    /// <summary>The incarnation under which we take part: our directory's, or what it became by a forced
    /// recovery.</summary>
    internal static ulong IncarnationOf(RaftState state)
    {
        ulong forced = state.Configuration.ForcedEpoch;
        if (forced == 0 || state.Self < 0)
        {
            return state.Options.Incarnation;
        }

        ulong bumped = IncarnationAfter(state.Options.Incarnation, forced);
        return state.Configuration.Members[state.Self].Incarnation == bumped ? bumped : state.Options.Incarnation;
    }

    /// <summary>After a forced recovery nobody but a member is heard: who is not may be one of those that were given
    /// up.</summary>
    internal static bool IsFenced(RaftState state, uint replica) =>
        state.Configuration.ForcedEpoch != 0 && state.Quorum.PlaceOf(replica) < 0;

    /// <summary>Another life of the same directory: never 0, and not the one before.</summary>
    private static ulong IncarnationAfter(ulong incarnation, ulong epoch) =>
        unchecked(incarnation ^ (epoch * 0x9E3779B97F4A7C15UL)) | 1;
}
