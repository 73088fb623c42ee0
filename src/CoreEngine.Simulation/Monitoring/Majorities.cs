using CoreEngine.Protocol.Membership;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>Which members decide in a configuration: counted here once more, by other code than the engine's.</summary>
internal static class Majorities
{
    /// <summary>The members at these places elect a leader: in both halves while the configuration is joint.</summary>
    internal static bool Elect(Configuration configuration, ulong places) =>
        Reach(configuration, places, configuration.ElectionSize, isOutgoing: false)
        && (!configuration.IsJoint
            || Reach(configuration, places, configuration.OutgoingElectionSize, isOutgoing: true));

    /// <summary>The members at these places commit and confirm: in both halves while the configuration is
    /// joint.</summary>
    internal static bool Commit(Configuration configuration, ulong places) =>
        Reach(configuration, places, configuration.CommitSize, isOutgoing: false)
        && (!configuration.IsJoint
            || Reach(configuration, places, configuration.OutgoingCommitSize, isOutgoing: true));

    /// <summary>Both of <see cref="Elect"/> and <see cref="Commit"/>: with them a group goes on.</summary>
    internal static bool GoOn(Configuration configuration, ulong places) =>
        Elect(configuration, places) && Commit(configuration, places);

    /// <summary>Some replicas count by the one configuration and some by the next: could two sets without a common
    /// member decide?</summary>
    internal static bool MayPart(Configuration before, Configuration after)
    {
        uint[] voters = VotersOf(before, after);
        for (ulong set = 0; set < 1UL << voters.Length; set++)
        {
            ulong rest = ~set;
            bool elects = Elect(before, PlacesOf(before, voters, set));
            bool commits = Commit(before, PlacesOf(before, voters, set));
            ulong others = PlacesOf(after, voters, rest);
            if ((elects && (Elect(after, others) || Commit(after, others))) || (commits && Elect(after, others)))
            {
                return true;
            }
        }

        return false;
    }

    private static uint[] VotersOf(Configuration before, Configuration after)
    {
        var voters = new System.Collections.Generic.SortedSet<uint>();
        foreach (Configuration configuration in new[] { before, after })
        {
            foreach (ConfigurationMember member in configuration.Members)
            {
                if (member.IsVoter || member.IsOutgoingVoter)
                {
                    _ = voters.Add(member.Replica);
                }
            }
        }

        return [.. voters];
    }

    private static ulong PlacesOf(Configuration configuration, uint[] voters, ulong set)
    {
        ulong places = 0;
        for (int i = 0; i < voters.Length; i++)
        {
            int place = configuration.PlaceOf(voters[i]);
            places |= place >= 0 && ((set >> i) & 1) != 0 ? 1UL << place : 0;
        }

        return places;
    }

    /// <summary>The weight of a half's voters at these places is the size, or more than half of all when none is
    /// given.</summary>
    private static bool Reach(Configuration configuration, ulong places, uint size, bool isOutgoing)
    {
        ulong total = 0;
        ulong weight = 0;
        for (int i = 0; i < configuration.Members.Length; i++)
        {
            ConfigurationMember member = configuration.Members[i];
            bool votes = isOutgoing ? member.IsOutgoingVoter : member.IsVoter;
            ulong own = !votes ? 0 : isOutgoing ? member.OutgoingWeight : member.Weight;
            total += own;
            weight += ((places >> i) & 1) != 0 ? own : 0;
        }

        return total > 0 && (size == 0 ? 2 * weight > total : weight >= size);
    }
}
