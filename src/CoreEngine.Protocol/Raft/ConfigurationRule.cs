using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Quorums;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>Which configuration is in effect, and what that means for those who speak to us (Raft thesis,
/// 4.1).</summary>
internal static class ConfigurationRule
{
    /// <summary>Takes over the newest configuration of the log, at append and at truncation: a replica that waited
    /// until it has applied one would count with voters who are none any more (raft.md S27).</summary>
    internal static void Follow(RaftState state)
    {
        Configuration latest = state.Log.Configurations.Latest;
        if (!ReferenceEquals(latest, state.Configuration))
        {
            state.Adopt(latest, new QuorumSystem(latest), TableFor(state, latest));

            // Only a leader goes on counting; a campaign by other voters has ended.
            state.Grants = 0;
            RepairAsking.ForgetPlaces(state);
        }

        Invariant.Holds(state.ConfigEpoch <= ulong.Max(state.LastIndex, state.Log.Configurations.Base.Epoch));
    }

    /// <summary>What a leader knows of each member, by the places of a configuration: of who stays, all that it knew;
    /// of who is new, or back in another life, nothing (raft.md S30, S31).</summary>
    internal static Progress[] TableFor(RaftState state, Configuration configuration)
    {
        var peers = new Progress[configuration.Members.Length];
        for (int i = 0; i < peers.Length; i++)
        {
            ConfigurationMember member = configuration.Members[i];
            ConfigurationMember? before = state.Configuration.Find(member.Replica);
            if (before is not null && before.Incarnation == member.Incarnation)
            {
                peers[i] = state.Peers[state.Configuration.PlaceOf(member.Replica)];
                continue;
            }

            peers[i] = new Progress(state.Options.InflightMessagesMax, state.Options.InflightBytesMax);
            peers[i].Reset(state.LastIndex + 1, state.NowNs);
        }

        return peers;
    }

    /// <summary>True when an answer comes from the life of a member that the configuration names.</summary>
    internal static bool IsLifeOf(RaftState state, int place, ulong incarnation)
    {
        ulong named = state.Configuration.Members[place].Incarnation;
        return named == 0 || named == incarnation;
    }

    /// <summary>True when voters named by a certificate decide in the configuration that it names. One that we do not
    /// hold, because our log lags or has forgotten it, cannot be counted here: its leader did.</summary>
    internal static bool IsQuorumOf(RaftState state, ulong epoch, ulong voters)
    {
        if (epoch == state.ConfigEpoch)
        {
            return state.Quorum.IsQuorum(voters);
        }

        Configuration? known = state.Log.Configurations.Find(epoch);
        return epoch != 0 && voters != 0 && (known is null || new QuorumSystem(known).IsQuorum(voters));
    }

    /// <summary>Messages that may come from a replica that we do not know as a member: its promotion may not have
    /// reached us (raft.md S11).</summary>
    internal static bool IsHeardFromAnybody(MessageType type) => type is MessageType.PreVoteRequest
        or MessageType.VoteRequest
        or MessageType.AppendEntries
        or MessageType.InstallSnapshot
        or MessageType.ReadIndexReply
        or MessageType.Removed
        or MessageType.FoundRequest
        or MessageType.FoundReply;

    /// <summary>We vote, and hold data: a learner, a witness and who was removed never lead (raft.md S32,
    /// S33).</summary>
    internal static bool MayCampaign(RaftState state) =>
        state.Self >= 0
        && state.Configuration.Members[state.Self].MayLead
        && IsLifeOf(state, state.Self, state.Incarnation)
        && state.RemovedAt <= state.ConfigEpoch;

    /// <summary>A record that claims to hold a configuration does.</summary>
    internal static bool IsSound(in RecordHeader header, in Entry entry) =>
        (entry.Flags & EntryFlags.Configuration) == 0
        || ConfigurationBody.TryRead(entry.Payload, header.Index, out _);
}
