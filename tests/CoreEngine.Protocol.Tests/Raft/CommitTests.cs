using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Tests.Harness;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Commit and durability of raft.md section 8.</summary>
public sealed class CommitTests
{
    // Goal: the Expected column of S2, S14-S16, S45, S54. Method: replicas moved by hand; writes complete when the
    // test says so.
    [Fact]
    public void Raft_S2_EntryOfAnEarlierTermIsNotCommittedByCounting()
    {
        // Figure 8: entry 2 of term 2 is on replicas 1 and 2; replica 5 holds another entry 2, of term 3; replica 1
        // leads again in term 4.
        var cluster = new Cluster(5);
        cluster.Plant(1, 3, 1, 2);
        cluster.Plant(2, 3, 1, 2);
        cluster.Plant(3, 3, 1);
        cluster.Plant(4, 3, 1);
        cluster.Plant(5, 3, 1, 3);
        cluster.TimeOut(1);
        cluster.Deliver(m => m.Type == MessageType.PreVoteRequest && m.To != 5);
        cluster.Drop(m => m.Type == MessageType.PreVoteRequest);
        cluster.Deliver(m => m.Type == MessageType.PreVoteReply);
        cluster[1].Persist();
        cluster.Deliver(m => m.Type == MessageType.VoteRequest && m.To != 5);
        foreach (Node node in cluster.Nodes.Where(n => n.Id is 2 or 3 or 4))
        {
            node.Persist();
        }

        cluster.Deliver(m => m.Type == MessageType.VoteReply);
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.Equal(4ul, cluster[1].State.Term);

        // Replica 3 gets entry 2 of term 2 but not the anchor (entry 3): it lies on a majority now, and is not
        // committed.
        cluster.Drop();
        byte[] old = cluster[1].Core.Log.Record(2).ToArray();
        var body = new byte[AppendEntriesBody.Bytes + old.Length];
        new AppendEntriesBody(1, 1, 1, default).Write(body);
        old.CopyTo(body, AppendEntriesBody.Bytes);
        var only = new MessageHeader(MessageType.AppendEntries, Cluster.Group, 1, 3, 4, 0, 0);
        cluster[3].Deliver(new Mail(only, body));
        cluster[3].Persist();
        cluster[1].NowNs += 60_000_000;
        cluster[1].Tick();
        cluster.Deliver(m => m.Type == MessageType.AppendEntries && m is { To: 2 });
        cluster.Drop(m => m.Type == MessageType.AppendEntries);
        cluster.Deliver(m => m.Type == MessageType.AppendReply);
        Assert.Equal(2ul, cluster[1].State.Peers[1].Match);
        Assert.Equal(2ul, cluster[1].State.Peers[2].Match);
        Assert.Equal(0ul, cluster[1].Commit);

        // Replica 5 overwrites it all the same, as in the paper's step (d).
        cluster[1].Crash();
        cluster.Drop();
        cluster.TimeOut(5);
        cluster.Settle();
        cluster.Elect(5);
        Assert.Equal(3ul, cluster[3].Core.Log.TermAt(2));
    }

    [Fact]
    public void Raft_S2_OldEntriesCommitWithTheFirstOneOfTheOwnTerm()
    {
        var cluster = new Cluster(5);
        for (uint i = 1; i <= 5; i++)
        {
            cluster.Plant(i, 3, i <= 2 ? [1, 2] : [1]);
        }

        cluster.Elect(1);
        Assert.All(cluster.Nodes, n => Assert.Equal(3ul, n.Commit));
    }

