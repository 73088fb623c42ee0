using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: what a cluster does that needs log, recovery and loop together; the catalogue's scenarios stand beside, in
/// Scenarios. Method: whole clusters in one thread, over simulated disks and network in virtual time; a failing test
/// prints its seed, which replays it.
/// </summary>
public sealed class ClusterScenarios
{
    private const long Millisecond = 1_000_000;
    private const long Second = 1000 * Millisecond;

    [Fact]
    public void ProposalsCommitOnAllReplicas_AndTheReceiptsProveIt()
    {
        using World world = Started(seed: 1);
        List<Task<Receipt>> receipts = ProposeAtLeader(world, 1000);
        world.RunUntil(() => receipts.TrueForAll(static r => r.IsCompleted), "all decided");
        Assert.All(receipts, static r => Assert.Equal(Outcome.Committed, r.Result.Outcome));
        world.RunUntil(() => AllApplied(world, 1000), "all replicas applied");
        foreach (SimulatedReplica replica in world.Replicas)
        {
            world.Trunk.CheckHolds(replica);
        }

        Assert.Equal(1000, world.Trunk.Acknowledged.Count);
    }

    [Fact]
    public void ProposalsAtAFollower_AreForwardedAndAnsweredThere()
    {
        using World world = Started(seed: 2);
        SimulatedReplica follower = Follower(world);
        var receipts = new List<Task<Receipt>>();
        for (int i = 0; i < 100; i++)
        {
            receipts.Add(follower.ProposeAsync(world.NextValue()));
        }

        world.RunUntil(() => receipts.TrueForAll(static r => r.IsCompleted), "all decided");
        Assert.All(receipts, static r => Assert.Equal(Outcome.Committed, r.Result.Outcome));
        Assert.All(receipts, static r => Assert.Equal(8, r.Result.ReplyLength));
        world.Trunk.CheckHolds(follower);
    }

    [Fact]
    public void LinearizableReads_OnEveryReplica_SeeWhatWasAcknowledgedBefore()
    {
        using World world = Started(seed: 3);
        for (int round = 1; round <= 20; round++)
        {
            Task<Receipt> receipt = world.Leader!.ProposeAsync(world.NextValue());
            world.RunUntil(() => receipt.IsCompleted, "decided");
            foreach (SimulatedReplica replica in world.Replicas)
            {
                Task<QueryResult<int>> count = replica.CountAsync();
                world.RunUntil(() => count.IsCompleted, "read answered");
                Assert.True(count.Result.Point.IsGranted);
                Assert.True(count.Result.Point.Certificate.IsValid);
                Assert.Equal(round, count.Result.Value);
            }
        }
    }

    [Fact]
    public void AReplicaFormattedAnew_UnderItsOldNumber_DoesNotVote()
    {
        using World world = Started(seed: 8);
        Task<Receipt> receipt = world.Leader!.ProposeAsync(world.NextValue());
        world.RunUntil(() => receipt.IsCompleted && AllApplied(world, 1), "a first proposal everywhere");
        SimulatedReplica forgetful = Follower(world);
        SimulatedReplica leader = world.Leader!;
        SimulatedReplica witness = world[6 - forgetful.Number - leader.Number];
        forgetful.Kill();
        forgetful.FormatAnew();
        forgetful.Start();
        leader.Kill();
        world.RunFor(5 * Second);
        Assert.Null(world.Leader);
        Assert.Equal(0u, witness.Status.Leader);

        // The memory is in the log: it survives a restart of the witness.
        witness.Kill();
        witness.Start();
        world.RunFor(5 * Second);
        Assert.Null(world.Leader);
        leader.Start();
        world.RunUntil(() => world.Leader is not null, "the two that remember elect a leader");
        Assert.NotEqual(forgetful.Number, world.Leader!.Number);
    }

