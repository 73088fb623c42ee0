using System.Linq;
using CoreEngine.Model;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol.Tests.Harness;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Elections, votes and leadership of raft.md section 8.</summary>
public sealed class ElectionTests
{
    // Goal: the Expected column of S3-S7, S9, S12. Method: a few replicas, moved by hand, with writes that complete
    // when told.
    [Fact]
    public void Raft_S3_ShorterLogWithNewerLastTermGetsTheVote()
    {
        var cluster = new Cluster(3);
        cluster.Plant(1, 3, 1, 3);
        cluster.Plant(2, 3, 1, 1, 1, 1, 1);
        cluster.Plant(3, 3, 1, 1, 1);
        cluster.Elect(1);
        cluster.CheckLogMatching();
        Assert.All(cluster.Nodes, n => Assert.Equal(3ul, n.LastIndex));
    }

    [Fact]
    public void Raft_S3_LongerLogWithOlderLastTermIsRefused()
    {
        var cluster = new Cluster(3);
        cluster.Plant(1, 3, 1, 1, 1, 1, 1);
        cluster.Plant(2, 3, 1, 3);
        cluster.Plant(3, 3, 1, 3);
        cluster.TimeOut(1);
        cluster.Settle();
        Assert.NotEqual(Role.Leader, cluster[1].Role);
        Assert.Equal(3ul, cluster[1].State.Term);
    }

    [Fact]
    public void Raft_S4_CrashBetweenVoteAndReplyNeverGrantsTwice()
    {
        var cluster = new Cluster(3);
        cluster.Block(1, 2);
        cluster.TimeOut(1);
        cluster.TimeOut(2);
        cluster.Deliver(m => m.To == 3);
        cluster.Deliver(m => m.From == 3);
        cluster[1].Persist();
        cluster[2].Persist();

        // Both campaign in term 1. Replica 3 votes for 1, the vote reaches the medium, the reply does not leave.
        Assert.Equal(1ul, cluster[1].State.Term);
        Assert.Equal(1ul, cluster[2].State.Term);
        Mail second = cluster.Wire.Single(m => m.Type == MessageType.VoteRequest && m is { From: 2, To: 3 });
        cluster.Wire.Remove(second);
        cluster.Deliver(m => m.Type == MessageType.VoteRequest && m is { From: 1, To: 3 });
        cluster[3].Disk.Complete(cluster[3].Disk.NextStaged);
        cluster[3].Crash();
        cluster.Restart(3);
        cluster[3].Deliver(second);
        cluster[3].Persist();
        Assert.DoesNotContain(
            cluster.History, m => m is { Type: MessageType.VoteReply, Vote.Granted: true, From: 3, To: 2 });
        cluster.Settle();
        Assert.Equal(1u, cluster[3].State.Vote);
        Assert.NotEqual(Role.Leader, cluster[2].Role);
    }

    [Fact]
    public void Raft_S4_FormerCandidateAskedInItsOwnTermRefuses()
    {
        var cluster = new Cluster(3);
        cluster.TimeOut(1);
        cluster.Deliver();
        cluster.Deliver();
        cluster[1].Persist();
        Assert.Equal(1u, cluster[1].Disk.Vote);
        cluster[1].Crash();
        cluster.Drop();
        cluster.Restart(1);

        // Replica 2 campaigns in the same term 1, without the vote requests of replica 1 having arrived anywhere.
        cluster.TimeOut(2);
        cluster.Deliver(m => m.To == 3);
        cluster.Deliver(m => m.To == 2 && m.From == 3);
        cluster[2].Persist();
        Assert.Equal(1ul, cluster[2].State.Term);
        cluster.Deliver(m => m.Type == MessageType.VoteRequest && m.To == 1);
        cluster[1].Persist();
        Assert.DoesNotContain(cluster.History, m => m.Type == MessageType.VoteReply && m.Vote.Granted && m.From == 1);
        Assert.Equal(1u, cluster[1].State.Vote);
    }

