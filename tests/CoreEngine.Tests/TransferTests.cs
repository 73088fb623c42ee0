// Goal: leadership handed over through the public API, by wish and at a stop in good order. Method: three engines on
// loopback with election timeouts that nobody waits for here, so that a leader without a gap was handed over.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class TransferTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Leadership_moves_to_the_named_replica_from_wherever_it_is_asked()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3);
        uint leader = await cluster.LeaderAsync();
        for (int i = 0; i < 3; i++)
        {
            uint target = (leader % 3) + 1;
            TransferResult result = await cluster.Group(6 - leader - target).TransferLeadershipAsync(target, Deadline);
            Assert.True(result.IsDone, result.ToString());
            Assert.Equal(target, result.Leader);
            leader = target;
            await cluster.CommitAsync(1, replica: target);
        }

        TransferResult wrong = await cluster.Group(leader).TransferLeadershipAsync(9, Deadline);
        Assert.Equal(new Refusal(RefusalCode.TransferTargetUnfit, 9), wrong.Refusal);
        TransferResult any = await cluster.Group(leader).TransferLeadershipAsync(null, Deadline);
        Assert.True(any.IsDone && any.Leader != leader, any.ToString());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => cluster.Group(1).TransferLeadershipAsync(2, TimeSpan.Zero).AsTask());
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(
            () => cluster.Group(1).TransferLeadershipAsync(2, Deadline, cancelled.Token).AsTask());
    }

    [Fact]
    public async Task A_transfer_at_an_engine_that_ends_is_refused()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        Group group = cluster.Group(1);
        TransferResult alone = await group.TransferLeadershipAsync(null, Deadline);
        Assert.Equal(new Refusal(RefusalCode.TransferTargetSilent), alone.Refusal);
        await cluster.StopAsync(1);
        TransferResult late = await group.TransferLeadershipAsync(null, Deadline);
        Assert.Equal(new Refusal(RefusalCode.Closing), late.Refusal);
    }

    [Fact]
    public async Task A_rolling_restart_costs_no_election_timeout_and_no_write()
    {
        // Whoever had to notice a silence would notice it after thirty seconds.
        await using Cluster cluster = await Cluster.OpenAsync(3);
        cluster.Options = static options => options with
        {
            ElectionMin = TimeSpan.FromSeconds(30),
            ElectionMax = TimeSpan.FromSeconds(40),
            Heartbeat = TimeSpan.FromMilliseconds(50),
        };
        uint leader = await cluster.LeaderAsync();
        for (uint i = 1; i <= 3; i++)
        {
            // The followers first: those that are left have the long timeouts when the leader goes.
            uint stopped = ((leader + i - 1) % 3) + 1;
            var writes = new List<Task<Receipt>>();
            for (ulong value = 0; value < 20; value++)
            {
                writes.Add(cluster.Group(stopped).ProposeAsync(RecordingMachine.Command(value)).AsTask());
            }

            long start = Stopwatch.GetTimestamp();
            await cluster.StopAsync(stopped);
            foreach (Receipt receipt in await Task.WhenAll(writes))
            {
                Assert.Equal(Outcome.Committed, receipt.Outcome);
            }

            uint witness = (stopped % 3) + 1;
            await cluster.CommitAsync(i, replica: witness);
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(15), "somebody waited for a timeout");
            await cluster.StartAsync(stopped);
            await cluster.Group(stopped).WaitAsync(Frontier.Applied, cluster.Group(witness).Frontiers.Committed)
                .WaitAsync(Cluster.Patience);
        }
    }
}
