// Goal: three replicas as a host sees them. Method: three engines in this process, on loopback and real disks;
// replicas are stopped and started again.
using System;
using System.Diagnostics;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class ClusterTests
{
    [Fact]
    public async Task Any_replica_takes_proposals_and_linearizable_reads_and_all_machines_agree()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3);
        uint leader = await cluster.LeaderAsync();
        Receipt last = default;
        for (uint replica = 1; replica <= 3; replica++)
        {
            // A follower that has not heard of the leader yet holds the first one until it has.
            byte[] reply = new byte[8];
            Receipt receipt = await cluster.Group(replica).ProposeAsync(RecordingMachine.Command(replica), reply);
            Assert.True(receipt.Outcome == Outcome.Committed, receipt.ToString());
            Assert.Equal(RecordingMachine.Command(replica), reply);
            Assert.True(receipt.Certificate.Index >= receipt.Coordinate.Index);
            Assert.True(replica == 1 || receipt.Coordinate > last.Coordinate);
            last = await cluster.CommitAsync(replica, Limits.EntryBytesMax, replica);
        }

        for (uint replica = 1; replica <= 3; replica++)
        {
            QueryResult<ulong> head = await cluster.Group(replica).QueryAsync<RecordingMachine, ulong, ulong>(
                static (machine, index) => machine.Heads[index], last.Coordinate.Index);
            Assert.True(head.Point.IsGranted, head.Point.ToString());
            Assert.Equal(3UL, head.Value);
            ReadResult local = await cluster.Group(replica).ReadAsync(Read.Local);
            Assert.True(local.Index >= last.Coordinate.Index);
        }

        Assert.Equal(leader, cluster.Group(leader).Status.Leader);
        await AssertEqualDigests(cluster, last.Coordinate.Index);
    }

    [Fact]
    public async Task Without_a_majority_proposals_and_reads_are_refused_after_two_election_timeouts_not_before()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3);
        uint leader = await cluster.LeaderAsync();
        uint alone = leader == 1 ? 2u : 1u;
        await cluster.CommitAsync(1, replica: alone);
        foreach (uint other in Enumerable.Range(1, 3).Select(static i => (uint)i).Where(other => other != alone))
        {
            await cluster.StopAsync(other);
        }

        // The first one may still leave for the leader that is gone, and is Unknown then; so wait until none is known.
        Group group = cluster.Group(alone);
        while ((await group.ReadAsync(Read.Linearizable)).IsGranted || group.Status.Leader != 0)
        {
            await Task.Yield();
        }

        var watch = Stopwatch.StartNew();
        Receipt receipt = await group.ProposeAsync(RecordingMachine.Command(1)).AsTask().WaitAsync(Cluster.Patience);
        Assert.Equal(RefusalCode.NoLeader, receipt.Refusal.Code);
        Assert.True(watch.Elapsed >= 2 * TimeSpan.FromMilliseconds(600), $"after {watch.Elapsed} already");
        ReadResult read = await group.ReadAsync(Read.Linearizable).AsTask().WaitAsync(Cluster.Patience);
        Assert.False(read.IsGranted);
        Assert.Null(group.Fault);
    }

    [Fact]
    public async Task A_replica_that_missed_more_than_memory_holds_catches_up_by_log_and_replays_it_when_reopened()
    {
        // The leader's memory holds 32 MiB of entries; 44 MiB are written while one follower is away.
        const int Bytes = 32 * 1024;
        const int Count = 44 * 1024 * 1024 / Bytes;
        await using Cluster cluster = await Cluster.OpenAsync(
            3, static options => options with { ProposalTimeout = TimeSpan.FromSeconds(60) });
        uint leader = await cluster.LeaderAsync();
        uint away = leader == 3 ? 2u : 3u;
        await cluster.CommitAsync(1, replica: away);
        await cluster.StopAsync(away);
        var pending = new System.Collections.Generic.Queue<Task<Receipt>>();
        ulong last = 0;
        for (int i = 0; i < Count; i++)
        {
            pending.Enqueue(cluster.Group(leader).ProposeAsync(RecordingMachine.Command((ulong)i, Bytes)).AsTask());
            if (pending.Count == 64)
            {
                last = Committed(await pending.Dequeue());
            }
        }

        foreach (Task<Receipt> one in pending)
        {
            last = Committed(await one);
        }

        await cluster.StartAsync(away);
        await cluster.Group(away).WaitAsync(Frontier.Applied, last).WaitAsync(Cluster.Patience);
        await AssertEqualDigests(cluster, last);

        // Its own log is longer than its memory now: a fresh machine is fed through the window.
        await cluster.StopAsync(away);
        await cluster.StartAsync(away);
        await cluster.Group(away).WaitAsync(Frontier.Applied, last).WaitAsync(Cluster.Patience);
        await AssertEqualDigests(cluster, last);
    }

    private static ulong Committed(Receipt receipt)
    {
        Assert.True(receipt.Outcome == Outcome.Committed, receipt.ToString());
        return receipt.Coordinate.Index;
    }

    /// <summary>No entries follow <paramref name="last"/> but anchors, which the machine does not see.</summary>
    private static async Task AssertEqualDigests(Cluster cluster, ulong last)
    {
        ulong[] digests = new ulong[3];
        for (uint replica = 1; replica <= 3; replica++)
        {
            await cluster.Group(replica).WaitAsync(Frontier.Applied, last).WaitAsync(Cluster.Patience);
            QueryResult<ulong> digest = await cluster.Group(replica).QueryAsync<RecordingMachine, int, ulong>(
                static (machine, _) => machine.StateDigest, 0, Read.Local);
            digests[replica - 1] = digest.Value;
        }

        Assert.Equal(digests[0], digests[1]);
        Assert.Equal(digests[0], digests[2]);
    }
}
