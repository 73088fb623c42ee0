// Goal: the end of an engine. Method: one replica whose machine stands at a gate or disposes the engine from the
// inside.
using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class CloseTests
{
    [Fact]
    public async Task Disposal_decides_what_is_pending_and_refuses_what_comes_later()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        Group group = cluster.Group(1);
        Engine engine = cluster.Engine(1);
        Task<Receipt>[] pending = [.. Enumerable.Range(0, 500)
            .Select(i => group.ProposeAsync(RecordingMachine.Command((ulong)i)).AsTask())];
        Task first = engine.DisposeAsync().AsTask();
        Task second = engine.DisposeAsync().AsTask();
        Receipt[] receipts = await Task.WhenAll(pending).WaitAsync(Cluster.Patience);
        Assert.All(receipts, static receipt => Assert.True(
            receipt.Outcome == Outcome.Committed || receipt.Refusal.Code == RefusalCode.Closing, receipt.ToString()));
        await first;
        await second;

        Receipt late = await group.ProposeAsync(RecordingMachine.Command(1)).AsTask().WaitAsync(Cluster.Patience);
        Assert.Equal(new Refusal(RefusalCode.Closing), late.Refusal);
        Assert.False(group.TryPropose(RecordingMachine.Command(1), out _, out Refusal refusal));
        Assert.Equal(RefusalCode.Closing, refusal.Code);
        ReadResult read = await group.ReadAsync(Read.Local).AsTask().WaitAsync(Cluster.Patience);
        Assert.Equal(RefusalCode.Closing, read.Refusal.Code);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => group.WaitAsync(Frontier.Applied, ulong.MaxValue).WaitAsync(Cluster.Patience));
        EngineOpenException error = await Assert.ThrowsAsync<EngineOpenException>(
            () => engine.OpenGroupAsync(
                "late", new RecordingMachine(), GroupOptions.Raft() with { Group = 9 }).AsTask());
        Assert.Contains("disposed", error.Message, StringComparison.Ordinal);
        await engine.DisposeAsync();
        Assert.Contains("ring on", engine.Backends, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_undecided_at_the_deadline_ends_Unknown_and_queries_at_a_worker_are_answered()
    {
        using var gate = new ManualResetEventSlim(false);
        using var entered = new ManualResetEventSlim(false);
        await using Cluster cluster = await Cluster.OpenAsync(
            1, options => options with { CloseTimeout = TimeSpan.FromMilliseconds(100) });
        await cluster.StopAsync(1);
        await cluster.StartAsync(1, new RecordingMachine
        {
            InlineSafe = false,
            Before = _ =>
            {
                entered.Set();
                gate.Wait(Cluster.Patience);
            },
        });
        Group group = cluster.Group(1);
        await group.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
        Task<Receipt> pending = group.ProposeAsync(RecordingMachine.Command(1)).AsTask();
        Assert.True(entered.Wait(Cluster.Patience));
        Task<ReadResult> read = group.ReadAsync(Read.Linearizable).AsTask();
        Task disposal = cluster.Engine(1).DisposeAsync().AsTask();
        Assert.Equal(Outcome.Unknown, (await pending.WaitAsync(Cluster.Patience)).Outcome);

        // The machine is still in a call: the end waits for it, so that the host may tear its machine down afterwards.
        Assert.False(disposal.IsCompleted);
        gate.Set();
        await disposal.WaitAsync(Cluster.Patience);
        ReadResult point = await read.WaitAsync(Cluster.Patience);
        Assert.True(point.IsGranted || point.Refusal.Code == RefusalCode.Closing, point.ToString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Disposal_from_inside_Apply_throws_and_stops_the_group_only(bool inline)
    {
        Engine? engine = null;
        await using Cluster cluster = await Cluster.OpenAsync(1);
        engine = cluster.Engine(1);
        Group second = await engine.OpenGroupAsync(
            "second",
            new RecordingMachine
            {
                InlineSafe = inline,
                Before = _ => engine.DisposeAsync().AsTask().GetAwaiter().GetResult(),
            },
            GroupOptions.Raft() with { Group = 2 });
        await second.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
        Receipt receipt = await second.ProposeAsync(RecordingMachine.Command(1)).AsTask().WaitAsync(Cluster.Patience);
        Assert.Equal(Outcome.Unknown, receipt.Outcome);
        Assert.IsType<InvalidOperationException>(second.Fault!.Cause);
        await cluster.LeaderAsync();
        await cluster.CommitAsync(1);
    }

    [Fact]
    public async Task Hosts_that_block_on_each_other_do_not_hang_behind_a_disposed_engine()
    {
        using var gate = new ManualResetEventSlim(false);
        using var entered = new ManualResetEventSlim(false);
        await using Cluster cluster = await Cluster.OpenAsync(
            1, options => options with { CloseTimeout = TimeSpan.Zero });
        await cluster.StopAsync(1);
        await cluster.StartAsync(1, new RecordingMachine
        {
            InlineSafe = false,
            Before = _ =>
            {
                entered.Set();
                gate.Wait(Cluster.Patience);
            },
        });
        Group group = cluster.Group(1);
        await group.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
        using var last = new ManualResetEventSlim(false);
        Task[] hosts = [.. Enumerable.Range(0, 10).Select(Host)];
        Assert.True(entered.Wait(Cluster.Patience));
        Task disposal = cluster.Engine(1).DisposeAsync().AsTask();
        gate.Set();
        await disposal.WaitAsync(Cluster.Patience);
        await Task.WhenAll(hosts).WaitAsync(Cluster.Patience);

        async Task Host(int place)
        {
            await group.ProposeAsync(RecordingMachine.Command((ulong)place)).ConfigureAwait(false);
            if (place == 9)
            {
                last.Set();
            }
            else if (place < 2)
            {
                Assert.True(last.Wait(Cluster.Patience));
            }
        }
    }
}
