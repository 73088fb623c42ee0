using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Harness;

/// <summary>Several replicas in one thread. Nothing moves by itself: tests tick, deliver, drop and complete
/// writes.</summary>
/// <remarks>The safety oracles of Raft are checked after every turn of every replica.</remarks>
internal sealed class Cluster
{
    internal const uint Group = 7;
    private const ulong Contract = 0xC0;

    private readonly Dictionary<ulong, uint> _leaders = [];
    private readonly SortedDictionary<ulong, byte[]> _committed = [];
    private readonly Dictionary<ulong, ulong> _readFloors = [];
    private readonly HashSet<(uint From, uint To)> _blocked = [];

    internal Cluster(int replicas, ulong seed = 1, int chunkBytes = 4096, int capacityBytes = 1024 * 1024,
        Func<RaftOptions, RaftOptions>? change = null)
    {
        ChunkBytes = chunkBytes;
        CapacityBytes = capacityBytes;
        uint[] voters = [.. Enumerable.Range(1, replicas).Select(i => (uint)i)];
        foreach (uint id in voters)
        {
            var options = new RaftOptions
            {
                Group = Group,
                Replica = id,
                First = Configuration.OfVoters(voters),
                Seed = (seed * 100) + id,
                Contract = Contract,
                Incarnation = 1000 + id,
            };
            Nodes.Add(new Node(this, change is null ? options : change(options)));
        }
    }

    internal int ChunkBytes { get; }

    internal int CapacityBytes { get; }

    internal List<Node> Nodes { get; } = [];

    internal List<Mail> Wire { get; } = [];

    /// <summary>Every message ever posted.</summary>
    internal List<Mail> History { get; } = [];

    /// <summary>Lost for good, as an operator has said: what they do among themselves is judged by nobody.</summary>
    internal HashSet<uint> GivenUp { get; } = [];

    internal ulong MaxCommitted => _committed.Count == 0 ? 0 : _committed.Last().Key;

    internal Node this[uint id] => Nodes[(int)id - 1];

