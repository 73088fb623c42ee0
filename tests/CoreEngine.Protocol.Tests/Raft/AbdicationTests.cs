using System;
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>A leader whose own medium stalls or is full gives way: S20 of raft.md section 8.</summary>
public sealed class AbdicationTests
{
    private const long Millisecond = 1_000_000;

    // Goal: the Expected column of S20, and what must not happen. Method: replicas moved by hand; the medium of one of
    // them completes nothing, or the loop says that it has no room.
    [Fact]
    public void Raft_S20_LeaderWhoseMediumStallsLeavesInBoundedTimeAndAnotherOneTakesOver()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("x");
        cluster.Read(1, 5);
        long stalled = cluster[1].NowNs;
        RunStalled(cluster, 1, n => n[1].Role != Role.Leader);
        Assert.InRange(
            cluster[1].NowNs - stalled,
            cluster[1].Options.StallNs,
            cluster[1].Options.StallNs + cluster[1].Options.HeartbeatNs);
        RunStalled(cluster, 1, n => n[2].Role == Role.Leader || n[3].Role == Role.Leader);
        Assert.InRange(
            cluster[1].NowNs - stalled, 0, cluster[1].Options.StallNs + (4 * cluster[1].Options.ElectionMaxNs));

        // The others held its entry durably: it is committed without it, and nothing of it is lost.
        ulong index = cluster.MaxCommitted;
        RunStalled(cluster, 1, n => n.MaxCommitted > index || n.MaxCommitted >= 2);
        cluster.Run(100);
        Assert.Equal(cluster.MaxCommitted, cluster[1].Commit);
        cluster.CheckLogMatching();
    }

    [Fact]
    public void Raft_S20_ReadsThatWaitAtAStalledLeaderAreRefusedWithTheReason()
    {
        var cluster = new Cluster(3);
        cluster.TimeOut(1);
        cluster.Settle();
        cluster[1].Propose("x");
        RunStalled(cluster, 1, n => n[1].NowNs - n[1].State.MediumMovedNs > n[1].Options.StallNs - (60 * Millisecond));
        Assert.Equal(Role.Leader, cluster[1].Role);
        cluster[1].Read(7);
        cluster.Drop();
        RunStalled(cluster, 1, n => n[1].Role != Role.Leader, delivers: false);
        Assert.Equal(RefusalCode.DiskStalled, cluster.Outcome(1, 7).Refusal.Code);
    }

    [Fact]
    public void Raft_S20_StalledReplicaDoesNotCampaignUntilItsMediumMoves()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("x");
        RunStalled(cluster, 1, n => n[1].Role != Role.Leader);
        cluster.Isolate(1);
        ulong campaign = cluster[1].State.Campaign;
        long end = cluster[1].NowNs + (10_000 * Millisecond);
        RunStalled(cluster, 1, n => n[1].NowNs >= end);
        Assert.Equal(campaign, cluster[1].State.Campaign);
        Assert.Equal(Role.Follower, cluster[1].Role);
        Assert.Equal(RefusalCode.NoLeader, cluster[1].Propose("y").Refusal.Code);
        cluster.Run(2_000);
        Assert.NotEqual(campaign, cluster[1].State.Campaign);
    }

    [Fact]
    public void Abdication_SlowMediumThatMovesKeepsItsLeader()
    {
        // Compared with nobody: a medium that is slow beside others' has a rule of its own.
        var cluster = new Cluster(3, change: static options => options with { SlowFlushFactor = 0 });
        cluster.Elect(1);
        ulong term = cluster[1].State.Term;
        for (int i = 0; i < 20; i++)
        {
            cluster[1].Propose($"x{i}");
            long end = cluster[1].NowNs + cluster[1].Options.StallNs - (20 * Millisecond);
            RunStalled(cluster, 1, n => n[1].NowNs >= end);
            cluster[1].Persist();
        }

        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.Equal(term, cluster[1].State.Term);
    }

    [Fact]
    public void Abdication_IdleLeaderStays()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster.Run(20_000);
        Assert.Equal(Role.Leader, cluster[1].Role);
    }

    [Fact]
    public void Abdication_SingleReplicaStaysThoughItsMediumStallsAndIsFull()
    {
        var cluster = new Cluster(1);
        cluster[1].Tick();
        cluster.Settle();
        cluster[1].Propose("x");
        for (int i = 0; i < 1000; i++)
        {
            cluster[1].NowNs += 10 * Millisecond;
            cluster[1].Turn(static (core, _) => core.RoomNoted(false));
        }

        Assert.Equal(Role.Leader, cluster[1].Role);
    }

    [Fact]
    public void Raft_S20_LeaderWithoutRoomLeavesAndOneWithRoomTakesOver()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        long start = cluster[1].NowNs;
        RunFull(cluster, n => n[1].Role != Role.Leader, 1);
        Assert.InRange(
            cluster[1].NowNs - start,
            cluster[1].Options.StallNs,
            cluster[1].Options.StallNs + cluster[1].Options.HeartbeatNs);
        RunFull(cluster, n => n[2].Role == Role.Leader || n[3].Role == Role.Leader, 1);
        long end = cluster[1].NowNs + (10_000 * Millisecond);
        RunFull(cluster, n => n[1].NowNs >= end, 1);
        Assert.NotEqual(Role.Leader, cluster[1].Role);
    }

    [Fact]
    public void Raft_S20_WhereAllAreFullLeadershipsGrowLongerAndOneLeadsForReads()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        int leaderless = 0;
        const int Steps = 40_000;
        for (int i = 0; i < Steps; i++)
        {
            long end = cluster[1].NowNs + (10 * Millisecond);
            RunFull(cluster, n => n[1].NowNs >= end, 1, 2, 3);
            leaderless += cluster.Nodes.Any(n => n.Role == Role.Leader) ? 0 : 1;
        }

        Assert.InRange(leaderless, 1, Steps / 5);
    }

    /// <summary>Time passes, everybody but one replica writes.</summary>
    private static void RunStalled(Cluster cluster, uint stalled, Func<Cluster, bool> until, bool delivers = true)
    {
        for (int i = 0; i < 100_000 && !until(cluster); i++)
        {
            foreach (Node node in cluster.Nodes)
            {
                node.NowNs += 10 * Millisecond;
                node.Tick();
            }

            if (delivers)
            {
                cluster.Settle(n => n.Id != stalled);
            }
        }

        Assert.True(until(cluster));
    }

    /// <summary>Time passes, and some replicas have no room.</summary>
    private static void RunFull(Cluster cluster, Func<Cluster, bool> until, params uint[] full)
    {
        for (int i = 0; i < 100_000 && !until(cluster); i++)
        {
            foreach (Node node in cluster.Nodes)
            {
                node.NowNs += 10 * Millisecond;
                node.Turn((core, _) => core.RoomNoted(!full.Contains(node.Id)));
            }

            cluster.Settle();
        }

        Assert.True(until(cluster));
    }
}
