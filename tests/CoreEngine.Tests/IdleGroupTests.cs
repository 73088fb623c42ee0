// Goal: a group in which nothing happens costs no more memory than io.md allows, and thousands that start at once are
// led soon; both are lost unnoticed otherwise, a field at a time. Method: three engines in this process, hundreds of
// groups each, all at rest; the heap before and after, collected.
using System;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Loop;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

/// <summary>What looks at the heap of the process runs alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class HeapReaders
{
    internal const string Name = nameof(HeapReaders);
}

[Collection(HeapReaders.Name)]
public sealed class IdleGroupTests
{
    private const int Groups = 600;
    private const int BytesMax = 8 * 1024;
    private const long HeartbeatNs = 50_000_000;

    [Fact]
    public async Task A_group_at_rest_holds_at_most_eight_kibibytes()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3, static options => options with
        {
            CloseTimeout = TimeSpan.Zero,
            QuiesceAfter = TimeSpan.FromMilliseconds(200),
        });

        // The first ones bring what the shards keep for all: the others show what one group costs.
        Group[] some = await OpenAsync(cluster, 2, Groups / 2);
        await RestAsync(some);
        long before = LiveBytes();
        Group[] groups = await OpenAsync(cluster, 2 + (Groups / 2), Groups);
        await RestAsync(groups);
        long perGroup = (LiveBytes() - before) / groups.Length;
        Assert.InRange(perGroup, 1, BytesMax);
        Assert.Equal(Groups, groups.Count(static group => group.Status.Role == "Leader"));
        GC.KeepAlive(some);
        GC.KeepAlive(groups);
    }

    [Fact]
    public async Task A_group_that_stops_at_rest_is_led_elsewhere_though_its_node_lives_on()
    {
        await using Cluster cluster = await Cluster.OpenAsync(
            3, static options => options with { QuiesceAfter = TimeSpan.FromMilliseconds(200) });
        uint leader = await cluster.LeaderAsync();
        Group[] all = [cluster.Group(1), cluster.Group(2), cluster.Group(3)];
        await RestAsync(all);
        leader = cluster.Group(1).Status.Leader;
        EngineLoop loop = cluster.Engine(leader).Host.Loop;
        loop.Post(() => loop.Fail(cluster.Runtime(leader), new EngineFault("stopped by the test", null)));
        using var patience = new CancellationTokenSource(Cluster.Patience);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));

        // Nobody proposes, reads or looks: the others must be told.
        while (!all.Any(group => group.Fault is null && group.Status.Role == "Leader"))
        {
            Assert.True(await pace.WaitForNextTickAsync(patience.Token));
        }

        // A replica that has not heard of the new leader yet would hand it to the old one, and never know.
        uint next = (uint)Array.FindIndex(all, group => group.Fault is null && group.Status.Role == "Leader") + 1;
        Assert.NotEqual(leader, next);
        await cluster.CommitAsync(9, replica: next);
    }

    [Fact]
    public void Few_groups_campaign_at_once_and_of_thousands_not_more_than_the_shard_can_lead()
    {
        var pace = new CampaignPace(HeartbeatNs);
        long now = HeartbeatNs;
        pace.Begin(now);
        Assert.Equal(CampaignPace.BurstMax, Taken(pace, 0, now));
        now += 10 * CampaignPace.PeriodNs;
        Assert.Equal(10, Taken(pace, 0, now));

        // One that leads enough already goes slowly, and never stops for good.
        now += 10 * CampaignPace.PeriodNs;
        Assert.Equal(0, Taken(pace, CampaignPace.LedAwakeMax, now));
        now += 3 * CampaignPace.SlowPeriodNs;
        Assert.Equal(3, Taken(pace, CampaignPace.LedAwakeMax, now));
        Assert.True(pace.Held > 0);
    }

    [Fact]
    public void A_shard_whose_turns_are_long_campaigns_slowly_and_one_that_slept_does_not()
    {
        var pace = new CampaignPace(HeartbeatNs);
        long now = HeartbeatNs;
        pace.Begin(now);
        pace.End(goesOn: false);
        now += 10 * HeartbeatNs;
        pace.Begin(now);
        Assert.False(pace.IsBehind);
        pace.End(goesOn: true);
        now += HeartbeatNs / 4;
        pace.Begin(now);
        Assert.True(pace.IsBehind);
        Assert.Equal(CampaignPace.SlowBurstMax, Taken(pace, 0, now));
        pace.End(goesOn: true);
        now += 5 * HeartbeatNs;
        pace.End(goesOn: false);
        pace.Begin(now);
        Assert.False(pace.IsBehind);
    }

    private static Task<Group[]> OpenAsync(Cluster cluster, int first, int count) => Task.WhenAll(
        from replica in Enumerable.Range(1, 3)
        from number in Enumerable.Range(first, count)
        select cluster.Engine((uint)replica).OpenGroupAsync(
            string.Create(CultureInfo.InvariantCulture, $"group-{number}"),
            new QuietMachine(),
            GroupOptions.Raft() with { Group = (uint)number }).AsTask());

    private static int Taken(CampaignPace pace, int ledAwake, long now)
    {
        int taken = 0;
        while (pace.TryTake(ledAwake, now))
        {
            taken++;
        }

        return taken;
    }

    private static long LiveBytes()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private sealed class QuietMachine : IStateMachine
    {
        public bool InlineSafe => true;

        public ulong StateDigest => 0;

        public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
        {
        }
    }

    private static async Task RestAsync(Group[] groups)
    {
        using var patience = new CancellationTokenSource(Cluster.Patience);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!groups.All(static group => group.Runtime.Core.IsQuiescent))
        {
            Assert.True(await pace.WaitForNextTickAsync(patience.Token));
        }
    }
}