    [Fact]
    public void Raft_S14_AcknowledgedTailSurvivesAPowerCut()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a", "b", "c");
        cluster.Deliver(m => m.Type == MessageType.AppendEntries && m.To == 2);
        cluster[2].Persist();
        Mail ack = cluster.Wire.Last(m => m.Type == MessageType.AppendReply);
        Assert.Equal(4ul, ack.AppendReply.Durable);
        Assert.Equal(1ul, cluster[2].Commit);
        cluster[2].Crash();
        cluster.Restart(2);
        Assert.Equal(4ul, cluster[2].LastIndex);
        Assert.Equal(4ul, cluster[2].Durable);
    }

    [Fact]
    public void Raft_S15_FollowerAcknowledgesOnlyWhatIsDurable()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        int before = cluster.History.Count;
        cluster[1].Propose("a");
        cluster.Deliver(m => m.Type == MessageType.AppendEntries && m.To == 2);
        Assert.DoesNotContain(cluster.History.Skip(before), m => m.Type == MessageType.AppendReply);

        // A heartbeat in between is answered at once, and claims no more than the medium holds.
        cluster[1].NowNs += 60_000_000;
        cluster[1].Tick();
        cluster.Deliver(m => m.Type == MessageType.AppendEntries && m.To == 2);
        Mail early = cluster.History.Skip(before).Single(m => m.Type == MessageType.AppendReply && m.From == 2);
        Assert.Equal(1ul, early.AppendReply.Durable);
        Assert.Equal(2ul, early.AppendReply.Received);
        cluster[2].Persist();
        Assert.Equal(2ul, cluster.History.Last(m => m.Type == MessageType.AppendReply).AppendReply.Durable);
    }

    [Fact]
    public void Raft_S15_LeaderCountsItselfOnlyAsFarAsItsOwnMedium()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        cluster.Deliver(m => m.To == 2);
        cluster[2].Persist();
        cluster.Deliver(m => m.To == 1);
        Assert.Equal(1ul, cluster[1].Commit);
        Assert.Equal(1ul, cluster[1].Durable);

        // Without the leader's disk the two others suffice.
        cluster.Deliver(m => m.To == 3);
        cluster[3].Persist();
        cluster.Deliver(m => m.To == 1);
        Assert.Equal(2ul, cluster[1].Commit);
        Assert.Equal(1ul, cluster[1].Durable);
        Assert.Equal(0b110ul, cluster[1].Core.CommitProof.Voters);
    }

    [Fact]
    public void Raft_S15_SingleReplicaCommitsOnlyWhatIsDurable()
    {
        var cluster = new Cluster(1);
        cluster[1].Tick();
        cluster[1].Persist();
        cluster[1].Persist();
        Assert.Equal(1ul, cluster[1].Commit);
        ProposeResult result = cluster[1].Propose("a", "b");
        Assert.Equal(2, result.Accepted);
        Assert.Equal(1ul, cluster[1].Commit);
        cluster[1].Persist();
        Assert.Equal(3ul, cluster[1].Commit);
    }

    [Fact]
    public void Raft_S16_DelayedCompletionForOverwrittenEntriesDoesNotAdvanceD()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);

        // Replica 3 appends entries 2 to 4 of term 1; the write hangs. A leader of term 2 overwrites entry 2.
        cluster[1].Propose("a", "b", "c");
        cluster.Deliver(m => m.To == 3 && m.Type == MessageType.AppendEntries);
        ulong first = cluster[3].Disk.NextStaged;
        cluster.Drop();
        cluster[1].Crash();
        Assert.Equal(4ul, cluster[3].LastIndex);
        byte[] body = new byte[AppendEntriesBody.Bytes + Cluster.Record(2, 2).Length];
        new AppendEntriesBody(1, 1, 1, default).Write(body);
        Cluster.Record(2, 2).CopyTo(body, AppendEntriesBody.Bytes);
        cluster[3].Deliver(new Mail(new MessageHeader(MessageType.AppendEntries, Cluster.Group, 2, 3, 2, 0, 0), body));
        Assert.Equal(2ul, cluster[3].LastIndex);
        int before = cluster.History.Count;
        cluster[3].PersistThrough(first);
        Assert.Equal(1ul, cluster[3].Durable);
        Assert.Equal(before, cluster.History.Count);
        cluster[3].Persist();
        Assert.Equal(2ul, cluster[3].Durable);
        Assert.Equal(2ul, cluster.History.Last().AppendReply.Durable);
        Assert.Equal(2ul, cluster[3].Disk.TermAt(2));
    }

    [Fact]
    public void Raft_S16_TruncationWithinOneTurnWritesTheEntriesThatStayed()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        Node node = cluster[3];
        byte[] Append(ulong term, params ulong[] terms)
        {
            byte[][] records = [.. terms.Select((t, i) => Cluster.Record((ulong)i + 2, t, $"{term}-{i}"))];
            byte[] body = new byte[AppendEntriesBody.Bytes];
            new AppendEntriesBody(1, 1, terms.Length, default).Write(body);
            return [.. body, .. records.SelectMany(r => r)];
        }

        byte[] old = Append(1, 1, 1, 1);
        byte[] later = Append(2, 1, 2);
        node.Turn((core, outputs) =>
        {
            var header = new MessageHeader(MessageType.AppendEntries, Cluster.Group, 1, 3, 1, 0, 0);
            Assert.Equal(ReceiveResult.Accepted, core.Receive(new Message(header, old), outputs));
            Assert.Equal(ReceiveResult.Accepted, core.Receive(
                new Message(header with { From = 2, Term = 2 }, later), outputs));
        });
        node.Persist();
        Assert.Equal(3ul, node.Durable);
        Assert.Equal(1ul, node.Disk.TermAt(2));
        Assert.Equal(2ul, node.Disk.TermAt(3));
        Assert.Equal(node.Core.Log.Record(3).ToArray(), node.Disk.Records[2]);
    }

    [Fact]
    public void Raft_S45_ProposalsWithoutQuorumAreRefusedAtTheLimitAndTheSizeReturnsToZero()
    {
        var cluster = new Cluster(3, change: o => o with { UncommittedEntriesMax = 10, UncommittedBytesMax = 100_000 });
        cluster.Elect(1);
        cluster.Isolate(1);
        string[] many = [.. Enumerable.Range(0, 15).Select(i => $"c{i}")];
        ProposeResult result = cluster[1].Propose(many);
        Assert.Equal(10, result.Accepted);
        Assert.Equal(RefusalCode.UncommittedFull, result.Refusal.Code);
        Assert.Equal(0, cluster[1].Propose("one more").Accepted);
        cluster.Drop();
        cluster.Heal();
        cluster.Run(500);
        Assert.Equal(11ul, cluster[1].Commit);
        Assert.Equal(0, cluster[1].Core.Log.BytesAfter(cluster[1].Commit));
        Assert.Equal(10, cluster[1].Propose(many).Accepted);
    }

    [Fact]
    public void Raft_S45_ProposalsAreRefusedAtTheByteLimit()
    {
        var cluster = new Cluster(3, change: o => o with { UncommittedBytesMax = 500 });
        cluster.Elect(1);
        ProposeResult result = cluster[1].Propose(new string('x', 200), new string('y', 200), new string('z', 200));
        Assert.Equal(2, result.Accepted);
        Assert.Equal(RefusalCode.UncommittedFull, result.Refusal.Code);
        Assert.Equal((ulong)cluster[1].Core.Log.BytesAfter(1), result.Refusal.First);
    }

    [Fact]
    public void Raft_S54_OverwrittenProposalIsSeenByTheTermAtItsIndex()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Isolate(1);
        ProposeResult lost = cluster[1].Propose("lost");
        Assert.Equal((1, 2ul, 1ul), (lost.Accepted, lost.FirstIndex, lost.Term));
        cluster.Settle();
        cluster.Run(3_000);
        Node leader = cluster.Nodes.Single(n => n.Role == Role.Leader);
        leader.Propose("kept");
        cluster.Heal();
        cluster.Run(1_000);

        // At the old leader the index is committed by now, under another term: surely without effect.
        Assert.True(cluster[1].Commit >= lost.FirstIndex);
        Assert.NotEqual(lost.Term, cluster[1].Core.Log.TermAt(lost.FirstIndex));
        cluster.CheckLogMatching();
    }

    [Fact]
    public void Commit_FollowerCarriesTheLeadersCertificate()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        cluster.Settle();
        Assert.All(cluster.Nodes, n => Assert.Equal(2ul, n.Commit));
        Assert.Equal(cluster[1].Core.CommitProof, cluster[2].Core.CommitProof);
    }

    [Fact]
    public void Persist_OneWritePerContiguousAppendPerTurn()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        int before = cluster[1].PersistItems;
        byte[] batch = Node.Batch("a", "b");
        cluster[1].Turn((core, outputs) =>
        {
            core.Propose(new ProposalReader(batch), outputs);
            core.Propose(new ProposalReader(batch), outputs);
        });
        Assert.Equal(before + 1, cluster[1].PersistItems);
        cluster.Settle();
        Assert.All(cluster.Nodes, n => Assert.Equal(5ul, n.Commit));
    }
}
