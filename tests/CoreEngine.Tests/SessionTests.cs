// Goal: what a host gets from a session and from an idempotency key. Method: real replicas in this process on a real
// disk; copies are made by going on under the same sequence, at other replicas and after restarts.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Model.Guarantees;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class SessionTests
{
    private static readonly TimeSpan Retention = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Raft_S55_a_sequence_takes_effect_once_through_repeats_other_replicas_and_restarts()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3);
        await cluster.LeaderAsync();
        Session session = await cluster.Group(1).OpenSessionAsync();
        byte[] first = new byte[8];
        Receipt once = await session.ProposeAsync(RecordingMachine.Command(77), first);
        Assert.Equal(Outcome.Committed, once.Outcome);
        Assert.Equal(1UL, once.Sequence);
        Assert.False(once.IsRepeat);
        Assert.Equal(Idempotence.Idem(KeySpaces.Sessions, 60), once.Guarantee.Idempotence);
        Assert.Equal(2UL, session.Detach());

        await cluster.StopAsync(1);
        await cluster.StartAsync(1);
        foreach (uint replica in new uint[] { 1, 2, 3 })
        {
            Session resumed = await cluster.Group(replica).ResumeSessionAsync(session.Number, 1);
            Assert.True(resumed.IsOpen, resumed.Opening.ToString());
            Assert.Equal(2UL, resumed.NextSequence);
            byte[] reply = new byte[8];
            Receipt again = await resumed.RepeatAsync(1, RecordingMachine.Command(77), reply);
            Assert.True(again.IsRepeat, again.ToString());
            Assert.Equal(once.Coordinate, again.Coordinate);
            Assert.Equal(first, reply);
            Receipt other = await resumed.RepeatAsync(1, RecordingMachine.Command(78));
            Assert.Equal(RefusalCode.RepeatDiffers, other.Refusal.Code);
            resumed.Detach();
        }

        await cluster.Group(3).WaitAsync(Frontier.Applied, cluster.Group(1).Frontiers.Committed);
        Assert.Equal(1, cluster.Machine(1).Heads.Values.Count(static head => head == 77));
        Assert.Equal(1, cluster.Machine(3).Heads.Values.Count(static head => head == 77));
    }

    [Fact]
    public async Task A_settled_sequence_is_the_last_word()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        await using Session session = await cluster.Group(1).OpenSessionAsync();
        Receipt done = await session.ProposeAsync(RecordingMachine.Command(5));
        byte[] reply = new byte[8];
        Receipt known = await session.ResolveAsync(1, reply);
        Assert.Equal(done.Coordinate, known.Coordinate);
        Assert.Equal(5UL, BinaryPrimitives.ReadUInt64LittleEndian(reply));

        using var cancelled = new CancellationTokenSource();
        ValueTask<Receipt> waiting = session.ProposeAsync(RecordingMachine.Command(6), cancelled.Token);
        await cancelled.CancelAsync();
        await AwaitEitherAsync(waiting);
        Receipt settled = await session.ResolveAsync(2);
        Receipt again = await session.RepeatAsync(2, RecordingMachine.Command(6));
        int seen = cluster.Machine(1).Heads.Values.Count(static head => head == 6);
        Assert.Equal(settled.Outcome == Outcome.Committed ? 1 : 0, seen);
        Assert.Equal(settled.Outcome, again.Outcome);
        Assert.Empty(session.Unresolved);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await session.ResolveAsync(3));
    }

    [Fact]
    public async Task A_session_that_is_closed_or_idle_is_refused_and_says_so()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        Session closed = await cluster.Group(1).OpenSessionAsync();
        await closed.DisposeAsync();
        Receipt refused = await closed.ProposeAsync(RecordingMachine.Command(1));
        Assert.Equal(new Refusal(RefusalCode.SessionExpired, closed.Number), refused.Refusal);
        Session gone = await cluster.Group(1).ResumeSessionAsync(closed.Number, 1);
        Assert.False(gone.IsOpen);
        Assert.Equal(RefusalCode.SessionExpired, gone.Opening.Refusal.Code);

        var options = new SessionOptions { Timeout = TimeSpan.FromSeconds(1), KeepAlive = false };
        Session idle = await cluster.Group(1).OpenSessionAsync(options);
        await using Session kept = await cluster.Group(1).OpenSessionAsync(options with { KeepAlive = true });
        using var patience = new CancellationTokenSource(Cluster.Patience);
        while (SessionsOf(cluster) > 1)
        {
            await Task.Delay(20, patience.Token);
        }

        Assert.Equal(RefusalCode.SessionExpired, (await idle.ProposeAsync(RecordingMachine.Command(2))).Refusal.Code);
        Assert.False(idle.IsOpen);
        Assert.Equal(Outcome.Committed, (await kept.ProposeAsync(RecordingMachine.Command(3))).Outcome);
    }

    [Fact]
    public async Task More_than_a_window_of_proposals_is_refused_at_once_and_less_is_not()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        await using Session session = await cluster.Group(1).OpenSessionAsync();
        var waiting = new List<Task<Receipt>>();
        for (ulong i = 0; i < 5000; i++)
        {
            waiting.Add(session.ProposeAsync(RecordingMachine.Command(i)).AsTask());
        }

        Receipt[] receipts = await Task.WhenAll(waiting);
        Assert.True(receipts.Count(static receipt => receipt.Outcome == Outcome.Committed) >= Limits.SessionWindow);
        Assert.All(receipts, static receipt => Assert.True(
            receipt.Outcome == Outcome.Committed || receipt.Refusal.Code == RefusalCode.QueueFull, receipt.ToString()));
        var taken = cluster.Machine(1).Heads.Values.Skip(1).ToList();
        Assert.Equal(taken.Count, taken.Distinct().Count());
        Assert.Equal(receipts.Count(static receipt => receipt.Outcome == Outcome.Committed), taken.Count);
    }

    [Fact]
    public async Task A_key_takes_effect_once_also_from_several_hosts_at_a_time()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3);
        await cluster.LeaderAsync();
        var key = IdempotencyKey.Of("order 4711"u8, Retention);
        var waiting = new List<Task<Receipt>>();
        foreach (uint replica in new uint[] { 1, 2, 3, 1, 2, 3 })
        {
            waiting.Add(cluster.Group(replica).ProposeAsync(RecordingMachine.Command(9), key).AsTask());
        }

        Receipt[] receipts = await Task.WhenAll(waiting);
        Assert.All(receipts, static receipt => Assert.Equal(Outcome.Committed, receipt.Outcome));
        Assert.Single(receipts, static receipt => !receipt.IsRepeat);
        Assert.Single(receipts.Select(static receipt => receipt.Coordinate).Distinct());
        Assert.Equal(Idempotence.Idem(KeySpaces.Tokens, 60), receipts[0].Guarantee.Idempotence);
        Receipt other = await cluster.Group(2).ProposeAsync(RecordingMachine.Command(10), key);
        Assert.Equal(RefusalCode.RepeatDiffers, other.Refusal.Code);
        Assert.Equal(1, cluster.Machine(1).Heads.Values.Count(static head => head == 9));
    }

    [Fact]
    public async Task Senseless_settings_are_thrown_at_the_caller()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        Group group = cluster.Group(1);
        var hasty = new SessionOptions { Timeout = TimeSpan.FromMilliseconds(10) };
        await Assert.ThrowsAsync<ArgumentException>(async () => await group.OpenSessionAsync(hasty));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await group.ResumeSessionAsync(0, 1));
        await Assert.ThrowsAsync<ArgumentException>(
            async () => await group.ProposeAsync(RecordingMachine.Command(1), default(IdempotencyKey)));
        Assert.Throws<ArgumentOutOfRangeException>(static () => new IdempotencyKey(1, 1, TimeSpan.Zero));
    }

    private static int SessionsOf(Cluster cluster) => cluster.Runtime(1).Sessions.Table.Count;

    private static async Task AwaitEitherAsync(ValueTask<Receipt> waiting)
    {
        try
        {
            Assert.Equal(Outcome.Committed, (await waiting).Outcome);
        }
        catch (OperationCanceledException)
        {
            // The wait was cancelled before the outcome: which of the two comes first is chance.
            return;
        }
    }
}
