using System.Linq;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Linearizable reads of raft.md section 8. The harness checks every answered read against what was
/// committed when it was asked.</summary>
public sealed class ReadTests
{
    // Goal: the Expected column of S47-S49. Method: rounds are delivered one by one, replies withheld, reordered,
    // repeated.
    [Fact]
    public void Raft_S47_NewLeaderDefersReadsUntilItsAnchorIsCommitted()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        cluster.Settle();
        cluster[1].Crash();
        cluster.TimeOut(2);
        cluster.Settle(persists: n => n.Id != 3 || n.LastIndex < 3);
        Assert.Equal(Role.Leader, cluster[2].Role);

        // Replica 3 echoes rounds but its disk holds the anchor back: authority is confirmed, the commit index is not.
        Assert.False(cluster[2].State.IsAnchored);
        cluster.Read(2, 50);
        cluster.Settle(persists: n => n.Id != 3);
        Assert.True(cluster[2].State.Peers[2].RoundEchoed >= 1);
        Assert.Empty(cluster[2].Reads);
        cluster.Settle();
        Assert.Equal(3ul, cluster.Outcome(2, 50).Index);
        Assert.True(cluster.Outcome(2, 50).Proof.IsValid);
    }

    [Fact]
    public void Raft_S47_ReadIsRefusedWhenTheAnchorDoesNotCommitInTime()
    {
        var cluster = new Cluster(3);
        cluster.TimeOut(1);
        cluster.Settle(persists: n => n.LastIndex == 0);
        Assert.Equal(Role.Leader, cluster[1].Role);
        cluster.Read(1, 50);
        long end = cluster[1].NowNs + cluster[1].Options.ElectionMaxNs;
        while (cluster[1].NowNs < end)
        {
            foreach (Node node in cluster.Nodes)
            {
                node.NowNs += 20_000_000;
                node.Tick();
            }

            cluster.Settle(persists: n => false);
        }

        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.Equal(RefusalCode.NoAnchor, cluster.Outcome(1, 50).Refusal.Code);
    }

    [Fact]
    public void Raft_S48_OlderRoundNeverConfirmsALaterRead()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Read(1, 1);
        cluster.Deliver(m => m.Type == MessageType.AppendEntries);
        Mail[] echoes = [.. cluster.Wire.Where(m => m.Type == MessageType.AppendReply)];
        Assert.Equal(2, echoes.Length);
        cluster.Settle();
        Assert.Single(cluster[1].Reads);

        // A second read, and the first round's echoes once more: they are repeated, delayed, and worth nothing.
        cluster.Read(1, 2);
        cluster.Drop();
        foreach (Mail echo in echoes)
        {
            cluster[1].Deliver(echo);
        }

        Assert.Single(cluster[1].Reads);
        cluster.Run(60);
        Assert.Equal(2, cluster[1].Reads.Count);
        Assert.True(cluster.Outcome(1, 2).Proof.Round > cluster.Outcome(1, 1).Proof.Round);
    }

    [Fact]
    public void Raft_S48_ReadThatArrivesDuringARoundWaitsForTheNextOne()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Read(1, 1);
        cluster.Read(1, 2);
        cluster.Read(1, 3);
        Assert.Equal(1ul, cluster[1].State.Round);
        cluster.Deliver(m => m.Type == MessageType.AppendEntries);
        cluster.Deliver(m => m.Type == MessageType.AppendReply);
        Assert.Equal([1ul], cluster[1].Reads.Select(r => r.ReadId));
        cluster.Settle();
        Assert.Equal([1ul, 2ul, 3ul], cluster[1].Reads.Select(r => r.ReadId));
        Assert.Equal(2ul, cluster[1].State.Round);
    }

    [Fact]
    public void Raft_S48_RestartedFollowersOldReplyDoesNotAnswerItsNewRead()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Read(2, 9);
        cluster.Deliver(m => m.Type == MessageType.ReadIndexRequest);
        cluster.Deliver(m => m.Type == MessageType.AppendEntries);
        cluster.Deliver(m => m.Type == MessageType.AppendReply);
        Mail old = cluster.Wire.Single(m => m.Type == MessageType.ReadIndexReply);
        cluster.Wire.Remove(old);
        cluster[2].Crash();
        cluster.Restart(2);
        cluster.Settle();
        cluster[1].Propose("newer");
        cluster.Settle();
        cluster.Run(100);
        cluster.Read(2, 9);
        cluster[2].Deliver(old);
        Assert.Empty(cluster[2].Reads);
        cluster.Settle();
        Assert.Equal(2ul, cluster.Outcome(2, 9).Index);
    }

    [Fact]
    public void Raft_S49_DeposedLeaderAndItsFollowersServeNoStaleRead()
    {
        var cluster = new Cluster(5);
        cluster.Elect(1);
        foreach (uint far in new uint[] { 3, 4, 5 })
        {
            cluster.Block(1, far);
            cluster.Block(2, far);
        }

        // The other side elects and commits while the old leader still believes in itself.
        foreach (Node node in cluster.Nodes.Where(n => n.Id >= 3))
        {
            node.NowNs = node.State.LeaderHeardNs + node.Options.ElectionMinNs;
        }

        cluster[3].NowNs += cluster[3].Options.ElectionMaxNs;
        cluster[3].Tick();
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.Equal(Role.Leader, cluster[1].Role);
        cluster[3].Propose("new");
        cluster.Settle();
        cluster.Read(1, 100);
        cluster.Read(2, 200);
        cluster.Settle();
        Assert.Empty(cluster[1].Reads);
        Assert.Empty(cluster[2].Reads);
        cluster.Run(1_500);
        Assert.NotEqual(RefusalCode.None, cluster.Outcome(1, 100).Refusal.Code);
        Assert.NotEqual(RefusalCode.None, cluster.Outcome(2, 200).Refusal.Code);
    }

    [Fact]
    public void Reads_OfOneTurnShareOneRoundAndOneRequest()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Read(1, 1, 2, 3);
        Assert.Equal(1ul, cluster[1].State.Round);
        cluster.Read(2, 4, 5);
        Assert.Single(cluster.Wire, m => m.Type == MessageType.ReadIndexRequest);
        cluster.Settle();
        Assert.Equal(3, cluster[1].Reads.Count);
        Assert.Equal([4ul, 5ul], cluster[2].Reads.Select(r => r.ReadId));
        Assert.All(cluster[2].Reads, r => Assert.Equal(ReadProof.QuorumBarrier, r.Proof.Proof));
    }

    [Fact]
    public void Reads_WithoutALeaderAreRefusedAndTheQueueIsBounded()
    {
        var cluster = new Cluster(3, change: o => o with { ReadsMax = 2 });
        cluster.Read(2, 1);
        Assert.Equal(RefusalCode.NoLeader, cluster.Outcome(2, 1).Refusal.Code);
        cluster.Elect(1);
        cluster.Read(1, 1, 2, 3);
        Assert.Equal(RefusalCode.QueueFull, cluster.Outcome(1, 3).Refusal.Code);
        cluster.Settle();
        Assert.Equal(RefusalCode.None, cluster.Outcome(1, 2).Refusal.Code);
    }

    [Fact]
    public void Reads_UnansweredFollowerReadsEndWithinTheTimeout()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Read(2, 1);
        cluster.Drop(m => m.Type == MessageType.ReadIndexRequest);
        cluster.Run(620);
        Assert.Equal(RefusalCode.NoQuorum, cluster.Outcome(2, 1).Refusal.Code);
        cluster.Read(2, 2);
        cluster.Drop();
        cluster[1].Crash();
        cluster.Run(800);
        Assert.NotEqual(RefusalCode.None, cluster.Outcome(2, 2).Refusal.Code);
    }

    [Fact]
    public void Reads_SingleReplicaAnswersAtOnce()
    {
        var cluster = new Cluster(1);
        cluster.Settle();
        cluster.Read(1, 1);
        Assert.Equal(1ul, cluster.Outcome(1, 1).Index);
    }
}
