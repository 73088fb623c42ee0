using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Membership;

/// <summary>Changes of members: raft.md S11, S23 to S34.</summary>
public sealed class ChangeTests
{
    // Goal: each row's expected outcome. Method: bare cores with the harness's safety oracles after every turn.
    [Fact]
    public void Raft_S23_NoChangeBeforeTheLeaderHasCommittedInItsTerm()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.TimeOut(1);
        cluster.Settle(node => node.State.LastIndex == 0);
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.Equal(RefusalCode.NoAnchor, cluster[1].Change(Change.Add(4)).Refusal.Code);
        cluster.Settle();
        Assert.Equal(RefusalCode.None, cluster[1].Change(Change.Add(4)).Refusal.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Raft_S24_S25_OneChangeAtATime(bool isAdd)
    {
        Cluster cluster = Change.Of(4, 6);
        cluster.Elect(1);
        MemberChange first = isAdd ? Change.Add(5) : Change.Remove(4);
        MemberChange second = isAdd ? Change.Add(6) : Change.Remove(3);
        ChangeResult started = cluster[1].Change(first);
        Assert.Equal(RefusalCode.None, started.Refusal.Code);
        Refusal refusal = cluster[1].Change(second).Refusal;
        Assert.Equal(new Refusal(RefusalCode.ChangeInProgress, started.Epoch), refusal);
        cluster.Settle();
        Assert.Equal(RefusalCode.None, cluster[1].Change(second).Refusal.Code);
    }

    [Theory]
    [InlineData(4u, 5u)]
    [InlineData(2u, 3u)]
    public void Raft_S26_JointNeedsBothMajoritiesAndEndsByItself(uint cutOff, uint alsoCutOff)
    {
        Cluster cluster = Change.Of(3, 5);
        cluster.Elect(1);
        cluster.Isolate(cutOff);
        cluster.Isolate(alsoCutOff);
        ChangeResult change = cluster[1].Change(Change.Add(4, 5) with { Remove = [2, 3] });
        Assert.Equal(RefusalCode.None, change.Refusal.Code);
        cluster.Run(100);
        Assert.True(cluster[1].State.Configuration.IsJoint);
        Assert.True(cluster[1].Commit < change.Epoch, "one half alone has committed");
        cluster.Heal();
        cluster.Run(400);
        Assert.False(cluster[1].State.Configuration.IsJoint);
        Assert.Equal([1u, 4u, 5u], Change.Voters(cluster[1]));
        Assert.True(cluster[1].Commit > change.Epoch);
        Assert.Equal(cluster[1].Commit, cluster[5].Commit);
    }

    [Fact]
    public void Raft_S26_ExplicitLeaveWaitsAndNothingNests()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.Elect(1);
        ChangeResult change = cluster[1].Change(Change.Add(4) with { IsExplicit = true });
        cluster.Run(400);
        Assert.True(cluster[1].Commit >= change.Epoch);
        Assert.True(cluster[1].State.Configuration.IsJoint);
        Assert.Equal(RefusalCode.ChangeInProgress, cluster[1].Change(Change.Remove(2)).Refusal.Code);
        Assert.Equal(RefusalCode.None, cluster[1].Change(new MemberChange { IsLeave = true }).Refusal.Code);
        cluster.Run(100);
        Assert.False(cluster[4].State.Configuration.IsJoint);
        Assert.Equal(RefusalCode.NotJoint, cluster[1].Change(new MemberChange { IsLeave = true }).Refusal.Code);
    }

    [Fact]
    public void Raft_S26_TheNextLeaderEndsWhatTheDeadOneBegan()
    {
        Cluster cluster = Change.Of(3, 5);
        cluster.Elect(1);
        cluster[1].Change(Change.Add(4, 5) with { Remove = [1] });
        cluster.Deliver();
        cluster.Deliver();
        cluster[1].Crash();
        cluster.Drop();
        cluster.Run(3000);
        Node leader = cluster.Nodes.Single(n => n.IsUp && n.Role == Role.Leader);
        Assert.False(leader.State.Configuration.IsJoint);
        Assert.Equal([2u, 3u, 4u, 5u], Change.Voters(leader));
        Assert.True(leader.State.ConfigEpoch <= leader.Commit);
    }

