// Goal: tickets and back-pressure. Method: one replica; its machine stands at a gate on a worker, so that proposals
// stay pending as long as a test wants.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class TicketTests
{
    [Fact]
    public async Task A_ticket_is_taken_once_and_a_stale_one_never()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        Group group = cluster.Group(1);
        byte[] reply = new byte[4];
        Assert.True(group.TryPropose(RecordingMachine.Command(0x01020304), out ProposalTicket first, out _));
        Receipt receipt = await Take(cluster, first, reply);
        Assert.Equal(Outcome.Committed, receipt.Outcome);
        Assert.Equal(8, receipt.ReplyLength);
        Assert.Equal([4, 3, 2, 1], reply);
        Assert.False(group.TryTake(first, reply, out _));

        Assert.True(group.TryPropose(RecordingMachine.Command(2), out ProposalTicket second, out _));
        await cluster.CommitAsync(3);
        Assert.Equal(first.Slot, second.Slot);
        Assert.False(group.TryTake(first, reply, out _));
        int taken = 0;
        Parallel.For(0, 16, _ =>
        {
            if (group.TryTake(second, default, out Receipt _))
            {
                Interlocked.Increment(ref taken);
            }
        });
        Assert.Equal(1, taken);
        Assert.Throws<ArgumentOutOfRangeException>(() => group.TryTake(new ProposalTicket(-1, 0), default, out _));
        Assert.Equal(0, group.Status.PendingProposals);
    }

    [Fact]
    public async Task All_places_in_use_refuse_at_once_and_work_again_when_taken()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        Group group = cluster.Group(1);
        var tickets = new List<ProposalTicket>();
        ProposalTicket ticket;
        Refusal refusal;
        while (tickets.Count < Limits.ProposalsMax)
        {
            // The queue of bytes may be full before the places are: the shard takes from it all the time.
            if (group.TryPropose(RecordingMachine.Command(1), out ticket, out refusal))
            {
                tickets.Add(ticket);
            }
            else
            {
                Assert.Equal(RefusalCode.QueueFull, refusal.Code);
                await Task.Yield();
            }
        }

        Assert.False(group.TryPropose(RecordingMachine.Command(1), out ticket, out refusal));
        Assert.Equal(RefusalCode.QueueFull, refusal.Code);
        Task<Receipt> refused = group.ProposeAsync(RecordingMachine.Command(1)).AsTask();
        Assert.True(refused.IsCompleted);
        Assert.Equal(RefusalCode.QueueFull, (await refused).Refusal.Code);

        foreach (ProposalTicket one in tickets)
        {
            Assert.Equal(Outcome.Committed, (await Take(cluster, one, default)).Outcome);
        }

        Assert.Equal(0, group.Status.PendingProposals);
        await cluster.CommitAsync(2);
    }

    [Fact]
    public async Task Full_places_refuse_awaited_proposals_at_once_and_all_pending_ones_commit()
    {
        using var gate = new ManualResetEventSlim(false);
        await using Cluster cluster = await GatedAsync(gate, places: 8, TimeSpan.FromSeconds(60));
        Task<Receipt>[] pending = [.. Enumerable.Range(0, 8)
            .Select(i => cluster.Group(1).ProposeAsync(RecordingMachine.Command((ulong)i)).AsTask())];
        Task<Receipt> refused = cluster.Group(1).ProposeAsync(RecordingMachine.Command(9)).AsTask();
        Assert.True(refused.IsCompleted);
        Assert.Equal(new Refusal(RefusalCode.QueueFull, 8), (await refused).Refusal);
        gate.Set();
        foreach (Task<Receipt> one in pending)
        {
            Assert.Equal(Outcome.Committed, (await one).Outcome);
        }
    }

    [Fact]
    public async Task Proposals_that_ended_Unknown_make_room_while_their_entries_wait_for_a_slow_machine()
    {
        using var gate = new ManualResetEventSlim(false);
        await using Cluster cluster = await GatedAsync(gate, places: 2, TimeSpan.FromMilliseconds(50));
        for (ulong i = 0; i < 6; i++)
        {
            Receipt receipt = await cluster.Group(1).ProposeAsync(RecordingMachine.Command(i));
            Assert.Equal(Outcome.Unknown, receipt.Outcome);
        }

        Assert.Null(cluster.Engine(1).Fault);
        gate.Set();
        await cluster.Group(
            1).WaitAsync(Frontier.Applied, cluster.Group(1).Frontiers.Appended).WaitAsync(Cluster.Patience);
        QueryResult<int> count = await cluster.Group(
            1).QueryAsync<RecordingMachine, int, int>(static (m, _) => m.Heads.Count, 0);
        Assert.Equal(6, count.Value);
    }

    private static async Task<Cluster> GatedAsync(ManualResetEventSlim gate, int places, TimeSpan timeout)
    {
        Cluster cluster = await Cluster.OpenAsync(1, options => options with { ProposalTimeout = timeout });
        await cluster.StopAsync(1);
        cluster.GroupOptions = GroupOptions.Raft() with { ProposalsMax = places };
        await cluster.StartAsync(
            1, new RecordingMachine { InlineSafe = false, Before = _ => gate.Wait(Cluster.Patience) });
        await cluster.Group(1).WaitAsync(Frontier.Committed, 1).WaitAsync(Cluster.Patience);
        return cluster;
    }

    private static async Task<Receipt> Take(Cluster cluster, ProposalTicket ticket, Memory<byte> reply)
    {
        Receipt receipt;
        while (!cluster.Group(1).TryTake(ticket, reply.Span, out receipt))
        {
            // Whatever was proposed before this one is decided when this one is.
            await cluster.Group(1).ReadAsync(Read.Linearizable);
        }

        return receipt;
    }
}
