using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Simulation;

/// <summary>Its part in the group: founder or not, its life, and what its host asks of the members.</summary>
internal sealed partial class SimulatedReplica
{
    /// <summary>The life of its directory, of the last format on.</summary>
    internal ulong Incarnation { get; private set; }

    /// <summary>The newest formats that the build speaks with which it starts next.</summary>
    internal int FeatureLevel { get; set; } = FeatureLevels.Newest;

    /// <summary>It is started to join a group that others have founded.</summary>
    internal bool Joins { get; private set; } = number > (world.Options.Founders ?? world.Options.Replicas);

    /// <summary>A new directory under the old number, by leave: the group counts on nothing of the old one any
    /// more.</summary>
    internal void FormatToJoin()
    {
        Invariant.Holds(Loop is null);
        FormatAnew();
        Disk.Mishaps.Harm = DiskHarm.None;
        Joins = true;
    }

    /// <summary>The configuration by which it counts, for people; behind &lt; a part in the outgoing half.</summary>
    internal string MembersAsSeen
    {
        get
        {
            Configuration seen = Core.Configuration;
            var text = new StringBuilder();
            _ = text.Append(CultureInfo.InvariantCulture, $"members of {seen.Epoch}{(seen.IsJoint ? " joint" : "")}:");
            foreach (ConfigurationMember row in seen.Members)
            {
                string outgoing = row.IsOutgoingVoter ? $"<{row.OutgoingKind}" : "";
                _ = text.Append(CultureInfo.InvariantCulture, $" {row.Replica} {row.Kind}{outgoing}");
            }

            _ = text.Append(", linked to");
            for (uint peer = 1; peer <= world.Options.Replicas; peer++)
            {
                _ = _transport!.IsLinked(peer) ? text.Append(CultureInfo.InvariantCulture, $" {peer}") : text;
            }

            return Core.RemovedAt > seen.Epoch
                ? text.Append(CultureInfo.InvariantCulture, $", removed at {Core.RemovedAt}").ToString()
                : text.ToString();
        }
    }

    /// <summary>Its host changes the members.</summary>
    internal Task<MembershipOutcome> ChangeAsync(MembershipChange change)
    {
        _again = true;
        return Group.ChangeMembersAsync(change);
    }

    /// <summary>Its host begins again with it alone.</summary>
    internal Task<MembershipOutcome> ForceRecoverAsync()
    {
        _again = true;
        return Group.ForceRecoverAsync(acceptDataLoss: true);
    }

    private IEnumerable<uint> Founders()
    {
        for (uint i = 1; i <= (world.Options.Founders ?? world.Options.Replicas); i++)
        {
            yield return i;
        }
    }
}
