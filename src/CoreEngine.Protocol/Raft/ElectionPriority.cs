using CoreEngine.Protocol.Membership;

namespace CoreEngine.Protocol.Raft;

/// <summary>Who should lead: a member waits longer for each distinct priority above its own, so that those above it
/// campaign first. It still leads when they cannot.</summary>
internal static class ElectionPriority
{
    /// <summary>However many stand above it, a member waits so many times at most.</summary>
    internal const int RanksMax = 3;

    /// <summary>What is added to the election timeout. Nanoseconds; 0 while all priorities are alike.</summary>
    internal static long DelayNs(RaftState state)
    {
        if (state.Self < 0)
        {
            return 0;
        }

        byte own = state.Configuration.Members[state.Self].Priority;
        int ranks = 0;
        for (int i = 0; i < state.Configuration.Members.Length && ranks < RanksMax; i++)
        {
            ConfigurationMember member = state.Configuration.Members[i];
            ranks += member.MayLead && member.Priority > own && IsFirstOf(state.Configuration, i) ? 1 : 0;
        }

        return ranks * (state.Options.ElectionMaxNs - state.Options.ElectionMinNs);
    }

    private static bool IsFirstOf(Configuration configuration, int place)
    {
        for (int i = 0; i < place; i++)
        {
            ConfigurationMember member = configuration.Members[i];
            if (member.MayLead && member.Priority == configuration.Members[place].Priority)
            {
                return false;
            }
        }

        return true;
    }
}
