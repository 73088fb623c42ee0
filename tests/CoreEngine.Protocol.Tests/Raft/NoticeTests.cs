using System.Linq;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>When followers hear of a risen commit index.</summary>
public sealed class NoticeTests
{
    // Goal: under load no message is spent on what the next entries say anyway; without load followers hear it after
    // the
    // delay, and those whose hosts wait hear it at once. Method: the clock stands still unless a test moves it.
    private const long DelayNs = 1_000_000;

    [Fact]
    public void Commit_IsToldByTheNextEntries()
    {
        Cluster cluster = Elected();
        cluster[1].Propose("a");
        cluster.Settle();
        Assert.Equal(2ul, cluster[1].Commit);
        Assert.Equal(1ul, cluster[2].Commit);
        int empty = EmptyAppends(cluster);
        cluster[1].Propose("b");
        cluster.Settle();
        Assert.Equal(2ul, cluster[2].Commit);
        Assert.Equal(2ul, cluster[3].Commit);
        Assert.Equal(empty, EmptyAppends(cluster));
    }

    [Fact]
    public void Commit_IsToldAfterTheDelayWhenNoEntriesCome()
    {
        Cluster cluster = Elected();
        cluster[1].Propose("a");
        cluster.Settle();
        Assert.Equal(1ul, cluster[2].Commit);
        Assert.Equal(cluster[1].NowNs + DelayNs, cluster[1].Core.Deadline);
        cluster[1].NowNs += DelayNs - 1;
        cluster[1].Tick();
        cluster.Settle();
        Assert.Equal(1ul, cluster[2].Commit);
        cluster[1].NowNs += 1;
        cluster[1].Tick();
        cluster.Settle();
        Assert.Equal(2ul, cluster[2].Commit);
        Assert.Equal(2ul, cluster[3].Commit);
    }

    [Fact]
    public void Commit_IsToldAtOnceToTheFollowerThatHandedTheEntryOn()
    {
        Cluster cluster = Elected();
        byte[] batch = Forwarded(from: 2, "a");
        cluster[1].Turn((core, outputs) => core.Propose(new ProposalReader(batch), outputs));
        cluster.Settle();
        Assert.Equal(2ul, cluster[2].Commit);
        Assert.Equal(1ul, cluster[3].Commit);
        cluster[1].NowNs += DelayNs;
        cluster.Settle();
        Assert.Equal(2ul, cluster[3].Commit);
    }

    private static Cluster Elected()
    {
        var cluster = new Cluster(3, change: static o => o with { NoticeDelayNs = DelayNs });
        cluster.Elect(1);
        cluster[1].NowNs += DelayNs;
        cluster.Settle();
        Assert.All(cluster.Nodes, static n => Assert.Equal(1ul, n.Commit));
        return cluster;
    }

    private static int EmptyAppends(Cluster cluster) => cluster.History.Count(
        static m => m is { Type: MessageType.AppendEntries, Append.EntryCount: 0 });

    private static byte[] Forwarded(uint from, string command)
    {
        byte[] payload = System.Text.Encoding.UTF8.GetBytes(command);
        byte[] proposal = new byte[ProposalReader.SizeOf(payload.Length)];
        ProposalReader.Write(proposal, new EntryOrigin(from, 1, 1), payload);
        return proposal;
    }
}