    [Fact]
    public void Raft_S27_InEffectAtAppendAndGoneAtTruncation()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.Elect(1);
        cluster.Isolate(1);
        cluster[1].Change(Change.Add(4));
        Assert.Equal(4, cluster[1].State.Quorum.Count);
        cluster.Run(200);
        Assert.Equal(3, cluster[2].State.Quorum.Count);
        cluster.TimeOut(2);
        cluster.Settle();
        cluster[2].Propose("other");
        cluster.Settle();
        cluster.Heal();
        cluster.Run(1500);
        Assert.Equal(3, cluster[1].State.Quorum.Count);
        Assert.Equal(Configuration.FirstEpoch, cluster[1].State.ConfigEpoch);
    }

    [Fact]
    public void Raft_S28_ALeaderThatRemovesItselfDoesNotCountItselfAndLeaves()
    {
        Cluster cluster = Change.Of(3, 3);
        cluster.Elect(1);
        cluster.Isolate(3);
        cluster[1].Change(Change.Remove(1));
        cluster.Run(200);
        Assert.Equal(-1, cluster[1].State.Self);
        Assert.Equal(1ul, cluster[1].Commit);
        cluster.Heal();
        cluster.Run(100);
        Assert.NotEqual(Role.Leader, cluster[1].Role);
        Assert.True(cluster[2].Commit >= cluster[1].State.ConfigEpoch, "the followers were not told");
        cluster.Run(2000);
        Assert.Single(cluster.Nodes, n => n.Role == Role.Leader);
        Assert.NotEqual(Role.Leader, cluster[1].Role);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Raft_S28_TwoShrinkToOne(uint removed)
    {
        Cluster cluster = Change.Of(2, 2);
        cluster.Elect(1);
        cluster[1].Change(Change.Remove(removed));
        cluster.Run(2000);
        Node rest = cluster[3 - removed];
        Assert.Equal(Role.Leader, rest.Role);
        rest.Propose("alone");
        cluster.Settle();
        Assert.Equal(rest.LastIndex, rest.Commit);
        Assert.NotEqual(Role.Leader, cluster[removed].Role);
    }

    [Fact]
    public void Raft_S29_ARemovedReplicaDisturbsNobodyAndLearnsIt()
    {
        Cluster cluster = Change.Of(4, 4);
        cluster.Elect(1);
        cluster.Isolate(4);
        cluster[1].Change(Change.Remove(4));
        cluster.Run(200);
        cluster.Heal();
        ulong term = cluster[1].State.Term;
        cluster.Run(3000);
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.Equal(term, cluster[1].State.Term);
        Assert.Equal(cluster[1].State.ConfigEpoch, cluster[4].State.RemovedAt);
        Assert.Equal(Role.Follower, cluster[4].Role);
    }

    [Fact]
    public void Raft_S30_S31_AnAnswerOfTheFormerLifeDoesNotCount()
    {
        Cluster cluster = Change.Of(3, 3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        cluster.Settle();
        cluster[1].Propose("b");
        cluster.Deliver(m => m.To == 3);
        cluster[3].Persist();
        Mail late = cluster.Wire.Last(m => m.Type == MessageType.AppendReply && m.From == 3);
        cluster.Drop();
        cluster[1].Change(Change.Remove(3));
        cluster.Run(400);
        Assert.Equal([1u, 2u], Change.Voters(cluster[1]));
        cluster[3].Crash();
        cluster[3].Wipe(7777);
        var back = new MemberChange { Set = [Change.Voter(3) with { Incarnation = 7777 }], MayLag = true };
        Assert.Equal(RefusalCode.None, cluster[1].Change(back).Refusal.Code);
        Assert.Equal(0ul, cluster[1].State.Peers[2].Match);
        Assert.Equal(ReceiveResult.Stranger, cluster[1].Deliver(late with
        {
            Header = late.Header with { Term = cluster[1].State.Term },
        }));
        Assert.Equal(0ul, cluster[1].State.Peers[2].Match);
    }

    [Fact]
    public void Raft_S34_OfTwoOperatorsExactlyOneWins()
    {
        Cluster cluster = Change.Of(3, 5);
        cluster.Elect(1);
        ulong seen = cluster[1].State.ConfigEpoch;
        Assert.Equal(RefusalCode.None, cluster[1].Change(Change.Add(4) with { ExpectedEpoch = seen }).Refusal.Code);
        cluster.Run(400);
        Refusal late = cluster[1].Change(Change.Add(5) with { ExpectedEpoch = seen }).Refusal;
        Assert.Equal(new Refusal(RefusalCode.ConfigurationChanged, seen, cluster[1].State.ConfigEpoch), late);
    }

    [Fact]
    public void Raft_S11_VotersThatDoNotKnowEachOtherVote()
    {
        Cluster cluster = Change.Of(3, 5);
        cluster.Elect(1);
        cluster[1].Change(Change.Add(4, 5) with { Remove = [1] });
        cluster.Isolate(5);
        cluster.Run(400);
        cluster.Heal();
        cluster[1].Crash();
        Assert.Equal(0ul, cluster[5].State.ConfigEpoch);
        cluster[2].Crash();
        cluster.Elect(3);
        Assert.Contains(cluster.History, m => m.From == 5 && m.Type == MessageType.VoteReply && m.Vote.Granted);
        Assert.Equal([2u, 3u, 4u, 5u], Change.Voters(cluster[5]));
    }

    [Fact]
    public void Restart_BringsTheNewestConfigurationBack()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.Elect(1);
        cluster[1].Change(Change.Add(4));
        cluster.Run(400);
        foreach (Node node in cluster.Nodes)
        {
            node.Crash();
            node.Restart();
            Assert.Equal([1u, 2u, 3u, 4u], Change.Voters(node));
        }

        cluster.Run(2000);
        Assert.Single(cluster.Nodes, n => n.Role == Role.Leader);
    }

    [Fact]
    public void Priority_TheHighestLeadsAndOthersTakeOverWhenItCannot()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            Cluster cluster = Change.Of(3, 3, seed);
            cluster.Elect(1);
            ConfigurationMember[] ranks =
                [Change.Voter(1) with { Priority = 1 }, Change.Voter(3) with { Priority = 200 }];
            Assert.Equal(RefusalCode.None, cluster[1].Change(new MemberChange { Set = ranks }).Refusal.Code);
            cluster.Run(400);
            cluster[1].Crash();
            cluster.Run(3000);
            Assert.Equal(Role.Leader, cluster[3].Role);
            cluster[3].Crash();
            cluster[1].Restart();
            cluster.Run(5000);
            Assert.Equal(Role.Leader, cluster[2].Role);
        }
    }
}
