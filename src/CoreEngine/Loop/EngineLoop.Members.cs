using System;
using System.Collections.Generic;
using System.Net;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol.Membership;

namespace CoreEngine.Loop;

/// <summary>What the loop adds to the configurations of its groups: lives that it has met, and ways to the
/// members.</summary>
internal sealed partial class EngineLoop
{
    /// <summary>Fills in what the asker may leave out: the life of a new member that we have met, and the addresses of
    /// members that only the hosts' options name.</summary>
    internal MemberChange Complete(GroupRuntime group, MemberChange change)
    {
        if (change.IsLeave)
        {
            return change;
        }

        Configuration current = group.Suffix.Configurations.Latest;
        List<ConfigurationMember> rows = [.. NameLives(group, change).Set];
        foreach (ConfigurationMember member in current.Members)
        {
            bool isTouched = Array.IndexOf(change.Remove, member.Replica) >= 0
                || rows.Exists(row => row.Replica == member.Replica);
            if (!isTouched && member.Address.Length == 0 && AddressOf(member.Replica) is { } address)
            {
                rows.Add(member with { Address = address.ToString() });
            }
        }

        return change with { Set = [.. rows] };
    }

    /// <summary>Fills in the lives of new members that this replica has met: the leader may not have.</summary>
    internal MemberChange NameLives(GroupRuntime group, MemberChange change)
    {
        Configuration current = group.Suffix.Configurations.Latest;
        List<ConfigurationMember> rows = [];
        foreach (ConfigurationMember wanted in change.Set)
        {
            bool isNew = current.Find(wanted.Replica) is null;
            ulong life = wanted.Incarnation != 0 || !isNew ? wanted.Incarnation : Peers.LastSeen(wanted.Replica);
            rows.Add(wanted with { Incarnation = life });
        }

        return change with { Set = [.. rows] };
    }

    /// <summary>A link came up or went down.</summary>
    internal void LinkChanged(in LinkEvent change)
    {
        if (!Peers.Meet(change))
        {
            Options.Log?.Invoke($"replica {change.Peer} is not heard: it is remembered under another incarnation");
            return;
        }

        Liveness.Meet(change.Peer);
        foreach (GroupRuntime group in Groups)
        {
            // A group at rest has nothing under way that could be lost.
            if (group.Fault is null && !group.Core.IsQuiescent)
            {
                Activate(group);
                group.Core.LinkChanged(change.Peer, change.Connected, group.Outputs);
            }
        }
    }

    /// <summary>A group counts by other members: their lives are the ones to hear, and they must be reached.</summary>
    /// <param name="before">The members until now.</param>
    /// <param name="configuration">The members from now on.</param>
    /// <param name="agreedEpoch">The newest configuration that a commit certificate has named here.</param>
    /// <param name="leader">Who leads; 0 when nobody is known to.</param>
    internal void MembersChanged(
        Configuration before, Configuration configuration, ulong agreedEpoch, uint leader)
    {
        // One that catches up takes in what was long ago: the lives of then are not the ones to hear now.
        bool isPast = configuration.Epoch < agreedEpoch;
        foreach (ConfigurationMember member in before.Members)
        {
            if (configuration.Find(member.Replica) is null)
            {
                Peers.Forget(member.Replica, member.Incarnation);
            }
        }

        foreach (ConfigurationMember member in configuration.Members)
        {
            if (member.Replica == Replica)
            {
                continue;
            }

            bool mayChange = (!isPast && member.Replica != leader) || !Peers.IsLinked(member.Replica);
            if (member.Incarnation != 0 && configuration.ForcedEpoch == 0 && mayChange)
            {
                Peers.Readmit(member.Replica, member.Incarnation);
            }

            if (IPEndPoint.TryParse(member.Address, out IPEndPoint? address))
            {
                Transport.SetPeer(member.Replica, address);
            }
        }
    }

    private IPEndPoint? AddressOf(uint replica)
    {
        if (replica == Replica)
        {
            return Options.Listen;
        }

        foreach (Peer peer in Options.Peers)
        {
            if (peer.Replica == replica)
            {
                return peer.Address;
            }
        }

        return null;
    }
}
