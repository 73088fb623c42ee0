using System.Collections.Generic;
using System.Linq;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Tests.Harness;
using CoreEngine.Protocol.Wire;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>Repair, flow control and loading of raft.md section 8.</summary>
public sealed class ReplicationTests
{
    // Goal: the Expected column of S1, S43, S44, and what is done with bad input. Method: planted logs, dropped and
    // counted messages.
    public static TheoryData<ulong[]> Figure7 => new()
    {
        new ulong[] { 1, 1, 1, 4, 4, 5, 5, 6, 6 },
        new ulong[] { 1, 1, 1, 4 },
        new ulong[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6 },
        new ulong[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7 },
        new ulong[] { 1, 1, 1, 4, 4, 4, 4 },
        new ulong[] { 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3 },
    };

    [Theory]
    [MemberData(nameof(Figure7))]
    public void Raft_S1_LogOfFigure7ConvergesInFewRounds(ulong[] terms)
    {
        var cluster = new Cluster(3);
        ulong[] leader = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
        cluster.Plant(1, 7, leader);
        cluster.Plant(2, 7, leader);
        cluster.Plant(3, 7, terms);
        cluster.Block(1, 3);
        cluster.Elect(1);
        cluster.Heal();
        cluster[1].Link(3, true);
        cluster.Settle();
        cluster.CheckLogMatching();
        Assert.All(cluster.Nodes, n => Assert.Equal(11ul, n.LastIndex));
        Assert.All(cluster.Nodes, n => Assert.Equal(11ul, n.Commit));
        int rejections = cluster.History.Count(
            m => m.Type == MessageType.AppendReply && m.AppendReply.Verdict == AppendVerdict.Rejected);
        Assert.InRange(rejections, 0, 3);
    }

    [Fact]
    public void Replication_BesideOtherGroups_KeepsToItsCreditAndGoesOnWithEveryAnswer()
    {
        var cluster = new Cluster(3, change: o => o with { AppendEntriesMax = 1 });
        cluster.Elect(1);
        const int Credit = 4000;
        string large = new('x', 1500);
        cluster[1].Turn(static (core, _) => core.CreditNoted(Credit));
        cluster[1].Propose([.. Enumerable.Repeat(large, 12)]);

        // One more may go while the credit is not used up: never two.
        Assert.Equal(3, cluster[1].State.Peers[1].Inflights.Count);
        cluster[1].Persist();
        cluster.Settle();
        Assert.Equal(cluster[1].State.LastIndex, cluster[2].State.LastIndex);
        Assert.Equal(cluster[1].State.LastIndex, cluster[1].Commit);
        cluster[1].Turn(static (core, _) => core.CreditNoted(1));
        cluster[1].Propose(large, large);
        Assert.Equal(1, cluster[1].State.Peers[1].Inflights.Count);
        cluster.Settle();
        Assert.Equal(cluster[1].State.LastIndex, cluster[3].State.LastIndex);
    }

    [Fact]
    public void Raft_S1_LongDivergingTailsNeedOneRoundPerTerm()
    {
        // A thousand entries differ; each side holds four terms that the other does not know.
        var cluster = new Cluster(3);
        ulong[] Tail(ulong first) => [1, .. Enumerable.Range(0, 1000).Select(i => first + ((ulong)i / 250 * 2))];
        cluster.Plant(1, 20, Tail(3));
        cluster.Plant(2, 20, Tail(3));
        cluster.Plant(3, 20, Tail(2));
        cluster.Elect(1);
        Assert.Equal(1002ul, cluster[3].Commit);
        cluster.CheckLogMatching();
        int rejections = cluster.History.Count(
            m => m.Type == MessageType.AppendReply && m.AppendReply.Verdict == AppendVerdict.Rejected);
        Assert.InRange(rejections, 1, 8);
    }

