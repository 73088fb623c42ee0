using System.Linq;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Tests.Harness;
using FsCheck;
using FsCheck.Fluent;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

/// <summary>
/// Goal: the cliff theorem (S0 4.4): a member that agrees with the group up to x goes on from the log exactly when x is
/// at or above T; below it is given nothing but a snapshot, and whoever asks is told so. Method: FsCheck makes logs, T,
/// and what the member holds beyond x; each at x = T-1, T and T+1, with real cores that find x out by themselves.
/// </summary>
public sealed class CliffTests
{
    private const uint Member = 3;

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void Raft_S42_AMemberIsGivenEntriesExactlyAtOrAboveT(int offset) =>
        Prop.ForAll<byte[], byte, byte>((steps, trim, beyond) =>
        {
            // Terms rise by two, so that those between are free for entries that nobody else has.
            ulong term = 1;
            ulong[] terms = [.. steps.Take(12).Select(step => term += 2 * (ulong)(step % 2)), term + 2];
            ulong trimmed = 1 + (trim % (ulong)terms.Length);
            int agreed = (int)trimmed + offset;
            if (agreed <= terms.Length)
            {
                Judge(terms, trimmed, agreed, beyond % 4);
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Cliff_RefusesBelowTAndNamesBoth() => Prop.ForAll<ulong, ulong>((held, trimmed) =>
        Cliff.Judge(held, trimmed)
            == (held >= trimmed ? default : new Refusal(RefusalCode.BelowTrim, held, trimmed)))
        .QuickCheckThrowOnFailure();

    private static void Judge(ulong[] terms, ulong trimmed, int agreed, int beyond)
    {
        var cluster = new Cluster(3);
        cluster.Plant(1, terms[^1] + 1, terms);
        cluster.Plant(2, terms[^1] + 1, terms);
        ulong others = (agreed == 0 ? 1 : terms[agreed - 1]) + 1;
        cluster.Plant(Member, terms[^1] + 1, [.. terms[..agreed], .. Enumerable.Repeat(others, beyond)]);
        cluster.Isolate(Member);
        cluster.Elect(1);
        Node leader = cluster[1];
        ulong last = leader.LastIndex;
        Assert.Equal(last, leader.Commit);
        leader.Turn((core, outputs) => core.Trim(
            new TrimCertificate(trimmed, trimmed, core.Log.TermAt(trimmed), 0, 0, core.CommitProof), outputs));
        Assert.Equal(trimmed, leader.Core.Frontiers.Trimmed);
        cluster.Heal();
        cluster.Restart(Member);
        cluster.Run(2 * leader.Options.HeartbeatNs / 1_000_000);

        bool isAbove = Cliff.Judge((ulong)agreed, trimmed).Code == RefusalCode.None;
        string scene = $"terms [{string.Join(' ', terms)}], T {trimmed}, agreed {agreed}, {beyond} others";
        bool isWaiting = ((leader.Core.SnapshotPeers >> leader.Core.PlaceOf(Member)) & 1) != 0;
        Assert.True(isWaiting != isAbove, $"{scene}: the leader thinks otherwise");
        if (isAbove)
        {
            Assert.Equal(last, cluster[Member].Durable);
            Assert.Equal(last, cluster[Member].Commit);
            Assert.Equal(cluster[2].Disk.Records, cluster[Member].Disk.Records);
        }
        else
        {
            Assert.Equal((ulong)(agreed + beyond), cluster[Member].LastIndex);
            Assert.True(cluster[Member].Commit <= (ulong)agreed, $"{scene}: committed beyond what it agrees with");
        }
    }
}