    internal static byte[] Record(ulong index, ulong term, string payload = "")
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(payload);
        byte[] record = new byte[EntryCodec.RecordSize(EntryFlags.None, bytes.Length)];
        EntryCodec.Write(record, Group, index, term, index, EntryFlags.None, default, bytes);
        return record;
    }

    /// <summary>Gives a replica a log of the given terms, before anything runs.</summary>
    internal void Plant(uint id, ulong term, params ulong[] terms)
    {
        Node node = this[id];
        node.Disk.Plant(term, 0, terms.Select((t, i) => Record((ulong)i + 1, t, $"e{i + 1}t{t}")));
        node.Restart();
    }

    internal void Block(uint from, uint to)
    {
        _blocked.Add((from, to));
        _blocked.Add((to, from));
    }

    internal void Isolate(uint id)
    {
        foreach (Node node in Nodes.Where(n => n.Id != id))
        {
            Block(id, node.Id);
        }
    }

    internal void Heal() => _blocked.Clear();

    /// <summary>A replica's timeout ends; the others have just stopped hearing their leader.</summary>
    internal void TimeOut(uint id)
    {
        foreach (Node node in Nodes.Where(n => n.IsUp && n.Id != id && n.Role != Role.Leader))
        {
            node.Tick();
            node.NowNs = Math.Max(node.NowNs, node.State.LeaderHeardNs + node.Options.ElectionMinNs);
        }

        Node candidate = this[id];
        candidate.Tick();
        candidate.NowNs = Math.Max(candidate.NowNs, candidate.Core.Deadline);
        candidate.Tick();
    }

    /// <summary>A replica campaigns and, when it can, wins and commits its anchor.</summary>
    internal void Elect(uint id)
    {
        TimeOut(id);
        Settle();
        Assert.Equal(Role.Leader, this[id].Role);
    }

    /// <summary>Delivers the messages that match now, in order; what they cause stays on the wire.</summary>
    internal int Deliver(Func<Mail, bool>? match = null)
    {
        Mail[] mails = [.. Wire.Where(m => match is null || match(m))];
        foreach (Mail mail in mails)
        {
            Wire.Remove(mail);
            if (this[mail.To].IsUp && !_blocked.Contains((mail.From, mail.To)))
            {
                this[mail.To].Deliver(mail);
            }
        }

        return mails.Length;
    }

    internal int Drop(Func<Mail, bool>? match = null) => Wire.RemoveAll(m => match is null || match(m));

    /// <summary>Messages flow and writes complete until nothing moves. No clock moves.</summary>
    internal void Settle(Func<Node, bool>? persists = null)
    {
        for (int i = 0; i < 100_000; i++)
        {
            bool moved = false;
            foreach (Node node in Nodes.Where(n => n.IsUp))
            {
                if (node.Disk.HasStaged && (persists is null || persists(node)))
                {
                    node.Persist();
                    moved = true;
                }

                if (node.Loads.Count > 0)
                {
                    node.AnswerLoads();
                    moved = true;
                }

                if (node.Core.Deadline <= node.NowNs)
                {
                    node.Tick();
                    moved = true;
                }
            }

            moved |= Deliver() > 0;
            if (!moved)
            {
                return;
            }
        }

        Assert.Fail("the cluster does not come to rest");
    }

    /// <summary>Time passes for all, in steps, and everything flows meanwhile.</summary>
    internal void Run(long milliseconds, long stepMs = 10)
    {
        for (long i = 0; i < milliseconds; i += stepMs)
        {
            foreach (Node node in Nodes.Where(n => n.IsUp))
            {
                node.NowNs += stepMs * 1_000_000;
                node.Tick();
            }

            Settle();
        }
    }

    internal void Restart(uint id)
    {
        this[id].Restart();
        foreach (Node node in Nodes.Where(n => n.IsUp && n.Id != id))
        {
            node.Link(id, false);
            node.Link(id, true);
        }
    }

    internal void Read(uint at, params ulong[] ids)
    {
        foreach (ulong id in ids)
        {
            NoteFloor(id);
        }

        this[at].Read(ids);
    }

    /// <summary>A read that starts now must see what is committed now.</summary>
    internal void NoteFloor(ulong id) => _readFloors[id] = MaxCommitted;

    /// <summary>The outcome of a read that must have ended.</summary>
    internal ReadOutcome Outcome(uint at, ulong readId) => this[at].Reads.Single(r => r.ReadId == readId);

    internal void Post(Node node, Mail mail)
    {
        // S15 at every instant: nothing is claimed that the sender's medium does not hold.
        bool isPlainQuestion = mail.Type
            is MessageType.PreVoteRequest or MessageType.PreVoteReply or MessageType.ReadIndexRequest
            or MessageType.FoundRequest or MessageType.FoundReply;
        bool isDurable = mail.Header.Term <= node.Disk.Term;
        Assert.True(isPlainQuestion || isDurable, $"{mail.Type} in a term that is not durable");
        if (mail.Type == MessageType.AppendReply)
        {
            Assert.True(mail.AppendReply.Durable <= (ulong)node.Disk.Records.Count, "acknowledged what is not durable");
        }

        if (mail.Type == MessageType.VoteReply && mail.Vote.Granted && mail.Header.Term == node.Disk.Term)
        {
            Assert.Equal(mail.To, node.Disk.Vote);
        }

        Wire.Add(mail);
        History.Add(mail);
    }

    internal void OnCommitted(Node node, in CommitCertificate proof)
    {
        Assert.True(proof.IsValid);
        if (GivenUp.Contains(node.Id))
        {
            return;
        }

        if (node.Role == Role.Leader)
        {
            Assert.Equal(node.State.ConfigEpoch, proof.ConfigEpoch);
            for (int i = 0; i < node.State.Quorum.Count; i++)
            {
                if ((proof.Voters & (1UL << i)) != 0)
                {
                    Disk held = this[node.State.Quorum.VoterAt(i)].Disk;
                    Assert.Equal(node.Core.Log.TermAt(proof.Index), held.TermAt(proof.Index));
                }
            }
        }

        for (ulong i = ulong.Max(1, node.Core.Log.FirstCached); i <= proof.Index; i++)
        {
            byte[] record = node.Core.Log.Record(i).ToArray();
            if (_committed.TryGetValue(i, out byte[]? known))
            {
                Assert.True(known.AsSpan().SequenceEqual(record), $"committed entry {i} changed");
            }
            else if (node.Role == Role.Leader)
            {
                _committed[i] = record;
            }
        }
    }

    internal void OnReads(ReadOnlySpan<ReadOutcome> outcomes)
    {
        foreach (ref readonly ReadOutcome outcome in outcomes)
        {
            if (outcome.Refusal.Code == RefusalCode.None)
            {
                Assert.True(outcome.Proof.IsValid);
                Assert.True(outcome.Index >= _readFloors.GetValueOrDefault(outcome.ReadId), "stale read");
            }
        }
    }

    internal void Check(Node node)
    {
        Assert.NotEqual(ReceiveResult.Contradiction, node.LastResult);
        if (node.Role != Role.Leader || GivenUp.Contains(node.Id))
        {
            return;
        }

        bool isNew = _leaders.TryAdd(node.State.Term, node.Id);
        Assert.Equal(node.Id, _leaders[node.State.Term]);
        if (isNew)
        {
            foreach ((ulong index, byte[] record) in _committed)
            {
                Assert.True(index <= node.LastIndex, "leader misses a committed entry");
                Assert.Equal(RecordHeader.Read(record).Term, node.Core.Log.TermAt(index));
            }
        }
    }

    /// <summary>Where two logs agree on a term at an index, they agree on everything before (Raft paper,
    /// 5.3).</summary>
    internal void CheckLogMatching()
    {
        foreach (Node one in Nodes)
        {
            foreach (Node other in Nodes.Where(n => n.Id > one.Id))
            {
                ulong common = ulong.Min(one.LastIndex, other.LastIndex);
                while (common > 0 && one.Core.Log.TermAt(common) != other.Core.Log.TermAt(common))
                {
                    common--;
                }

                for (ulong i = 1; i <= common; i++)
                {
                    Assert.Equal(one.Core.Log.TermAt(i), other.Core.Log.TermAt(i));
                }
            }
        }
    }
}