    /// <summary>An answer to what this replica sent in an earlier term arrives when it leads again: genuine, and
    /// without effect. The explorer found it counted as malformed.</summary>
    [Fact]
    public void AnswerToAnEarlierLeadership_IsStale()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        ulong match = cluster[1].State.Peers[1].Match;
        var header = new MessageHeader(MessageType.AppendReply, Cluster.Group, 2, 1, cluster[1].State.Term, 0, 0);
        byte[] body = new byte[AppendReplyBody.Bytes];
        new AppendReplyBody(1002, 0, 0, AppendVerdict.OldTerm, 0, 0, 0).Write(body);
        Assert.Equal(ReceiveResult.Stale, cluster[1].Deliver(new Mail(header, body)));
        Assert.Equal(match, cluster[1].State.Peers[1].Match);
    }

    [Fact]
    public void Raft_S43_WindowFillsAndDrains()
    {
        var cluster = new Cluster(3, change: o => o with { InflightMessagesMax = 4 });
        cluster.Elect(1);
        for (int i = 0; i < 10; i++)
        {
            cluster[1].Propose($"c{i}");
        }

        Progress peer = cluster[1].State.Peers[1];
        Assert.Equal(ProgressState.Replicate, peer.State);
        Assert.True(peer.Inflights.IsFull);
        Assert.Equal(
            4, cluster.Wire.Count(m => m is { To: 2, Type: MessageType.AppendEntries, Append.EntryCount: > 0 }));
        cluster.Settle();
        Assert.Equal(0, peer.Inflights.Count);
        Assert.All(cluster.Nodes, n => Assert.Equal(11ul, n.Commit));
    }

    [Fact]
    public void Raft_S43_WindowIsBoundedInBytes()
    {
        var cluster = new Cluster(3, change: o => o with { InflightBytesMax = 1000 });
        cluster.Elect(1);
        for (int i = 0; i < 10; i++)
        {
            cluster[1].Propose(new string('x', 400));
        }

        Assert.Equal(3, cluster[1].State.Peers[1].Inflights.Count);
        cluster.Settle();
        Assert.All(cluster.Nodes, n => Assert.Equal(11ul, n.Commit));
    }

    [Fact]
    public void Raft_S43_HoleInThePipelineLeadsToAProbeAndResumes()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("lost");
        cluster.Drop(m => m.To == 2);
        cluster[1].Propose("next");
        cluster.Deliver(m => m.To == 2);
        cluster.Deliver(m => m.From == 2);
        Assert.Equal(ProgressState.Probe, cluster[1].State.Peers[1].State);
        cluster.Settle();
        Assert.Equal(ProgressState.Replicate, cluster[1].State.Peers[1].State);
        Assert.Equal(3ul, cluster[2].Commit);
    }

    [Fact]
    public void Raft_S43_LostTailIsNoticedByHeartbeats()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("lost");
        cluster.Drop(m => m.To == 2);
        cluster.Settle();
        Assert.Equal(1ul, cluster[2].LastIndex);
        cluster.Run(500);
        Assert.Equal(2ul, cluster[2].Commit);
    }

    [Fact]
    public void Raft_S43_RestartedFollowerWithAShorterLogIsFilledAgain()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a", "b");
        cluster.Deliver(m => m.To == 2);
        cluster[2].Crash();
        cluster.Restart(2);
        Assert.Equal(1ul, cluster[2].LastIndex);
        cluster.Settle();
        cluster.Run(100);
        Assert.Equal(3ul, cluster[2].Commit);
    }

    [Fact]
    public void Raft_S44_SlowFollowerDelaysNobodyAndCostsBoundedMemory()
    {
        var cluster = new Cluster(3, chunkBytes: 4096, capacityBytes: 64 * 1024);
        cluster.Elect(1);
        cluster.Isolate(3);
        for (int i = 0; i < 2_000; i++)
        {
            cluster[1].Propose($"command {i}");
            cluster.Settle();
            Assert.Equal((ulong)i + 2, cluster[1].Commit);
        }

        Assert.True(cluster[1].Core.Log.FirstCached > 700);
        Assert.True(cluster[1].State.Peers[2].Inflights.Count <= cluster[1].Options.InflightMessagesMax);

        // Back again it is served from the log, by loads, and ends at the same place.
        cluster.Heal();
        cluster[1].Link(3, true);
        cluster.Settle();
        cluster.Run(100);
        Assert.Equal(2_001ul, cluster[3].Commit);
        cluster.CheckLogMatching();
    }

    [Fact]
    public void Loaded_OfAnEarlierLeadershipIsAskedAgain()
    {
        var cluster = new Cluster(3, chunkBytes: 4096, capacityBytes: 16 * 1024);
        cluster.Elect(1);
        cluster.Isolate(3);
        for (int i = 0; i < 500; i++)
        {
            cluster[1].Propose($"command {i}");
            cluster.Settle();
        }

        cluster.Heal();
        cluster[1].Link(3, true);
        cluster.Deliver(m => m.To == 3);
        cluster.Deliver(m => m.From == 3);
        cluster.Deliver(m => m.To == 3);
        cluster.Deliver(m => m.From == 3);
        Assert.Equal(ProgressState.Loading, cluster[1].State.Peers[2].State);
        Assert.Single(cluster[1].Loads);

        // The link breaks while the load is owed; what it brings later is not sent twice and no second load is asked
        // meanwhile.
        cluster[1].Link(3, false);
        cluster[1].Link(3, true);
        cluster.Deliver(m => m.To == 3);
        cluster.Deliver(m => m.From == 3);
        Assert.Single(cluster[1].Loads);
        cluster.Settle();
        Assert.Equal(cluster[1].LastIndex, cluster[3].Commit);
    }

    [Fact]
    public void Loaded_NothingLeadsToAProbeAndALaterTry()
    {
        var cluster = new Cluster(3, chunkBytes: 4096, capacityBytes: 16 * 1024);
        cluster.Elect(1);
        cluster.Isolate(3);
        for (int i = 0; i < 500; i++)
        {
            cluster[1].Propose($"command {i}");
            cluster.Settle();
        }

        cluster.Heal();
        cluster[1].Link(3, true);
        while (cluster[1].Loads.Count == 0)
        {
            cluster.Deliver();
        }

        LoadRequest load = cluster[1].Loads[0];
        cluster[1].Loads.Clear();
        cluster[1].Turn((core, outputs) => core.Loaded(3, load.First, load.First - 1, outputs));
        Assert.Equal(ProgressState.Probe, cluster[1].State.Peers[2].State);
        cluster.Run(200);
        Assert.Equal(cluster[1].LastIndex, cluster[3].Commit);
    }

    [Fact]
    public void Follower_WithFullMemoryDropsTheRestAndTakesItLater()
    {
        // One message of about 20 KiB for a follower that may hold 8 KiB: what it could not hold is sent again.
        var cluster = new Cluster(3, chunkBytes: 4096, capacityBytes: 8 * 1024);
        cluster.Elect(1);
        byte[] fixedPart = new byte[AppendEntriesBody.Bytes];
        ulong prev = 1;
        int messages = 0;
        for (; prev < 301; messages++)
        {
            new AppendEntriesBody(prev, 1, (int)(301 - prev), default).Write(fixedPart);
            IEnumerable<ulong> indexes = Enumerable.Range((int)prev + 1, (int)(301 - prev)).Select(i => (ulong)i);
            byte[] body = [.. fixedPart, .. indexes.SelectMany(i => Cluster.Record(i, 1, "some command"))];
            var header = new MessageHeader(MessageType.AppendEntries, Cluster.Group, 1, 3, 1, 0, 0);
            Assert.Equal(ReceiveResult.Accepted, cluster[3].Deliver(new Mail(header, body)));
            Assert.True(cluster[3].LastIndex > prev);
            prev = cluster[3].LastIndex;
            cluster[3].Persist();
            Assert.Equal(prev, cluster.History.Last().AppendReply.Received);
        }

        Assert.True(messages > 1);
        Assert.Equal(301ul, cluster[3].Durable);
    }

    [Fact]
    public void Receive_ForeignAndBrokenMessagesHaveNoEffect()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        Mail good = cluster.Wire.First(m => m.To == 2 && m.Append.EntryCount == 1);
        Assert.Equal(ReceiveResult.Stranger, cluster[2].Deliver(good with { Header = good.Header with { From = 9 } }));
        Assert.Equal(ReceiveResult.Stranger, cluster[2].Deliver(good with { Header = good.Header with { To = 3 } }));
        Assert.Equal(ReceiveResult.Stranger, cluster[2].Deliver(good with { Header = good.Header with { Group = 8 } }));
        Assert.Equal(ReceiveResult.Malformed, cluster[2].Deliver(good with { Header = good.Header with { Term = 0 } }));
        Mail unknown = good with { Header = good.Header with { Type = (MessageType)99 } };
        Assert.Equal(ReceiveResult.Malformed, cluster[2].Deliver(unknown));
        for (int length = 0; length < good.Body.Length; length++)
        {
            Assert.Equal(ReceiveResult.Malformed, cluster[2].Deliver(good with { Body = good.Body[..length] }));
        }

        // A flipped bit anywhere in the record is caught by its checksum; the padding is not covered and carries
        // nothing.
        for (int bit = AppendEntriesBody.Bytes * 8; bit < (good.Body.Length - 7) * 8; bit++)
        {
            byte[] bad = [.. good.Body];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(ReceiveResult.Malformed, cluster[2].Deliver(good with { Body = bad }));
        }

        Assert.Equal(1ul, cluster[2].LastIndex);
        cluster.Settle();
        Assert.Equal(2ul, cluster[2].Commit);
    }

    [Fact]
    public void Receive_SecondLeaderOfATermIsAContradiction()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        byte[] body = new byte[AppendEntriesBody.Bytes];
        new AppendEntriesBody(0, 0, 0, default).Write(body);
        var header = new MessageHeader(MessageType.AppendEntries, Cluster.Group, 2, 3, 1, 0, 0);
        ReceiveResult result = ReceiveResult.Accepted;
        cluster[3].Turn((core, outputs) => result = core.Receive(new Message(header, body), outputs));
        Assert.Equal(ReceiveResult.Contradiction, result);
        header = header with { From = 2, To = 1 };
        cluster[1].Turn((core, outputs) => result = core.Receive(new Message(header, body), outputs));
        Assert.Equal(ReceiveResult.Contradiction, result);
    }

    [Fact]
    public void Receive_OverwritingACommittedEntryIsAContradiction()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        cluster.Settle();
        byte[] body = new byte[AppendEntriesBody.Bytes];
        new AppendEntriesBody(1, 1, 1, default).Write(body);
        var header = new MessageHeader(MessageType.AppendEntries, Cluster.Group, 2, 3, 5, 0, 0);
        byte[] whole = [.. body, .. Cluster.Record(2, 5)];
        ReceiveResult result = ReceiveResult.Accepted;
        cluster[3].Turn((core, outputs) => result = core.Receive(new Message(header, whole), outputs));
        Assert.Equal(ReceiveResult.Contradiction, result);
        Assert.Equal(1ul, cluster[3].Core.Log.TermAt(2));
    }

    [Fact]
    public void Receive_AckOfAnotherIncarnationDoesNotCount()
    {
        var cluster = new Cluster(3);
        cluster.Elect(1);
        cluster[1].Propose("a");
        cluster.Deliver(m => m.To == 2);
        cluster[2].Persist();
        Mail ack = cluster.Wire.Last(m => m.Type == MessageType.AppendReply && m.From == 2);
        byte[] body = [.. ack.Body];
        body[0] ^= 1;
        Assert.Equal(ReceiveResult.Stranger, cluster[1].Deliver(ack with { Body = body }));
        Assert.Equal(1ul, cluster[1].State.Peers[1].Match);
    }
}