    [Fact]
    public void Raft_S4_VoteGivenLaterInAKnownTermIsDurableToo()
    {
        // Replica 3 learns term 6 from a candidate that it must refuse, then votes for another one of the same term,
        // and crashes.
        var cluster = new Cluster(3);
        cluster.Plant(1, 5, 1);
        cluster.Plant(2, 5, 1, 2);
        cluster.Plant(3, 5, 1, 2);
        Mail Ask(uint from, ulong lastIndex, ulong lastTerm)
        {
            byte[] body = new byte[VoteRequestBody.Bytes];
            new VoteRequestBody(lastIndex, lastTerm, 1000 + from).Write(body);
            return new Mail(new MessageHeader(MessageType.VoteRequest, Cluster.Group, from, 3, 6, 1, 0), body);
        }

        cluster[3].Deliver(Ask(1, 1, 1));
        cluster[3].Persist();
        Assert.Equal((6ul, 0u), (cluster[3].Disk.Term, cluster[3].Disk.Vote));
        int before = cluster.History.Count;
        cluster[3].Deliver(Ask(2, 2, 2));
        Assert.Equal(before, cluster.History.Count);
        cluster[3].Persist();
        Assert.True(cluster.History.Last().Vote.Granted);
        cluster[3].Crash();
        cluster.Restart(3);
        cluster[3].Deliver(Ask(1, 2, 2));
        Assert.False(cluster.History.Last().Vote.Granted);
        cluster[3].Deliver(Ask(2, 2, 2));
        Assert.True(cluster.History.Last().Vote.Granted);
    }

    [Fact]
    public void Raft_S5_CrashAtEveryWriteLeavesTheOldPairOrTheNewPair()
    {
        for (int writes = 0; writes <= 1; writes++)
        {
            var cluster = new Cluster(3);
            cluster.Elect(1);
            cluster[1].Crash();
            (ulong Term, uint Vote) old = (cluster[3].Disk.Term, cluster[3].Disk.Vote);
            cluster.TimeOut(2);
            cluster.Deliver(m => m.Type == MessageType.PreVoteRequest);
            cluster.Deliver(m => m.Type == MessageType.PreVoteReply);
            cluster[2].Persist();
            int before = cluster.History.Count;
            cluster.Deliver(m => m.Type == MessageType.VoteRequest && m.To == 3);

            // The reply waits for the write.
            Assert.Equal(before, cluster.History.Count);
            cluster[3].Persist(writes);
            Assert.Equal(before + writes, cluster.History.Count);
            cluster[3].Crash();
            cluster.Restart(3);
            (ulong, uint) found = (cluster[3].State.Term, cluster[3].State.Vote);
            Assert.Equal(writes == 0 ? old : (2ul, 2u), found);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Raft_S6_AppendOfAnOldTermIsNotAcknowledgedAfterANewerVote(bool voteCompletesToo)
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        cluster.Deliver(m => m.Type == MessageType.AppendEntries);
        cluster[2].Persist();
        cluster.Drop();
        ulong append = cluster[3].Disk.NextStaged;

        // The append is still on its way to the disk of replica 3 when that votes in a newer term.
        cluster[1].Crash();
        cluster.TimeOut(2);
        cluster.Deliver(m => m.Type == MessageType.PreVoteRequest);
        cluster.Deliver(m => m.Type == MessageType.PreVoteReply);
        cluster[2].Persist();
        cluster.Deliver(m => m.Type == MessageType.VoteRequest);
        Assert.Equal(2ul, cluster[3].State.Term);
        int before = cluster.History.Count;
        cluster[3].PersistThrough(voteCompletesToo ? append + 1 : append);
        Assert.Equal(2ul, cluster[3].Durable);
        Mail[] said = [.. cluster.History.Skip(before)];
        Assert.DoesNotContain(said, m => m.Type == MessageType.AppendReply);
        Assert.Equal(voteCompletesToo ? 1 : 0, said.Count(m => m.Type == MessageType.VoteReply && m.Vote.Granted));
    }

    [Fact]
    public void Raft_S7_IsolatedReplicaReturnsWithoutRaisingTheTerm()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Isolate(3);
        cluster.Run(10_000);
        Assert.Equal(Role.PreCandidate, cluster[3].Role);
        Assert.Equal(1ul, cluster[3].State.Term);
        cluster.Heal();
        cluster.Run(1_000);
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.All(cluster.Nodes, n => Assert.Equal(1ul, n.State.Term));
        Assert.Equal(1u, cluster[3].Core.Status.Leader);
    }