    [Fact]
    public void RandomCrashesAndLoss_NeverBreakTheTrunk()
    {
        for (ulong seed = 500; seed < 540; seed++)
        {
            using World world = Started(seed);
            var chance = new Prng(seed);
            world.Network.Faults = new NetworkFaults(
                LossPercent: (int)chance.Between(0, 15),
                DuplicatePercent: (int)chance.Between(0, 15),
                DelayMaxNs: chance.Between(100_000, 20 * Millisecond));
            for (int round = 0; round < 15; round++)
            {
                Load(world, chance.Between(Millisecond, 300 * Millisecond));
                SimulatedReplica victim = world[(uint)chance.Between(1, 4)];
                Disturb(world, victim, chance);
            }

            world.Network.Heal();
            world.Network.Faults = new NetworkFaults();
            foreach (SimulatedReplica replica in world.Replicas)
            {
                if (!replica.IsRunning)
                {
                    replica.Start();
                }
            }

            world.RunUntil(() => world.Leader is not null, "a leader after healing");
            Task<Receipt> last = world.Leader!.ProposeAsync(world.NextValue());
            world.RunUntil(() => last.IsCompleted && AllEqual(world), "all replicas equal");
            foreach (SimulatedReplica replica in world.Replicas)
            {
                world.Trunk.CheckHolds(replica);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AMachineThatThrows_StopsItsGroupAndNamesTheIndex(bool inlineSafe)
    {
        using var world = new World(new WorldOptions { Seed = 7 });
        foreach (SimulatedReplica replica in world.Replicas)
        {
            replica.MachineMaker = () => new JournalMachine { ThrowsAt = 3, InlineSafe = inlineSafe };
        }

        world.StartAll();
        world.RunUntil(() => world.Leader is not null, "a leader");
        SimulatedReplica leader = world.Leader!;
        List<Task<Receipt>> receipts = ProposeAtLeader(world, 5);
        world.RunUntil(() => leader.Group.Fault is not null, "the group stops");
        Assert.Contains("threw at index 4:", leader.Group.Fault!.Reason, StringComparison.Ordinal);
        world.RunUntil(() => receipts.TrueForAll(static r => r.IsCompleted), "every caller is answered");
        Assert.Null(leader.Loop!.Fault);
    }

    private static void Disturb(World world, SimulatedReplica victim, Prng chance)
    {
        switch (chance.Between(0, 5))
        {
            case 0 when victim.IsRunning:
                victim.Kill();
                break;
            case 1 when victim.IsRunning:
                victim.PowerCut();
                break;
            case 2:
                world.Network.Isolate(victim.Number);
                break;
            case 3:
                world.Network.Heal();
                break;
            default:
                if (!victim.IsRunning)
                {
                    victim.Start();
                }

                break;
        }
    }

    /// <summary>Proposes at every running replica for a while.</summary>
    private static void Load(World world, long nanoseconds)
    {
        long end = world.Now + nanoseconds;
        while (world.Now < end)
        {
            foreach (SimulatedReplica replica in world.Replicas)
            {
                if (replica.IsRunning && replica.Status.PendingProposals < 32)
                {
                    _ = replica.ProposeAsync(world.NextValue());
                }
            }

            world.RunFor(long.Min(200_000, end - world.Now));
        }
    }

    private static World Started(ulong seed)
    {
        var world = new World(new WorldOptions { Seed = seed });
        world.StartAll();
        world.RunUntil(() => world.Leader is not null, "a first leader");
        return world;
    }

    private static SimulatedReplica Follower(World world) => world[world.Leader!.Number == 1 ? 2u : 1u];

    private static List<Task<Receipt>> ProposeAtLeader(World world, int count)
    {
        var receipts = new List<Task<Receipt>>();
        for (int i = 0; i < count; i++)
        {
            receipts.Add(world.Leader!.ProposeAsync(world.NextValue()));
        }

        return receipts;
    }

    private static bool AllApplied(World world, int count)
    {
        foreach (SimulatedReplica replica in world.Replicas)
        {
            if (replica.Machine.Entries.Count < count)
            {
                return false;
            }
        }

        return true;
    }

    private static bool AllEqual(World world)
    {
        SimulatedReplica first = world[1];
        foreach (SimulatedReplica replica in world.Replicas)
        {
            if (replica.Machine.StateDigest != first.Machine.StateDigest
                || replica.Group.Frontiers.Applied != replica.Group.Frontiers.Appended
                || replica.Group.Frontiers.Appended != first.Group.Frontiers.Appended)
            {
                return false;
            }
        }

        return true;
    }
}
