// Goal: an engine of several shards keeps each group in its place, over restarts, and a shard whose disk fails takes no
// other one with it; a directory is never opened with a number of shards that would lose groups. Method: engines on a
// real disk, one of them with a ring that breaks.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Diagnostics;
using CoreEngine.IO.Ring;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class ShardTests
{
    [Fact]
    public void The_place_of_a_group_is_a_rule_that_never_changes_and_spreads()
    {
        int[] places = [.. Enumerable.Range(1, 8).Select(static number => ShardPlacement.Of((uint)number, 2))];
        Assert.Equal([1, 0, 1, 0, 0, 1, 0, 1], places);
        int[] counts = new int[7];
        for (uint group = 1; group <= 7000; group++)
        {
            counts[ShardPlacement.Of(group, counts.Length)]++;
        }

        Assert.All(counts, static count => Assert.InRange(count, 950, 1050));
    }

    [Fact]
    public async Task Groups_in_two_shards_commit_and_are_where_they_were_after_a_restart()
    {
        await using Cluster cluster = await Cluster.OpenAsync(
            3, static options => options with { Shards = 2, CloseTimeout = TimeSpan.Zero });
        var places = new Dictionary<uint, int?> { [2] = null, [3] = null, [4] = 1 };
        List<RecordingMachine> machines = [];
        List<Group> groups = [];
        for (uint replica = 1; replica <= 3; replica++)
        {
            foreach ((uint number, int? shard) in places)
            {
                machines.Add(new RecordingMachine());
                groups.Add(await OpenAsync(cluster, replica, number, shard, machines[^1]));
            }
        }

        await cluster.LeaderAsync();
        for (int i = 0; i < places.Count; i++)
        {
            await CommitAsync(groups[i], (ulong)i + 100);
        }

        Assert.Equal([1, 0, 1, 1], new uint[] { 1, 2, 3, 4 }.Select(number => ShardOf(cluster, 1, number)));
        for (uint replica = 1; replica <= 3; replica++)
        {
            await cluster.StopAsync(replica);
        }

        for (uint replica = 1; replica <= 3; replica++)
        {
            await cluster.StartAsync(replica);
        }

        // Without a word on the shard: the logs say where a group is. With another word it is refused, and not begun
        // anew in the other log.
        var again = new RecordingMachine();
        EngineOpenException elsewhere = await Assert.ThrowsAsync<EngineOpenException>(
            () => OpenAsync(cluster, 1, 4, 0, new RecordingMachine()));
        Assert.Contains("is in shard 1", elsewhere.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<EngineOpenException>(() => OpenAsync(cluster, 1, 9, 2, new RecordingMachine()));
        Group first = await OpenAsync(cluster, 1, 4, null, again);
        await OpenAsync(cluster, 2, 4, null, new RecordingMachine());
        await OpenAsync(cluster, 3, 4, 1, new RecordingMachine());
        await CommitAsync(first, 103);
        Assert.Equal(1, ShardOf(cluster, 1, 4));
        Assert.Contains(102UL, again.Heads.Values);
        Assert.Contains(103UL, again.Heads.Values);
    }

    [Fact]
    public async Task Another_number_of_shards_or_a_missing_or_foreign_shard_is_refused_and_nothing_is_lost()
    {
        await using Cluster cluster = await Cluster.OpenAsync(
            1, static options => options with { Shards = 2 }, joiners: 1);
        await cluster.LeaderAsync();
        await cluster.CommitAsync(42);
        await cluster.StopAsync(1);
        EngineOptions good = cluster.OptionsOf(1);
        await RefusedAsync(good with { Shards = 1 }, "for 2 shard(s), and 1 are asked for", "Set Shards to 2");
        await RefusedAsync(good with { Shards = 3 }, "formatted for 2 shard(s), and 3 are asked for");
        EngineOptions below = good with { Directory = ShardStorage.DirectoryOf(good.Directory, 1) };
        await RefusedAsync(below, "shard 1");
        string home = ShardStorage.DirectoryOf(good.Directory, 1);
        Directory.Move(home, home + "-away");
        await RefusedAsync(good, "directory of shard 1", "is missing");
        cluster.Format(2);
        Directory.Move(ShardStorage.DirectoryOf(cluster.Directory(2), 1), home);
        await RefusedAsync(good, "replica 2");
        Directory.Delete(home, recursive: true);
        Directory.Move(home + "-away", home);
        await cluster.StartAsync(1);
        await cluster.LeaderAsync();
        Assert.Contains(42UL, cluster.Machine(1).Heads.Values);
    }

    [Fact]
    public async Task A_shard_whose_disk_fails_stops_alone_and_the_other_serves_on()
    {
        FailingRing? disk = null;
        IIoRing Tap(int shard, IIoRing ring) => shard == 1 ? disk = new FailingRing(ring) : ring;
        EngineOptions Options(EngineOptions options) => options with
        {
            Shards = 2,
            Taps = options.Replica == 1
                ? new EngineTaps(static core => core, static transport => transport) { Ring = Tap }
                : null,
        };
        await using Cluster cluster = await Cluster.OpenAsync(3, Options);
        List<Group> others = [];
        for (uint replica = 1; replica <= 3; replica++)
        {
            others.Add(await OpenAsync(cluster, replica, 2, 0, new RecordingMachine()));
        }

        await CommitAsync(others[0], 1);
        await cluster.LeaderAsync();
        disk!.Break();

        // Its shard of group 1 is gone, and the other replicas of that group go on without it.
        await cluster.LeaderAsync(through: 2);
        await cluster.CommitAsync(7, replica: 2);
        while (cluster.Group(1).Fault is null)
        {
            _ = await cluster.Group(1).ProposeAsync(RecordingMachine.Command(8)).AsTask().WaitAsync(Cluster.Patience);
        }

        Assert.Contains("acknowledges nothing more", cluster.Engine(1).Fault!.Reason, StringComparison.Ordinal);
        Receipt refused = await cluster.Group(1).ProposeAsync(RecordingMachine.Command(9));
        Assert.Equal(RefusalCode.GroupFaulted, refused.Refusal.Code);

        // The other shard of the same replica leads and commits, also with one of its peers away.
        Assert.Null(others[0].Fault);
        TransferResult led = await others[(int)others[0].Status.Leader - 1]
            .TransferLeadershipAsync(1, Cluster.Patience);
        Assert.True(led.Leader == 1, led.ToString());
        await cluster.StopAsync(3);
        await CommitAsync(others[0], 3);
        Assert.Null(others[0].Fault);
    }

    private static int ShardOf(Cluster cluster, uint replica, uint group)
    {
        ReadOnlySpan<EngineShard> shards = cluster.Engine(replica).Host.Shards;
        for (int i = 0; i < shards.Length; i++)
        {
            if (shards[i].Loop.Find(group) is not null)
            {
                return i;
            }
        }

        return -1;
    }

    private static Task<Group> OpenAsync(
        Cluster cluster, uint replica, uint number, int? shard, RecordingMachine machine) =>
        cluster.Engine(replica).OpenGroupAsync(
            $"group-{number}", machine, GroupOptions.Raft() with { Group = number, Shard = shard }).AsTask();

    private static async Task CommitAsync(Group group, ulong head)
    {
        Receipt receipt;
        do
        {
            receipt = await group.ProposeAsync(RecordingMachine.Command(head)).AsTask().WaitAsync(Cluster.Patience);
        }
        while (receipt.Outcome == Outcome.Refused && receipt.Refusal.Code == RefusalCode.NoLeader);

        Assert.True(receipt.Outcome == Outcome.Committed, receipt.ToString());
    }

    private static async Task RefusedAsync(EngineOptions options, params string[] texts)
    {
        EngineOpenException error = await Assert.ThrowsAsync<EngineOpenException>(
            () => Engine.OpenAsync(options).AsTask());
        Assert.All(texts, text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
    }
}