    [Fact]
    public void Raft_S8_VoterThatHearsItsLeaderRefuses()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Block(1, 3);
        cluster.Run(5_000);
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.All(cluster.Nodes, n => Assert.Equal(1ul, n.State.Term));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Raft_S9_WhereAllSeeOnlyTheHubALeaderWithQuorumEmergesAndStays(ulong seed)
    {
        var cluster = new Cluster(5, seed);
        cluster.Elect(1);
        for (uint a = 1; a <= 5; a++)
        {
            for (uint b = a + 1; b <= 5; b++)
            {
                if (a != 3 && b != 3)
                {
                    cluster.Block(a, b);
                }
            }
        }

        cluster.Run(5_000);
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.NotEqual(Role.Leader, cluster[1].Role);
        ulong term = cluster[3].State.Term;
        cluster[3].Propose("x");
        cluster.Run(5_000);
        Assert.Equal(term, cluster[3].State.Term);
        Assert.Equal(cluster[3].LastIndex, cluster[3].Commit);
    }

    [Fact]
    public void Raft_S12_LeaderWithoutQuorumLeavesWithinOneElectionTimeout()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Isolate(1);
        cluster.Read(1, 77);
        long start = cluster[1].NowNs;
        while (cluster[1].Role == Role.Leader)
        {
            cluster.Run(10);
        }

        Assert.InRange(cluster[1].NowNs - start, 0, cluster[1].Options.ElectionMaxNs + 10_000_000);
        Assert.Equal(RefusalCode.NoQuorum, cluster.Outcome(1, 77).Refusal.Code);
        Assert.Equal(RefusalCode.NoLeader, cluster[1].Propose("x").Refusal.Code);
        Assert.Equal(Mode.Recovery, cluster[1].Core.Status.Mode);
    }

    [Fact]
    public void Raft_S12_EvenClusterSplitInHalfRefusesInsteadOfHanging()
    {
        var cluster = new Cluster(4);
        cluster.Elect(1);
        foreach (uint a in new uint[] { 1, 2 })
        {
            cluster.Block(a, 3);
            cluster.Block(a, 4);
        }

        ulong committed = cluster[1].Commit;
        cluster[1].Propose("x");
        cluster.Read(1, 5);
        cluster.Read(2, 6);
        cluster.Run(2_000);
        Assert.DoesNotContain(cluster.Nodes, n => n.Role == Role.Leader);
        Assert.All(cluster.Nodes, n => Assert.Equal(committed, n.Commit));
        Assert.NotEqual(RefusalCode.None, cluster.Outcome(1, 5).Refusal.Code);
        Assert.NotEqual(RefusalCode.None, cluster.Outcome(2, 6).Refusal.Code);
        Assert.All(cluster.Nodes, n => Assert.Equal(RefusalCode.NoLeader, n.Propose("y").Refusal.Code));
        cluster.Heal();
        cluster.Run(2_000);
        Assert.Single(cluster.Nodes, n => n.Role == Role.Leader);
    }

    [Fact]
    public void Election_CandidateCountsItsOwnVoteOnlyOnceItIsDurable()
    {
        var cluster = new Cluster(1);
        cluster[1].Tick();
        Assert.Equal(Role.Candidate, cluster[1].Role);
        cluster[1].Persist(1);
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.True(cluster[1].Core.Authority.IsValid);
    }

    [Fact]
    public void Modes_FollowTheEvidence()
    {
        var cluster = new Cluster(3);
        Assert.Equal(Mode.Floor, cluster[2].Core.Status.Mode);
        cluster.TimeOut(1);
        Assert.Equal(Mode.Recovery, cluster[1].Core.Status.Mode);
        cluster.Settle();
        Assert.Equal(Mode.Target, cluster[1].Core.Status.Mode);
        Assert.Equal(Mode.Target, cluster[2].Core.Status.Mode);
        cluster.Isolate(1);
        cluster.Run(250);
        Assert.Equal(Mode.Degraded, cluster[2].Core.Status.Mode);
        cluster.Run(100);
        Assert.Equal(Mode.Degraded, cluster[1].Core.Status.Mode);
    }
}
