using System.Collections.Generic;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Exploration;

/// <summary>What distinguishes two states of one replica: everything on which a later output may depend.</summary>
/// <remarks>
/// Left out, because no decision of an exploration depends on them: clocks and deadlines (an input brings the time that
/// it needs), the seed, stamps, voters of a kept certificate, the numbers of tickets (their order counts), what a
/// leader knows of followers while it does not lead, read rounds and notices (there are no reads here, and notices wait
/// for the heartbeat), the campaign when pre-votes are not explored.
/// </remarks>
internal static class LocalEncoding
{
    internal static void Write(CanonicalWriter writer, LocalReplica replica, bool preVotes)
    {
        writer.AddReplica(replica.Number);
        WriteMedium(writer, replica);
        WriteCore(writer, replica, preVotes);
        if (replica.State.Role == Role.Leader)
        {
            // By new name, not by place: a renamed replica keeps its peers in another order.
            for (uint name = 1; name <= writer.Permutations.Replicas; name++)
            {
                uint peer = writer.Permutations.OriginOf(writer.Permutation, name);
                int place = replica.State.Quorum.PlaceOf(peer);
                if (peer != replica.Number && place >= 0)
                {
                    writer.Add(name);
                    WritePeer(writer, replica.State.Peers[place]);
                }
            }
        }
    }

    /// <summary>The entries in memory, and those before them that the snapshot stands for.</summary>
    internal static LogItem[] Memory(LocalReplica replica)
    {
        LogSuffix log = replica.Core.Log;
        var items = new LogItem[log.LastIndex];
        replica.Medium.Trimmed(log.BaseIndex).CopyTo(items);
        for (ulong i = log.BaseIndex; i < log.LastIndex; i++)
        {
            items[i] = EntryReader.Read(log.Record(i + 1), out _);
        }

        return items;
    }

    /// <summary>The entries on the medium, and those before them that the snapshot stands for.</summary>
    internal static LogItem[] Durable(Medium medium) => [.. medium.Trimmed(medium.BaseIndex), .. Items(medium.Records)];

    /// <summary>The entries of records.</summary>
    internal static LogItem[] Items(IReadOnlyList<byte[]> records)
    {
        var items = new LogItem[records.Count];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = EntryReader.Read(records[i], out _);
        }

        return items;
    }

    private static void WriteMedium(CanonicalWriter writer, LocalReplica replica)
    {
        Medium medium = replica.Medium;
        writer.Add(medium.Term);
        writer.AddReplica(medium.Vote);
        writer.Add(medium.Commit);
        writer.AddItems(Items(medium.Records));
        writer.Add(medium.BaseIndex);
        writer.Add(medium.BaseTerm);
        writer.Add(medium.Snapshot is not null);
        medium.Snapshot?.Write(writer);
        writer.Add(replica.Restoring?.Index ?? 0);
        writer.Add((ulong)medium.Pending.Count);
        foreach (PendingWrite write in medium.Pending)
        {
            PersistItem item = write.Item;
            writer.Add((ulong)item.Kind);
            writer.Add(item.Term);
            writer.AddReplica(item.Vote);
            writer.Add(item.Commit);
            writer.Add(item.First);
            writer.Add(item.Last);
            writer.AddItems(Items(write.Records));
        }

        writer.Add((ulong)replica.Held.Count);
        foreach (HeldLetter held in replica.Held)
        {
            writer.Add(WritesUntil(medium, held.Ticket));
            MessageTable.Write(writer, held.Header, held.Body);
        }
    }

    private static void WriteCore(CanonicalWriter writer, LocalReplica replica, bool preVotes)
    {
        RaftState state = replica.State;
        Medium medium = replica.Medium;
        writer.Add(state.Term);
        writer.AddReplica(state.Vote);
        writer.Add((ulong)state.Role);
        writer.AddReplica(state.Leader);
        writer.AddReplica(state.LeaderOfTerm);
        CommitCertificate proof = state.CommitProof;
        writer.Add(proof.Index);
        writer.Add(proof.Term);
        writer.Add(proof.ConfigEpoch);
        writer.Add(state.CommitFloor);
        writer.Add(state.Frontiers.Durable);
        writer.Add(state.Frontiers.Applied);
        writer.Add(state.Log.BaseIndex);
        writer.Add(state.RemovedAt);
        writer.Add((ulong)ConfigurationCode.Of(state.Log.Configurations.Base));
        writer.Add((ulong)ConfigurationCode.Of(state.Configuration));
        writer.Add(state.Matched);
        writer.Add(state.Acknowledged);
        writer.Add(WritesUntil(medium, state.HardStateTicket));
        if (state.Role is Role.Candidate or Role.PreCandidate)
        {
            writer.AddReplicas(LocalReplica.Named(state.Configuration, state.Grants));
        }

        if (preVotes)
        {
            writer.Add(state.Campaign);
        }

        writer.AddItems(Memory(replica));
    }

    private static void WritePeer(CanonicalWriter writer, Progress peer)
    {
        writer.Add((ulong)peer.State);
        writer.Add(peer.Match);
        writer.Add(peer.Next);
        writer.Add(peer.Received);
        writer.Add(peer.IsProbeSent);
        writer.Add(peer.Incarnation != 0);
        writer.Add((ulong)peer.Inflights.Count);
    }

    /// <summary>How many writes must complete until a ticket is durable.</summary>
    private static ulong WritesUntil(Medium medium, ulong ticket)
    {
        ulong writes = 0;
        foreach (PendingWrite write in medium.Pending)
        {
            writes += write.Item.Ticket <= ticket ? 1u : 0;
        }

        return writes;
    }
}
