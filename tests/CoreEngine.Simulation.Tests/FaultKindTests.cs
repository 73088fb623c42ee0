using System;
using System.Threading.Tasks;
using CoreEngine.IO.Log;
using CoreEngine.Model;
using CoreEngine.Simulation.Faults;
using Xunit;

namespace CoreEngine.Simulation.Tests;

/// <summary>
/// Goal: each kind of fault does what its name says, and harm stays within the contract's bounds. Method: one fault at
/// a time in a scripted world, and the state of what it hurt.
/// </summary>
public sealed class FaultKindTests
{
    private const long Millisecond = 1_000_000;
    private const long Second = SimulatorOptions.Second;

    public static TheoryData<int> Kinds()
    {
        var kinds = new TheoryData<int>();
        for (int kind = 0; kind < FaultDriver.Kinds; kind++)
        {
            // Rot needs a log that is long enough to be old: its own tests below.
            if (kind != (int)FaultKind.BitRot)
            {
                kinds.Add(kind);
            }
        }

        return kinds;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EveryKind_CanBePlanned_AndTheRestGoesOn(int kind)
    {
        SeedResult quiet = Simulator.Run(new SimulatorOptions { Seed = 4, FaultsNs = 3 * Second, IsRecorded = true });
        var fault = new Fault(new Instant(2 * Second, 0), (FaultKind)kind, 2, 300 * Millisecond)
        {
            Other = 1,
            Amount = 5 * Millisecond / 1000,
        };
        FaultPlan plan = quiet.Plan! with { Faults = [fault], Network = new NetworkFaults(), Disk = new DiskTiming() };
        var options = new SimulatorOptions { Seed = 4, FaultsNs = 3 * Second, Plan = plan };
        SeedResult result = Simulator.Run(options);
        Assert.True(result.Failure is null, result.Failure?.ToString());
        Assert.Equal(1, result.Faults[kind]);
        Assert.True(result.Acknowledged > 5, $"only {result.Acknowledged} acknowledged");
    }

    [Fact]
    public void Rot_IsFoundAtTheRestart_ByName_AndFetchedFromPeers()
    {
        using World world = Filled(31);
        Assert.True(world[2].Disk.TryRot(new Prng(1)));
        world[2].Kill();
        LogOpenResult opened = world[2].Recover();
        Assert.NotEmpty(opened.Damages);
        Assert.Contains("Opened with damage", opened.Message, StringComparison.Ordinal);
        world.RunUntil(() => !world[2].IsDamaged, "what was lost is fetched");
        Assert.Equal(DiskHarm.None, world[2].Disk.Mishaps.Harm);
        Propose(world, 3);
    }

    [Fact]
    public void ALostWrite_ThatOthersFollowed_IsFetchedFromPeers()
    {
        using World world = Filled(32);
        world[3].Disk.Mishaps.Arm(WriteFate.Lost, 0, 0);
        Propose(world, 3);
        Propose(world, 3);
        world[3].Kill();
        Assert.NotEmpty(world[3].Recover().Damages);
        world.RunUntil(() => !world[3].IsDamaged, "what was lost is fetched");
        Propose(world, 3);
    }

    [Fact]
    public void ALostWrite_AtTheEnd_CannotBeToldFromATornTail_AndIsNotLetInAgain()
    {
        using World world = Filled(32);
        SimulatedReplica replica = world[world.Leader!.Number == 3 ? 2u : 3u];
        ulong durable = replica.Runtime.Frontiers.Durable;
        replica.Disk.Mishaps.Arm(WriteFate.Lost, 0, 0);
        _ = world.Leader!.ProposeAsync(world.NextValue());
        world.RunUntil(() => replica.Runtime.Frontiers.Durable > durable, "it claims the lost write");
        replica.Kill();
        Assert.False(replica.TryStart());
        Propose(world, 3);
    }

    [Fact]
    public void AWipedDisk_IsRefusedByThoseWhoMetIt()
    {
        using World world = Filled(33);
        SimulatedReplica wiped = world[world.Leader!.Number == 1 ? 2u : 1u];
        wiped.Kill();
        wiped.FormatAnew();
        Assert.True(wiped.TryStart());
        Propose(world, 3);
        world.RunFor(2 * Second);
        Assert.Equal(2, world.Network.Refused);
        Assert.Equal(0UL, wiped.Core.CommitIndex);
        Assert.Equal(0UL, wiped.Core.LastIndex);
    }

    [Fact]
    public void AReplacedDisk_IsRefusedAsUnformatted()
    {
        using World world = Filled(34);
        world[1].Kill();
        world[1].ReplaceDisk();
        Assert.False(world[1].TryStart());
        Assert.Equal(LogOpenStatus.Unformatted, world[1].Refusal!.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rot_StaysWithinAMinority_UnlessTheWorldIsBeyondTheContract(bool isBeyond)
    {
        using World world = Filled(35, isBeyond);
        var effects = new FaultEffects(world);
        Assert.True(effects.TryDo(new Fault(world.Instant, FaultKind.BitRot, 1, 0) { Amount = 1 }));
        Assert.Equal(isBeyond, effects.TryDo(new Fault(world.Instant, FaultKind.BitRot, 2, 0) { Amount = 2 }));
        Assert.False(effects.TryDo(new Fault(world.Instant, FaultKind.WipeDisk, 3, 0)));
    }

    [Fact]
    public void AnOldFrame_DoesNotOutliveItsLink()
    {
        using World world = Filled(36);
        uint leader = world.Leader!.Number;
        uint other = leader == 1 ? 2u : 1u;
        Assert.True(world.Network.TryRepeat(leader, other));
        Propose(world, 1);
        world[other].Kill();
        world[other].Start();
        Assert.False(world.Network.TryRepeat(leader, other));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(50_000)]
    [InlineData(-50_000)]
    [InlineData(1)]
    public void ADriftingClock_NeverGoesBack_AndMeetsItsDeadlines(long rate)
    {
        var clock = new SimulatedClock();
        var chance = new Prng(7);
        clock.Drift(1000, rate);
        long last = 0;
        for (long now = 1000; now < 100_000; now += chance.Between(1, 999))
        {
            long local = clock.Local(now);
            Assert.True(local >= last);
            last = local;
            long deadline = local + chance.Between(1, 10_000);
            long at = clock.WorldOf(deadline);
            Assert.True(clock.Local(at) >= deadline && clock.Local(at - 1) <= deadline);
        }

        clock.Drift(200_000, 0);
        Assert.True(clock.Local(200_000) >= last);
    }

    /// <summary>A world whose logs hold enough for a part of them to be old.</summary>
    private static World Filled(ulong seed, bool isBeyond = false)
    {
        var world = new World(new WorldOptions { Seed = seed, IsBeyondContract = isBeyond });
        world.StartAll();
        Propose(world, 60);
        return world;
    }

    private static void Propose(World world, int count)
    {
        for (int i = 0; i < count; i++)
        {
            world.RunUntil(() => world.Leader is not null, "a leader");
            Task<Receipt> receipt = world.Leader!.ProposeAsync(world.NextValue());
            world.RunUntil(() => receipt.IsCompleted, "decided");
            Assert.Equal(Outcome.Committed, receipt.Result.Outcome);
        }

        world.RunFor(100 * Millisecond);
    }
}
