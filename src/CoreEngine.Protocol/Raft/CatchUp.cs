using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Raft;

/// <summary>Whether a learner is close enough to vote (Raft thesis, 4.2.1): it goes through rounds, each up to where
/// the log ended when the round began; one that took less than an election timeout shows that it keeps up.</summary>
internal static class CatchUp
{
    /// <summary>A learner has acknowledged.</summary>
    internal static void Note(RaftState state, int place)
    {
        Progress peer = state.Peers[place];
        if (state.Configuration.Members[place].Kind != MemberKind.Learner || peer.Match < peer.RoundEnd)
        {
            return;
        }

        // A round that is over as soon as it begins is the shortest.
        peer.IsCaughtUp = peer.Match >= state.LastIndex
            || state.NowNs - peer.RoundStartNs < state.Options.ElectionMinNs;
        peer.RoundEnd = state.LastIndex;
        peer.RoundStartNs = state.NowNs;
    }

    /// <summary>A learner that keeps up now: its last round was short, and the one under way is not long yet.</summary>
    internal static bool IsReady(RaftState state, uint replica)
    {
        int place = state.Quorum.PlaceOf(replica);
        if (place < 0 || state.Configuration.Members[place].Kind != MemberKind.Learner)
        {
            return false;
        }

        Progress peer = state.Peers[place];
        bool isInTime = peer.Match == state.LastIndex
            || state.NowNs - peer.RoundStartNs < state.Options.ElectionMinNs;
        return peer.IsCaughtUp && isInTime && state.NowNs - peer.ContactNs < state.Options.ElectionMinNs;
    }

    /// <summary>How many entries a replica lacks.</summary>
    internal static ulong LagOf(RaftState state, uint replica)
    {
        int place = state.Quorum.PlaceOf(replica);
        return place < 0 ? state.LastIndex : state.LastIndex - ulong.Min(state.Peers[place].Match, state.LastIndex);
    }

    /// <summary>The place of a learner that is to become a voter by itself, and may now; -1 when there is
    /// none.</summary>
    internal static int FindReady(RaftState state)
    {
        for (int i = 0; i < state.Configuration.Members.Length; i++)
        {
            ConfigurationMember member = state.Configuration.Members[i];
            if (member.IsPromoted && IsReady(state, member.Replica))
            {
                return i;
            }
        }

        return -1;
    }
}
