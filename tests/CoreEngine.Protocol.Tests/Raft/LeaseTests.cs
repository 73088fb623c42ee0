// Goal: the lease rule on bare cores: who may answer by a lease and until when, what a new leader defers and for how
// long.
// Method: replicas whose clocks move one by one, messages and writes by hand.
using System.Linq;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Raft;

public sealed class LeaseTests
{
    private const long Millisecond = 1_000_000;
    private const long LeaseNs = 400 * Millisecond;

    private static readonly ClockBound Clock = new(20_000, 1_000);

    [Fact]
    public void A_lease_lasts_from_before_the_append_and_no_longer()
    {
        Cluster cluster = Led();
        Node leader = cluster[1];
        long before = leader.NowNs;
        leader.Propose("x");
        leader.NowNs += 100 * Millisecond;
        cluster.Settle();
        leader.Tick();
        long end = Clock.SurelyWithin(before, LeaseNs);
        Assert.True(leader.Core.HoldsLease(end - 1));
        Assert.False(leader.Core.HoldsLease(end));
    }

    [Fact]
    public void Reads_by_lease_send_nothing_and_carry_their_proof()
    {
        Cluster cluster = Led();
        Node leader = cluster[1];
        leader.Propose("x");
        cluster.Settle();
        leader.Tick();
        cluster.Settle();
        int sent = cluster.History.Count;
        for (ulong i = 1; i <= 100; i++)
        {
            leader.ReadBy(ReadKind.Lease, i);
        }

        Assert.Equal(sent, cluster.History.Count);
        Assert.Equal(100, leader.Reads.Count);
        Assert.All(leader.Reads, read =>
        {
            Assert.Equal(ReadProof.Lease, read.Proof.Proof);
            Assert.True(read.Proof.IsValid);
            Assert.Equal(leader.Commit, read.Index);
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void A_barrier_costs_one_round_for_all_that_wait(int reads)
    {
        Cluster cluster = Led();
        cluster.Drop();
        cluster.Read(1, [.. Enumerable.Range(1, reads).Select(i => (ulong)i)]);
        Assert.Equal(2, cluster.Wire.Count);
        cluster.Settle();
        Assert.Equal(reads, cluster[1].Reads.Count);
    }

    [Fact]
    public void An_expired_lease_is_renewed_by_one_empty_entry_for_all_who_wait()
    {
        Cluster cluster = Led();
        Node leader = cluster[1];
        cluster.Run(500);
        Assert.False(leader.Core.HoldsLease(leader.NowNs));
        ulong last = leader.LastIndex;
        leader.ReadBy(ReadKind.Lease, 1);
        leader.ReadBy(ReadKind.Lease, 2);
        Assert.Empty(leader.Reads);
        cluster.Settle();
        leader.Tick();
        Assert.Equal(2, leader.Reads.Count(read => read.Proof.Proof == ReadProof.Lease));
        Assert.Equal(last + 1, leader.LastIndex);
    }

    [Fact]
    public void A_lease_that_is_wanted_is_kept_up_and_one_that_is_not_ends()
    {
        Cluster cluster = Led();
        Node leader = cluster[1];
        leader.ReadBy(ReadKind.Lease, 1);
        for (ulong i = 2; i < 60; i++)
        {
            cluster.Run(20);
            Assert.True(leader.Core.HoldsLease(leader.NowNs));
            leader.ReadBy(ReadKind.Lease, i);
        }

        Assert.Equal(59, leader.Reads.Count);
        Assert.All(leader.Reads, read => Assert.Equal(ReadProof.Lease, read.Proof.Proof));
        cluster.Run(1500);
        ulong last = leader.LastIndex;
        cluster.Run(1000);
        Assert.Equal(last, leader.LastIndex);
        Assert.False(leader.Core.HoldsLease(leader.NowNs));
    }

    [Fact]
    public void Followers_and_groups_without_leases_refuse_with_the_reason()
    {
        Cluster cluster = Led();
        cluster[2].ReadBy(ReadKind.Lease, 1);
        Assert.Equal(new Refusal(RefusalCode.LeaseNotHeld, 1), cluster.Outcome(2, 1).Refusal);
        var without = new Cluster(3);
        without.Elect(1);
        without[1].ReadBy(ReadKind.Lease, 1);
        Assert.Equal(RefusalCode.LeaseOff, without.Outcome(1, 1).Refusal.Code);
        Assert.False(without[1].Core.HoldsLease(without[1].NowNs));
    }

    [Fact]
    public void A_new_leader_commits_nothing_until_the_inherited_lease_has_surely_ended()
    {
        Cluster cluster = Led();
        cluster[1].Propose("x");
        cluster.Settle();
        cluster[2].Tick();
        long received = cluster[2].NowNs;
        cluster.Isolate(1);
        Usurp(cluster, 2);
        cluster.Settle();
        Node leader = cluster[2];
        Assert.Equal(Role.Leader, leader.Role);
        ulong before = leader.Commit;
        leader.Propose("y");
        long end = Clock.SurelyOver(received, LeaseNs);
        leader.NowNs = end - 1;
        leader.Tick();
        cluster.Settle();
        Assert.Equal(before, leader.Commit);
        Assert.Equal(end, Lease.Deadline(leader.State));
        leader.NowNs = end;
        leader.Tick();
        Assert.Equal(leader.LastIndex, leader.Commit);
    }

    [Fact]
    public void A_restart_counts_from_the_start()
    {
        // S52: the entry was there before the process started, however long the machine was down.
        Cluster cluster = Led();
        cluster[1].Propose("x");
        cluster.Settle();
        cluster[2].Crash();
        cluster[2].NowNs = 5 * Millisecond;
        cluster[2].Restart();
        cluster[2].Tick();
        long started = cluster[2].NowNs;
        cluster.Isolate(1);
        Usurp(cluster, 2);
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[2].Role);
        Assert.True(cluster[2].State.Lease.IsInherited);
        Assert.Equal(Clock.SurelyOver(started, LeaseNs), Lease.Deadline(cluster[2].State));
    }

    [Fact]
    public void A_renounced_lease_is_used_no_more_and_a_successor_that_knows_does_not_wait()
    {
        Cluster cluster = Led();
        Node leader = cluster[1];
        leader.Propose("x");
        cluster.Settle();
        leader.Tick();
        Assert.True(leader.Core.HoldsLease(leader.NowNs));
        leader.Turn((core, outputs) => Lease.Renounce(core.State, outputs));
        Assert.False(leader.Core.HoldsLease(leader.NowNs));
        leader.ReadBy(ReadKind.Lease, 1);
        Assert.Equal(RefusalCode.LeaseNotHeld, cluster.Outcome(1, 1).Refusal.Code);
        cluster.Settle();
        Usurp(cluster, 3);
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.Equal(cluster[3].LastIndex, cluster[3].Commit);
    }

    [Fact]
    public void A_leader_that_stays_takes_its_lease_up_again_by_a_later_entry()
    {
        Cluster cluster = Led();
        Node leader = cluster[1];
        leader.Turn((core, outputs) => Lease.Renounce(core.State, outputs));
        cluster.Settle();
        leader.Tick();
        leader.Turn((core, _) => Lease.Resume(core.State));
        leader.Tick();
        Assert.False(leader.Core.HoldsLease(leader.NowNs));
        leader.Propose("x");
        cluster.Settle();
        leader.Tick();
        Assert.True(leader.Core.HoldsLease(leader.NowNs));
        Usurp(cluster, 3);
        cluster.Settle();
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.True(cluster[3].State.Lease.IsInherited);
    }

    [Fact]
    public void A_renouncing_leader_does_not_end_its_predecessors_lease()
    {
        Cluster cluster = Led();
        cluster[1].Propose("x");
        cluster.Settle();
        cluster.Isolate(1);
        Usurp(cluster, 2);
        cluster.Settle();
        Assert.True(cluster[2].State.Lease.IsInherited);
        ulong last = cluster[2].LastIndex;
        cluster[2].Turn((core, outputs) => Lease.Renounce(core.State, outputs));
        Assert.Equal(last, cluster[2].LastIndex);
    }

    [Fact]
    public void A_read_of_one_key_needs_a_round_and_no_anchor()
    {
        Cluster cluster = Led();
        cluster[1].Propose("x");
        cluster.Settle();
        cluster.Isolate(1);
        Usurp(cluster, 2);
        cluster.Settle();
        Node leader = cluster[2];
        cluster.Read(2, 1);
        leader.ReadBy(ReadKind.Key, 2);
        Assert.Empty(leader.Reads);
        cluster.Settle();
        ReadOutcome read = Assert.Single(leader.Reads);
        Assert.Equal(2UL, read.ReadId);
        Assert.Equal(ReadProof.QuorumBarrier, read.Proof.Proof);
        Assert.Equal(leader.Commit, read.Index);
        Assert.Equal(leader.Commit < leader.LastIndex - 1 ? leader.LastIndex - 1 : 0, read.LimboLast);
    }

    [Fact]
    public void An_idle_leader_closes_time_only_when_it_is_to()
    {
        var cluster = new Cluster(3, change: static options => options with { CloseTargetNs = 100 * Millisecond });
        cluster.Elect(1);
        ulong first = cluster[1].LastIndex;
        cluster.Run(1000);
        Assert.InRange(cluster[1].LastIndex, first + 7, first + 10);
        var quiet = new Cluster(3);
        quiet.Elect(1);
        quiet.Run(1000);
        Assert.Equal(1UL, quiet[1].LastIndex);
    }

    /// <summary>A replica campaigns at once, and no voter minds: as if the leader had been silent before.</summary>
    private static void Usurp(Cluster cluster, uint id)
    {
        foreach (Node node in cluster.Nodes)
        {
            node.State.LeaderHeardNs -= node.Options.ElectionMinNs;
        }

        cluster[id].State.ElectionDeadlineNs = cluster[id].NowNs;
        cluster[id].Tick();
    }

    private static Cluster Led()
    {
        var cluster = new Cluster(3, change: static options => options with { LeaseNs = LeaseNs, Clock = Clock });
        cluster.Elect(1);
        return cluster;
    }
}
