using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Simulation.Monitoring;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: every monitor fires; a green run of one that cannot says nothing. Method: sound worlds in which one lie is
/// planted, in a machine, a disk, a receipt or a message, and the monitor's own words in the violation.
/// </summary>
public sealed class MonitorTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void AMachineThatDropsAnEntry_IsCaughtByTheTrunk()
    {
        using var world = new World(new WorldOptions { Seed = 11 });
        world[2].MachineMaker = static () => new JournalMachine { Forgets = 3 };
        world.StartAll();
        AssertCaught(world, () => ProposeAll(world, 6), Monitor.StateMachineSafety, "another after");
    }

    [Fact]
    public void ADiskThatLies_IsCaughtByTheAudit()
    {
        using World world = Started(12);
        ProposeAll(world, 5);
        world.Monitors.Durability.Audit(world.Monitors.Elections);
        world.ThrowIfBroken();
        world[1].Disk.IsLying = true;
        world[2].Disk.IsLying = true;
        ProposeAll(world, 5);
        world.Monitors.Durability.Audit(world.Monitors.Elections);
        AssertCaught(world, world.ThrowIfBroken, Monitor.AnswerOnMedia, "stands on");
    }

    [Fact]
    public void ADiskThatLies_IsCaughtAtTheRestart()
    {
        using World world = Started(13);
        SimulatedReplica liar = world[world.Leader!.Number == 1 ? 2u : 1u];
        liar.Disk.IsLying = true;
        ProposeAll(world, 5);
        world.RunFor(200 * Millisecond);
        liar.PowerCut();
        liar.Start();
        AssertCaught(world, world.ThrowIfBroken, Monitor.DurableTail, "recovered");
    }

    [Fact]
    public void TwoLeadersOfATerm_AreCaught()
    {
        using World world = Started(14);
        SimulatedReplica leader = world.Leader!;
        uint other = leader.Number == 1 ? 2u : 1u;
        world[other].Core.Term = leader.Core.Term;
        world[other].Core.Role = Protocol.Role.Leader;
        world.Monitors.Elections.Observe(world[other]);
        AssertCaught(world, world.ThrowIfBroken, Monitor.ElectionSafety, "two leaders");
    }

    [Fact]
    public void TwoVotesInATerm_AreCaught()
    {
        using World world = Started(15);
        world.Monitors.Elections.Granted(1, world[1].Incarnation, 99, 2);
        world.ThrowIfBroken();
        world.Monitors.Elections.Granted(1, world[1].Incarnation, 99, 3);
        AssertCaught(world, world.ThrowIfBroken, Monitor.VoteOnce, "voted for 2 and for 3");
    }

    [Fact]
    public void AVoteThatIsNotOnTheMedium_IsCaught()
    {
        using World world = Started(16);
        world.Monitors.Elections.Granted(1, world[1].Incarnation, 99, 2);
        world.Monitors.Durability.Audit(world.Monitors.Elections);
        AssertCaught(world, world.ThrowIfBroken, Monitor.VoteDurable, "its medium says");
    }

    [Fact]
    public void AReceiptWithoutAQuorum_IsCaught()
    {
        using World world = Started(17);
        Receipt honest = ProposeAll(world, 1);
        world.Monitors.Durability.Acknowledged(
            honest with { Certificate = honest.Certificate with { Voters = 1 } });
        AssertCaught(world, world.ThrowIfBroken, Monitor.CommitCertificate, "certified by 1 voters");
    }

    [Fact]
    public void AnAnswerAheadOfEveryDisk_IsCaught()
    {
        using World world = Started(18);
        Receipt honest = ProposeAll(world, 1);
        LineCoordinate ahead = honest.Coordinate with { Index = honest.Coordinate.Index + 100 };
        world.Monitors.Durability.Acknowledged(honest with { Coordinate = ahead });
        AssertCaught(world, world.ThrowIfBroken, Monitor.AnswerDurable, "is durable at 0 replicas only");
    }

    [Fact]
    public void ADiskThatWasWipedAfterItsWord_IsNoLie_AndOneThatGaveNoneIsNoHelp()
    {
        using World world = Started(18);
        Receipt honest = ProposeAll(world, 1);
        SimulatedReplica leader = world.Leader!;
        foreach (SimulatedReplica replica in world.Replicas)
        {
            if (replica != leader)
            {
                replica.Kill();
                replica.FormatAnew();
                replica.Start();
            }
        }

        uint other = leader.Number == 1 ? 2u : 1u;
        ulong voters = (1UL << ((int)leader.Number - 1)) | (1UL << ((int)other - 1));
        Receipt two = honest with { Certificate = honest.Certificate with { Voters = voters } };
        world.Monitors.Durability.Acknowledged(two);
        world.ThrowIfBroken();

        // Of two wiped disks only one vouches for an entry that the leader itself lacks.
        LineCoordinate ahead = honest.Coordinate with { Index = honest.Coordinate.Index + 100 };
        world.Monitors.Durability.Acknowledged(two with { Coordinate = ahead });
        AssertCaught(world, world.ThrowIfBroken, Monitor.AnswerDurable, "is durable at 1 replicas only");
    }

    [Fact]
    public void AClaimBeyondD_IsCaught()
    {
        using World world = Started(19);
        SimulatedReplica replica = world.Leader!;
        world.Monitors.Durability.Claimed(replica, replica.Core.Term, replica.Core.LastIndex + 1);
        AssertCaught(world, world.ThrowIfBroken, Monitor.AnswerDurable, "claims");
    }

    [Fact]
    public void AStaleRead_IsCaught()
    {
        using World world = Started(20);
        ProposeAll(world, 3);
        Task<QueryResult<int>> read = world.Leader!.CountAsync();
        world.RunUntil(() => read.IsCompleted, "a read");
        world.Monitors.Reads.Ended(1, world.Monitors.Reads.Floor, read.Result with { Value = 2 });
        AssertCaught(world, world.ThrowIfBroken, Monitor.LinearizableRead, "stale read");
    }

    [Fact]
    public void AChangedCommittedPrefix_IsCaught()
    {
        using World world = Started(21);
        ProposeAll(world, 3);

        // A replica of a world that went another way: the same indexes under other terms.
        using World other = Started(24);
        other.Leader!.PowerCut();
        ProposeAll(other, 5);
        world.Monitors.Prefix.Restarted(other.Leader!);
        world.Monitors.Prefix.Observe(other.Leader!);
        AssertCaught(world, world.ThrowIfBroken, Monitor.LogMatching, "was committed with term");
    }

    [Fact]
    public void WhatWaitsInTheCalm_IsCaught()
    {
        using World world = Started(22);
        ProposeAll(world, 3);
        world.RunFor(200 * Millisecond);
        SimulatedReplica replica = world.Leader!;
        CalmChecker.Check(world, replica);
        _ = replica.ProposeAsync(world.NextValue());
        AssertCaught(world, () => CalmChecker.Check(world, replica), Monitor.BoundedMemory, "proposals");
    }

    [Fact]
    public void WhatGrowsBeyondItsBound_IsCaught()
    {
        using World world = Started(23);
        SimulatedReplica leader = world.Leader!;
        leader.PausedUntil = long.MaxValue / 2;
        var header = new FrameHeader { From = leader.Number == 1 ? 2u : 1u, To = leader.Number };
        while (leader.FramesUnderWay < MemoryChecker.FramesMax)
        {
            world.Network.Carry(leader.Number, header, default, default);
        }

        MemoryChecker.Check(world, leader);
        world.ThrowIfBroken();
        world.Network.Carry(leader.Number, header, default, default);
        MemoryChecker.Check(world, leader);
        AssertCaught(world, world.ThrowIfBroken, Monitor.BoundedMemory, "frames under way");
    }

    [Fact]
    public void AValueAcknowledgedTwice_IsCaught()
    {
        using World world = Started(23);
        Receipt receipt = ProposeAll(world, 1);
        world.Trunk.Acknowledge(1, receipt);
        AssertCaught(world, world.ThrowIfBroken, Monitor.Once, "acknowledged twice");
    }

    [Fact]
    public void AnAcknowledgedValueThatIsGone_IsCaught()
    {
        using World world = Started(25);
        Receipt honest = ProposeAll(world, 2);
        world.Trunk.Acknowledged[99] = honest.Coordinate.Index;
        AssertCaught(world, () => world.Trunk.CheckHolds(world[1]), Monitor.AcknowledgedStays, "is missing");
    }

    [Fact]
    public void AMachineInAnotherState_IsCaught()
    {
        using var world = new World(new WorldOptions { Seed = 26 });
        world[2].MachineMaker = static () => new JournalMachine { Forgets = 1 };
        world.StartAll();
        InvariantException caught = Assert.Throws<InvariantException>(() => ProposeAll(world, 3));
        Assert.Contains("replica", caught.Message, System.StringComparison.Ordinal);
        Assert.Contains(world.Violation!.Monitor, new[] { Monitor.StateDigest, Monitor.StateMachineSafety });
    }

    [Fact]
    public void ATailTakenBackBelowC_IsCaught()
    {
        using World world = Started(27);
        ProposeAll(world, 3);
        SimulatedReplica replica = world.Leader!;
        world.Monitors.Frontiers.Observe(replica);

        // As if it had stood higher before: what is committed now is less.
        using World further = Started(27);
        ProposeAll(further, 6);
        SimulatedReplica ahead = further[replica.Number];
        var checker = new FrontierChecker(world);
        checker.Observe(ahead);
        checker.Observe(replica);
        AssertCaught(world, world.ThrowIfBroken, Monitor.MonotoneBoundaries, "went from");
    }

    private static void AssertCaught(World world, System.Action action, Monitor monitor, string words)
    {
        InvariantException caught = Assert.Throws<InvariantException>(action);
        Assert.Equal(monitor, world.Violation!.Monitor);
        Assert.Contains(words, caught.Message, System.StringComparison.Ordinal);
    }

    /// <summary>Proposes one after another at the leader; returns the last.</summary>
    private static Receipt ProposeAll(World world, int count)
    {
        Receipt last = default;
        for (int i = 0; i < count; i++)
        {
            world.RunUntil(() => world.Leader is not null, "a leader");
            Task<Receipt> receipt = world.Leader!.ProposeAsync(world.NextValue());
            world.RunUntil(() => receipt.IsCompleted, "decided");
            last = receipt.Result;
        }

        world.RunFor(100 * Millisecond);
        return last;
    }

    private static World Started(ulong seed)
    {
        var world = new World(new WorldOptions { Seed = seed });
        world.StartAll();
        world.RunUntil(() => world.Leader is not null, "a first leader");
        return world;
    }
}
