// Goal: reads of one group, and what a machine's failure stops. Method: one replica, one or two groups, machines that
// throw on demand.
using System;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Model.Guarantees;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class QueryTests : IAsyncLifetime
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
    public async Task A_query_sees_what_was_acknowledged_and_carries_its_proof()
    {
        Receipt receipt = await _cluster.CommitAsync(77);
        QueryResult<ulong> result = await Group.QueryAsync<RecordingMachine, ulong, ulong>(
            static (machine, index) => machine.Heads[index], receipt.Coordinate.Index);
        Assert.Equal(77UL, result.Value);
        Assert.True(result.Point.IsGranted);
        Assert.True(result.Point.Index >= receipt.Coordinate.Index);
        Assert.Equal(Guarantee.LinearizableRead, result.Point.Guarantee);
        ReadResult local = await Group.ReadAsync(Read.Local);
        Assert.True(local.Index >= receipt.Coordinate.Index);
        Assert.Equal(Guarantee.LocalRead, local.Guarantee);
    }

    [Fact]
    public async Task An_exception_in_a_query_reaches_its_caller_alone()
    {
        Task<QueryResult<int>> bad = Group.QueryAsync<RecordingMachine, int, int>(
            static (_, _) => throw new FormatException("mine"), 0).AsTask();
        Task<QueryResult<int>> good = Group.QueryAsync<RecordingMachine, int, int>(
            static (_, seven) => seven, 7).AsTask();
        Assert.Equal("mine", (await Assert.ThrowsAsync<FormatException>(() => bad)).Message);
        Assert.Equal(7, (await good).Value);
        Assert.Null(Group.Fault);
        await _cluster.CommitAsync(1);
    }

    [Fact]
    public async Task A_query_for_another_machine_names_both_types()
    {
        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            async () => await Group.QueryAsync<Simulation.JournalMachine, int, int>(static (_, _) => 0, 0));
        Assert.Contains(nameof(RecordingMachine), error.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(Simulation.JournalMachine), error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_machine_that_throws_stops_its_group_alone_and_names_the_index(bool inline)
    {
        Group second = await _cluster.Engine(1).OpenGroupAsync(
            "second", new RecordingMachine { InlineSafe = inline }, GroupOptions.Raft() with { Group = 2 });
        await second.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
        Receipt fine = await second.ProposeAsync(RecordingMachine.Command(1));
        ulong index = fine.Coordinate.Index;
        Receipt boom = await second.ProposeAsync("boom"u8);
        Assert.Equal(Outcome.Unknown, boom.Outcome);
        Assert.NotNull(second.Fault);
        Assert.Contains(
            $"threw at index {index + 1}: the machine cannot take boom", second.Fault.Reason, StringComparison.Ordinal);

        Receipt refused = await second.ProposeAsync(RecordingMachine.Command(2));
        Assert.Equal(new Refusal(RefusalCode.GroupFaulted), refused.Refusal);
        Assert.Equal(RefusalCode.GroupFaulted, (await second.ReadAsync(Read.Linearizable)).Refusal.Code);
        await Assert.ThrowsAsync<InvalidOperationException>(() => second.WaitAsync(Frontier.Applied, index + 5));

        Assert.Null(_cluster.Engine(1).Fault);
        await _cluster.CommitAsync(3);
    }

    [Fact]
    public async Task A_machine_off_the_shards_thread_applies_replies_and_answers_queries()
    {
        Group slow = await _cluster.Engine(1).OpenGroupAsync(
            "slow", new RecordingMachine { InlineSafe = false }, GroupOptions.Raft() with { Group = 3 });
        await slow.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
        byte[] reply = new byte[8];
        for (ulong i = 1; i <= 50; i++)
        {
            Receipt receipt = await slow.ProposeAsync(RecordingMachine.Command(i), reply);
            Assert.Equal(Outcome.Committed, receipt.Outcome);
            Assert.Equal(RecordingMachine.Command(i), reply);
            QueryResult<int> count = await slow.QueryAsync<RecordingMachine, int, int>(
                static (m, _) => m.Heads.Count, 0);
            Assert.Equal((int)i, count.Value);
        }
    }

    [Fact]
    public async Task Reopening_replays_the_log_into_a_fresh_machine_with_the_same_digest()
    {
        for (ulong i = 0; i < 300; i++)
        {
            await _cluster.CommitAsync(i, 5000);
        }

        ulong digest = _cluster.Machine(1).StateDigest;
        ulong applied = Group.Frontiers.Applied;
        await _cluster.StopAsync(1);
        await _cluster.StartAsync(1);
        await Group.WaitAsync(Frontier.Applied, applied).WaitAsync(Cluster.Patience);
        QueryResult<ulong> again = await Group.QueryAsync<RecordingMachine, int, ulong>(
            static (m, _) => m.StateDigest, 0);
        Assert.Equal(digest, again.Value);
    }
}
