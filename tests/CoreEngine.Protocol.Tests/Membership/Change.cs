using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Tests.Harness;

namespace CoreEngine.Protocol.Tests.Membership;

/// <summary>Short names for changes and for clusters whose first members are some of the replicas only.</summary>
internal static class Change
{
    internal static MemberChange Remove(params uint[] replicas) => new() { Remove = replicas };

    internal static MemberChange Add(params uint[] replicas) => new()
    {
        Set = [.. replicas.Select(r => Voter(r))],
        MayLag = true,
    };

    internal static MemberChange Learn(uint replica, bool isPromoted = false) => new()
    {
        Set = [Voter(replica) with { Kind = MemberKind.Learner, Weight = 0, IsPromoted = isPromoted }],
    };

    internal static ConfigurationMember Voter(uint replica) => new()
    {
        Replica = replica,
        Incarnation = 1000 + replica,
    };

    /// <summary>A cluster of which the first replicas found the group, and the rest wait to be added.</summary>
    internal static Cluster Of(int members, int replicas, ulong seed = 1)
    {
        var first = new Configuration(
            Configuration.FirstEpoch, [.. Enumerable.Range(1, members).Select(i => Voter((uint)i))]);
        return new Cluster(
            replicas,
            seed,
            change: options => options with { First = options.Replica <= members ? first : Configuration.None });
    }

    /// <summary>The voters of a replica's newest configuration.</summary>
    internal static uint[] Voters(Node node) =>
        [.. node.State.Configuration.Members.ToArray().Where(m => m.IsVoter).Select(m => m.Replica)];
}
