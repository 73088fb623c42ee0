// Goal: a replica whose snapshot is damaged on its disk is made whole by the others; alone it refuses to open, and
// names what is lost; while the log still holds everything, nothing is lost. Method: engines on real disks; a byte of
// the snapshot's file is changed while its replica is down.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.IO.Log;
using CoreEngine.IO.Snapshots;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class DamagedSnapshotTests
{
    private static readonly GroupOptions Options = GroupOptions.Raft() with
    {
        Snapshots = new SnapshotOptions { KeptLogBytes = 0 },
    };

    [Fact]
    public async Task With_peers_it_is_fetched_and_the_state_is_the_same()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3, group: Options);
        await FillAsync(cluster, [1, 2, 3]);
        await cluster.StopAsync(2);
        Damage(cluster, 2);
        SnapshotVerdict verdict = Assert.Single(SnapshotInspector.Verify(cluster.Directory(2)));
        Assert.False(verdict.IsSound);
        Assert.Contains("; repairable from peers", SnapshotInspector.Describe(verdict), StringComparison.Ordinal);

        await cluster.StartAsync(2);
        Receipt last = await cluster.CommitAsync(5);
        QueryResult<ulong> digest = await cluster.Group(2).QueryAsync<RecordingMachine, ulong, ulong>(
            static (machine, index) => machine.Heads[index], last.Coordinate.Index);
        Assert.True(digest.Point.IsGranted, $"{digest.Point}");
        Assert.Equal(5UL, digest.Value);
        Assert.Equal(cluster.Machine(1).StateDigest, cluster.Machine(2).StateDigest);
        Assert.Equal(1, cluster.Runtime(2).Snapshots.Installed);
    }

    [Fact]
    public async Task Alone_the_opening_is_refused_and_says_what_is_lost()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1, group: Options);
        await FillAsync(cluster, [1]);
        await cluster.StopAsync(1);
        Damage(cluster, 1);
        SnapshotVerdict verdict = Assert.Single(SnapshotInspector.Verify(cluster.Directory(1)));
        Assert.Contains("not repairable from peers", SnapshotInspector.Describe(verdict), StringComparison.Ordinal);
        EngineOpenException refused = await Assert.ThrowsAsync<EngineOpenException>(() => cluster.StartAsync(1));
        Assert.Contains("no other replica to ask", refused.Message, StringComparison.Ordinal);
        Assert.Contains("snapshot", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_log_holds_everything_a_damaged_snapshot_costs_nothing()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1, group: Options);
        await cluster.LeaderAsync();
        for (ulong i = 0; i < 20; i++)
        {
            await cluster.CommitAsync(i);
        }

        Assert.True((await cluster.Group(1).SnapshotAsync()).IsTaken);
        var heads = new Dictionary<ulong, ulong>(cluster.Machine(1).Heads);
        await cluster.StopAsync(1);
        Damage(cluster, 1);
        await cluster.StartAsync(1);
        await cluster.CommitAsync(21);
        Assert.All(heads, head => Assert.Equal(head.Value, cluster.Machine(1).Heads[head.Key]));
    }

    /// <summary>Entries, and snapshots of all of them, until no log holds the first ones any more.</summary>
    private static async Task FillAsync(Cluster cluster, uint[] replicas)
    {
        await cluster.LeaderAsync();
        for (int round = 0; replicas.Any(replica => cluster.Runtime(replica).Frontiers.Trimmed == 0
            || File.Exists(Path.Combine(cluster.Directory(replica), LogFormat.SegmentName(1)))); round++)
        {
            Assert.True(round < 50, "no segment is ever given up");
            await Task.WhenAll(Enumerable.Range(0, 12).Select(
                i => cluster.CommitAsync((ulong)i, length: 48 * 1024)));
            foreach (uint replica in replicas)
            {
                SnapshotResult taken = await cluster.Group(replica).SnapshotAsync();
                Assert.True(taken.IsTaken, $"{taken.Refusal}");
            }
        }
    }

    private static void Damage(Cluster cluster, uint replica)
    {
        string file = Assert.Single(Directory.GetFiles(cluster.Directory(replica), "snap-*"));
        byte[] bytes = File.ReadAllBytes(file);
        bytes[SnapshotFormat.FirstChunk + SnapshotChunk.HeaderBytes + 3] ^= 4;
        File.WriteAllBytes(file, bytes);
    }
}
