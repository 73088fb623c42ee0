// Goal: reads of a named place of the line, and callers that wait for snapshots, are served or refused with the reason.
// Method: one replica whose machine keeps its newest versions and whose snapshots wait for a gate.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Guarantees;
using CoreEngine.Snapshots;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class HistoryTests : IAsyncLifetime
{
    private const int Kept = 4;

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Cluster _cluster = null!;
    private Group _group = null!;

    public async Task InitializeAsync()
    {
        _cluster = await Cluster.OpenAsync(1);
        await _cluster.LeaderAsync();
        _group = await _cluster.Engine(1).OpenGroupAsync(
            "versions", new VersionedMachine(Kept, _gate.Task), GroupOptions.Raft() with { Group = 2 });
        await _group.WaitAsync(Frontier.Applied, 1).WaitAsync(Cluster.Patience);
    }

    public async Task DisposeAsync()
    {
        _gate.TrySetResult();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task A_read_as_of_a_place_sees_that_place_and_no_later_one()
    {
        List<Receipt> receipts = await CommitAsync(10);
        for (int i = 10 - Kept; i < 10; i++)
        {
            LineCoordinate place = receipts[i].Coordinate;
            QueryResult<int> then = await CountAsync(Read.AsOf(place));
            Assert.True(then.Point.IsGranted, then.Point.ToString());
            Assert.Equal(i + 1, then.Value);
            Assert.Equal(place.Index, then.Point.Index);
            Assert.Equal(ReadProof.History, then.Point.Certificate.Proof);
            Assert.Equal(Guarantee.HistoryRead, then.Point.Guarantee);
        }
    }

    [Fact]
    public async Task A_read_as_of_a_place_whose_version_is_gone_is_refused_and_names_the_oldest_one()
    {
        List<Receipt> receipts = await CommitAsync(10);
        ulong oldest = receipts[10 - Kept].Coordinate.Index;
        ulong gone = receipts[10 - Kept - 1].Coordinate.Index;
        QueryResult<int> refused = await CountAsync(Read.AsOf(gone));
        Assert.Equal(new Refusal(RefusalCode.NoHistory, gone, oldest), refused.Point.Refusal);
        Assert.Equal(0, refused.Value);
    }

    [Fact]
    public async Task A_read_as_of_a_place_that_another_leader_wrote_is_refused()
    {
        LineCoordinate place = (await CommitAsync(2))[0].Coordinate;
        QueryResult<int> refused = await CountAsync(
            Read.AsOf(place with { LeaderEpoch = place.LeaderEpoch + 1 }));
        Assert.Equal(RefusalCode.NoHistory, refused.Point.Refusal.Code);
        Assert.Equal(place.Index, refused.Point.Refusal.First);
    }

    [Fact]
    public async Task A_read_as_of_a_place_to_come_waits_for_it_or_is_refused_when_its_time_is_over()
    {
        ulong last = (await CommitAsync(1))[0].Coordinate.Index;
        QueryResult<int> refused =
            await CountAsync(Read.AsOf(last + 2).Within(TimeSpan.FromMilliseconds(50)));
        Assert.Equal(new Refusal(RefusalCode.NotReached, last, last + 2), refused.Point.Refusal);
        Task<QueryResult<int>> waits = CountAsync(Read.AsOf(last + 2).Within(Cluster.Patience));
        await CommitAsync(3);
        QueryResult<int> then = await waits;
        Assert.True(then.Point.IsGranted, then.Point.ToString());
        Assert.Equal(3, then.Value);
    }

    [Fact]
    public async Task A_machine_without_versions_serves_its_present_place_alone()
    {
        Receipt first = await _cluster.CommitAsync(1);
        Receipt last = await _cluster.CommitAsync(2);
        Read read = Read.AsOf(first.Coordinate);
        Assert.Equal(
            new Refusal(RefusalCode.NoHistory, first.Coordinate.Index, 0),
            (await _cluster.Group(1).ReadAsync(read)).Refusal);
        Assert.True((await _cluster.Group(1).ReadAsync(Read.AsOf(last.Coordinate))).IsGranted);
    }

    [Fact]
    public async Task More_callers_than_may_wait_for_a_snapshot_are_refused_and_the_others_answered()
    {
        await CommitAsync(3);
        Task<SnapshotResult>[] waiting =
            [.. Enumerable.Range(0, GroupSnapshots.WaitersMax).Select(_ => _group.SnapshotAsync().AsTask())];
        SnapshotResult refused = await _group.SnapshotAsync().AsTask().WaitAsync(Cluster.Patience);
        Assert.Equal(new Refusal(RefusalCode.QueueFull, GroupSnapshots.WaitersMax), refused.Refusal);
        Assert.All(waiting, static one => Assert.False(one.IsCompleted));
        _gate.SetResult();
        foreach (Task<SnapshotResult> one in waiting)
        {
            SnapshotResult taken = await one.WaitAsync(Cluster.Patience);
            Assert.Equal(RefusalCode.None, taken.Refusal.Code);
            Assert.True(taken.Index >= 3);
        }

        // Whoever was answered has left his place.
        await CommitAsync(1);
        SnapshotResult later = await _group.SnapshotAsync().AsTask().WaitAsync(Cluster.Patience);
        Assert.Equal(RefusalCode.None, later.Refusal.Code);
    }

    private Task<QueryResult<int>> CountAsync(Read read) =>
        _group.QueryAsync<VersionedMachine, int, int>(static (machine, _) => machine.Count, 0, read).AsTask();

    private async Task<List<Receipt>> CommitAsync(int count)
    {
        var receipts = new List<Receipt>();
        for (int i = 0; i < count; i++)
        {
            Receipt receipt = await _group.ProposeAsync(RecordingMachine.Command((ulong)i));
            Assert.Equal(Outcome.Committed, receipt.Outcome);
            receipts.Add(receipt);
        }

        return receipts;
    }
}
