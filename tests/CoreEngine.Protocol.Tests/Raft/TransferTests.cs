using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Tests.Harness;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Handing leadership over: what whole replicas show in S35 to S37, at the edges.</summary>
public sealed class TransferTests
{
    // Goal: who is chosen, what is repeated, what is stale, what is forged. Method: replicas moved by hand.
    [Fact]
    public void Transfer_NeedsNoPreVoteAndNoTime()
    {
        var cluster = Led();
        cluster[1].Propose("x");
        cluster[1].Transfer(5, 3, 1000);
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.Equal(new TransferOutcome(5, 3, 2, default), Assert.Single(cluster[1].Transfers));
        Assert.DoesNotContain(
            cluster.History, m => m.Header.Term == 2 && m.Type == MessageType.PreVoteRequest);
        cluster[1].Transfer(6, 1, 1000);
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.Equal(new TransferOutcome(6, 1, 3, default), cluster[1].Transfers[1]);
    }

    [Fact]
    public void Transfer_ToAnybodyTakesWhoHoldsMost()
    {
        var cluster = Led();
        cluster.Block(1, 2);
        cluster[1].Propose("x");
        cluster.Settle();
        Assert.Equal(0u, cluster[1].State.Peers[2].FlushMicros);
        Assert.Equal(3u, LeaderTransfer.Fittest(cluster[1].State));
        cluster.Run(200);
        cluster[1].Transfer(5, 0, 1000);
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.Equal(RefusalCode.None, cluster[1].Transfers[0].Refusal.Code);
    }

    [Fact]
    public void Transfer_InAClusterOfOneIsRefused()
    {
        var cluster = new Cluster(1);
        cluster.Elect(1);
        cluster[1].Transfer(5, 0, 1000);
        Assert.Equal(RefusalCode.TransferTargetSilent, cluster[1].Transfers[0].Refusal.Code);
        Assert.Equal(1, cluster[1].Propose("x").Accepted);
    }

    [Fact]
    public void Transfer_WithoutALeaderIsRefused()
    {
        var cluster = new Cluster(3);
        cluster[2].Transfer(5, 1, 1000);
        Assert.Equal(RefusalCode.NoLeader, cluster[2].Transfers[0].Refusal.Code);
    }

    [Fact]
    public void Transfer_LostWordIsRepeatedAndALostWishTimesOut()
    {
        var cluster = Led();
        cluster[1].Transfer(5, 2, 1000);
        Assert.Equal(1, cluster.Drop(m => m.Type == MessageType.TimeoutNow));
        Assert.Equal(RefusalCode.TransferInProgress, cluster[1].Propose("x").Refusal.Code);
        cluster.Run(100);
        Assert.Equal(Role.Leader, cluster[2].Role);
        Assert.Equal(RefusalCode.None, cluster[1].Transfers[0].Refusal.Code);

        cluster[3].Transfer(7, 3, 100);
        Assert.Equal(1, cluster.Drop(m => m.Type == MessageType.Transfer));
        cluster.Run(90);
        Assert.Empty(cluster[3].Transfers);
        cluster.Run(20);
        Assert.Equal(
            new TransferOutcome(7, 2, 2, new Refusal(RefusalCode.TransferTimedOut, 3, 100)), cluster[3].Transfers[0]);
    }

    [Fact]
    public void Transfer_RepeatedWishBeginsOnce()
    {
        var cluster = Led();
        cluster[3].Transfer(7, 2, 1000);
        Mail wish = cluster.Wire.Single(m => m.Type == MessageType.Transfer);
        Assert.Equal(ReceiveResult.Accepted, cluster[1].Deliver(wish));
        Assert.Equal(ReceiveResult.Stale, cluster[1].Deliver(wish));
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[2].Role);
        Assert.Equal(RefusalCode.None, Assert.Single(cluster[3].Transfers).Refusal.Code);
        cluster[2].Deliver(wish with { Header = wish.Header with { To = 2 } });
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[2].Role);
    }

    [Fact]
    public void TimeoutNow_IsObeyedOnlyFromTheLeaderInItsTermByWhoHoldsItsLog()
    {
        var cluster = Led();
        MessageHeader header = new(MessageType.TimeoutNow, Cluster.Group, 1, 2, 1, 0, 0);
        ulong last = cluster[1].LastIndex;
        Assert.Equal(ReceiveResult.Stale, Tell(cluster, header with { From = 3 }, last, 1002));
        Assert.Equal(ReceiveResult.Stale, Tell(cluster, header with { Term = 2 }, last, 1002));
        Assert.Equal(ReceiveResult.Stale, Tell(cluster, header, last, 1003));
        Assert.Equal(ReceiveResult.Stale, Tell(cluster, header, last + 1, 1002));
        Assert.Equal(ReceiveResult.Stale, Tell(cluster, header with { To = 1, From = 2 }, last, 1001));
        cluster[1].Propose("x");
        cluster.Settle();
        Assert.Equal(ReceiveResult.Stale, Tell(cluster, header, last, 1002));
        Assert.Equal(Role.Follower, cluster[2].Role);
        Assert.Equal(ReceiveResult.Accepted, Tell(cluster, header, last + 1, 1002));
        Assert.Equal(Role.Candidate, cluster[2].Role);
    }

    [Fact]
    public void Transfer_AfterAnAbortTheTargetCannotWinByWhatItWasTold()
    {
        var cluster = Led();
        cluster[1].Transfer(5, 2, 100);
        Mail word = cluster.Wire.Single(m => m.Type == MessageType.TimeoutNow);
        cluster.Drop();

        // The target campaigns, and nobody hears of it until the leader has given up and gone on.
        cluster[2].Deliver(word);
        cluster[2].Persist();
        Mail[] requests = [.. cluster.Wire.Where(m => m.Type == MessageType.VoteRequest)];
        Assert.Equal(2, requests.Length);
        cluster.Drop();
        cluster.Isolate(2);
        cluster.Run(200);
        Assert.Equal(RefusalCode.TransferTimedOut, cluster[1].Transfers[0].Refusal.Code);
        Assert.True(LeaderTransfer.AllowsLease(cluster[1].State));
        foreach (Mail request in requests)
        {
            cluster[request.To].Deliver(request);
        }

        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.Equal(1ul, cluster[3].State.Term);
    }

    private static Cluster Led()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        Assert.Equal(1ul, cluster[1].State.Term);
        return cluster;
    }

    private static ReceiveResult Tell(Cluster cluster, in MessageHeader header, ulong last, ulong incarnation)
    {
        byte[] body = new byte[TimeoutNowBody.Bytes];
        new TimeoutNowBody(last, incarnation).Write(body);
        return cluster[header.To].Deliver(new Mail(header, body));
    }
}
