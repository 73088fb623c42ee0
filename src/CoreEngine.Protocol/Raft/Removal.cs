using System.Buffers.Binary;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Raft;

/// <summary>How a replica learns that it was removed: nobody sends it entries any more, so it asks for votes, and a
/// member tells it (raft.md S29).</summary>
internal static class Removal
{
    private const int NoticeBytes = 8;

    /// <summary>Tells an asker whose log is behind ours that it is no member, when a committed configuration says so.
    /// One whose log is not behind may know more than we do (raft.md S11).</summary>
    internal static void TellIfRemoved(RaftState state, uint replica, ulong incarnation, Outputs outputs)
    {
        Configuration configuration = state.Configuration;
        ConfigurationMember? row = configuration.Find(replica);
        bool isMember = row is not null && (row.Incarnation == 0 || row.Incarnation == incarnation);
        if (isMember || configuration.Epoch == 0 || configuration.Epoch > state.CommitIndex)
        {
            return;
        }

        ref OutboundMessage message = ref Durability.Reply(state, outputs);
        message.Header = state.HeaderTo(MessageType.Removed, replica);
        BinaryPrimitives.WriteUInt64LittleEndian(message.Body, configuration.Epoch);
        message.BodyLength = NoticeBytes;
    }

    /// <summary>We are no member any more, by our own log or by a member's word.</summary>
    internal static bool IsRemoved(RaftState state) =>
        state.RemovedAt > state.ConfigEpoch
        || (state.Self < 0 && state.ConfigEpoch != 0 && state.ConfigEpoch <= state.CommitIndex);

    /// <summary>We are told that a configuration newer than ours is without us: no more campaigns, until a newer one
    /// still names us again.</summary>
    internal static ReceiveResult OnNotice(RaftState state, in Message message)
    {
        if (message.Body.Length != NoticeBytes)
        {
            return ReceiveResult.Malformed;
        }

        ulong epoch = BinaryPrimitives.ReadUInt64LittleEndian(message.Body);
        bool isNews = state.Role != Role.Leader && epoch > ulong.Max(state.ConfigEpoch, state.RemovedAt);
        if (isNews)
        {
            state.RemovedAt = epoch;
            state.Role = Role.Follower;
        }

        return isNews ? ReceiveResult.Accepted : ReceiveResult.Stale;
    }
}
