// Goal: what a host gets back from a proposal. Method: one replica in this process on a real disk, every field of the
// receipt looked at.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Model.Guarantees;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class ProposalTests : IAsyncLifetime
{
    private Cluster _cluster = null!;

    private Group Group => _cluster.Group(1);

    public async Task InitializeAsync()
    {
        _cluster = await Cluster.OpenAsync(1);
        await _cluster.LeaderAsync();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Receipts_carry_rising_coordinates_and_certificates_that_cover_them()
    {
        LineCoordinate last = default;
        for (ulong i = 0; i < 20; i++)
        {
            Receipt receipt = await _cluster.CommitAsync(i);
            Assert.True(i == 0 || receipt.Coordinate > last);
            Assert.Equal(1u, receipt.Coordinate.Group);
            Assert.True(receipt.Certificate.IsValid);
            Assert.True(receipt.Certificate.Index >= receipt.Coordinate.Index);
            Assert.Equal(1u, receipt.Certificate.Group);
            Assert.Equal(Guarantee.CommittedLine, receipt.Guarantee);
            Assert.Equal(RefusalCode.None, receipt.Refusal.Code);
            last = receipt.Coordinate;
        }

        Assert.True(Group.Frontiers.Applied >= last.Index);
        Assert.True(Group.Frontiers.Durable >= last.Index);
        Assert.Equal("quorum/power", Group.Durability);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(64)]
    public async Task A_reply_fills_what_the_callers_buffer_has_room_for(int room)
    {
        byte[] command = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        byte[] buffer = new byte[room];
        Array.Fill(buffer, (byte)0xEE);
        Receipt receipt = await Group.ProposeAsync(command, buffer);
        int filled = int.Min(room, 10);
        Assert.Equal(Outcome.Committed, receipt.Outcome);
        Assert.Equal(10, receipt.ReplyLength);
        Assert.Equal(command[..filled], buffer[..filled]);
        Assert.All(buffer[filled..], static left => Assert.Equal(0xEE, left));
    }

    [Fact]
    public async Task A_command_over_the_limit_is_refused_with_both_numbers_and_one_at_the_limit_commits()
    {
        Receipt receipt = await Group.ProposeAsync(new byte[Limits.EntryBytesMax + 1]);
        Assert.Equal(Outcome.Refused, receipt.Outcome);
        Assert.Equal(
            new Refusal(RefusalCode.EntryTooLarge, Limits.EntryBytesMax + 1, Limits.EntryBytesMax), receipt.Refusal);
        Assert.Equal(Guarantee.Floor, receipt.Guarantee);
        await _cluster.CommitAsync(5, Limits.EntryBytesMax);
        Assert.Equal(Outcome.Committed, (await Group.ProposeAsync(default)).Outcome);
    }

    [Fact]
    public async Task A_cancelled_wait_throws_and_the_proposal_still_commits()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(
            async () => await Group.ProposeAsync(RecordingMachine.Command(1), cancelled.Token));

        int thrown = 0;
        const ulong Marked = 0xABCD_0000;
        const int Rounds = 40;
        for (int round = 0; round < Rounds; round++)
        {
            using var source = new CancellationTokenSource();
            var waits = new List<Task<Receipt>>();
            for (int i = 0; i < 50; i++)
            {
                waits.Add(Group.ProposeAsync(
                    RecordingMachine.Command(Marked + (ulong)waits.Count), source.Token).AsTask());
            }

            await source.CancelAsync();
            foreach (Task<Receipt> wait in waits)
            {
                try
                {
                    Assert.Equal(Outcome.Committed, (await wait).Outcome);
                }
                catch (OperationCanceledException)
                {
                    thrown++;
                }
            }
        }

        Assert.True(thrown > 0, "no wait was ever cancelled in flight");
        await _cluster.CommitAsync(1);
        QueryResult<int> count = await Group.QueryAsync<RecordingMachine, ulong, int>(Count, Marked);
        Assert.Equal(Rounds * 50, count.Value);
        Assert.Equal(0, Group.Status.PendingProposals);
    }

    [Fact]
    public async Task A_blocking_continuation_does_not_stop_the_proposal_it_waits_for()
    {
        var waits = new List<Task>();
        using var blocked = new SemaphoreSlim(0);
        for (ulong i = 0; i < 40; i++)
        {
            waits.Add(Block(i));
        }

        await Task.WhenAll(waits).WaitAsync(Cluster.Patience);

        bool WaitHere() => blocked.Wait(Cluster.Patience);

        async Task Block(ulong i)
        {
            await Group.ProposeAsync(RecordingMachine.Command(i)).ConfigureAwait(false);
            if (i < 4)
            {
                // Synchronously, on the continuation's own thread: what stands behind it in the chunk must get through.
                Receipt inner = Group.ProposeAsync(RecordingMachine.Command(i)).AsTask().GetAwaiter().GetResult();
                Assert.Equal(Outcome.Committed, inner.Outcome);
                Assert.True(i != 3 || WaitHere());
            }
            else if (i == 39)
            {
                blocked.Release();
            }
        }
    }

    [Fact]
    public async Task Frontiers_can_be_waited_for_and_a_cancelled_wait_leaves_no_place_behind()
    {
        Receipt receipt = await _cluster.CommitAsync(1);
        Frontier[] frontiers = [Frontier.Appended, Frontier.Durable, Frontier.Committed, Frontier.Applied];
        foreach (Frontier frontier in frontiers)
        {
            await Group.WaitAsync(frontier, receipt.Coordinate.Index).WaitAsync(Cluster.Patience);
        }

        for (int i = 0; i < 5000; i++)
        {
            using var source = new CancellationTokenSource();
            Task wait = Group.WaitAsync(Frontier.Applied, ulong.MaxValue, source.Token);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
        }

        Task next = Group.WaitAsync(Frontier.Applied, receipt.Coordinate.Index + 1);
        Assert.False(next.IsCompleted);
        await _cluster.CommitAsync(2);
        await next.WaitAsync(Cluster.Patience);
    }

    private static int Count(RecordingMachine machine, ulong marked)
    {
        int count = 0;
        foreach (ulong head in machine.Heads.Values)
        {
            count += head >= marked && head < marked + 0x1000 ? 1 : 0;
        }

        return count;
    }
}
