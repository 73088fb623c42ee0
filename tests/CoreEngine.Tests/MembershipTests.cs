// Goal: members come, go and are replaced in real engines over sockets and disks, and the outcomes are typed.
// Method: clusters in this process; who joins names one peer only; waits are for conditions of the engine itself.
using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public class MembershipTests
{
    [Fact]
    public async Task A_replica_joins_by_naming_one_peer_and_the_leader_may_leave()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3, joiners: 1);
        await cluster.LeaderAsync();
        cluster.Format(4);
        await cluster.StartAsync(4);
        Assert.Equal(0ul, cluster.Group(4).Members.Epoch);

        // Asked where it is known, leader or not.
        await AddAsync(cluster, 1, 4);
        await UntilAsync(
            cluster, 1, members => members.Members.Any(m => m.Replica == 4 && m.Kind == MemberKind.Voter));
        Receipt receipt = await cluster.CommitAsync(1);
        await cluster.Group(4).WaitAsync(Frontier.Applied, receipt.Coordinate.Index).WaitAsync(Cluster.Patience);
        uint leader = cluster.Group(1).Status.Leader;
        await RemoveAsync(cluster, leader, leader);
        uint rest = leader == 4 ? 3u : 4u;
        await cluster.LeaderAsync(rest);
        Assert.DoesNotContain(cluster.Group(rest).Members.Members, m => m.Replica == leader);
        Assert.True(cluster.Group(leader).Members.IsRemoved);
    }

    [Fact]
    public async Task A_leader_that_is_removed_names_a_successor_and_a_follower_hears_of_its_own_removal()
    {
        await using Cluster cluster = await Cluster.OpenAsync(4);
        uint leader = await cluster.LeaderAsync();
        uint asked = leader == 1 ? 2u : 1u;
        await RemoveAsync(cluster, asked, leader);

        // No gap: somebody else led before the old leader was gone.
        Assert.NotEqual(leader, cluster.Group(asked).Status.Leader);
        Assert.NotEqual(0u, cluster.Group(asked).Status.Leader);
        uint successor = cluster.Group(asked).Status.Leader;
        uint leaver = Enumerable.Range(1, 4).Select(static n => (uint)n).First(n => n != leader && n != successor);
        await RemoveAsync(cluster, leaver, leaver);
        Assert.True(cluster.Group(leaver).Members.IsRemoved);
        await cluster.CommitAsync(5, replica: successor);
    }

    [Fact]
    public async Task A_replaced_disk_comes_back_under_its_number_only_when_added()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3);
        await cluster.LeaderAsync();
        await cluster.CommitAsync(1);
        ulong before = cluster.Group(1).Members.Members[2].Incarnation;
        await cluster.StopAsync(3);
        Directory.Delete(cluster.Directory(3), recursive: true);
        cluster.Format(3);
        await cluster.StartAsync(3);
        Assert.Equal(Outcome.Committed, (await cluster.Group(1).RemoveAsync(3)).Outcome);
        await AddAsync(cluster, 1, 3);
        await UntilAsync(
            cluster, 1, members => members.Members.Any(m => m.Replica == 3 && m.Kind == MemberKind.Voter));
        Assert.NotEqual(before, cluster.Group(1).Members.Members[2].Incarnation);
        Receipt receipt = await cluster.CommitAsync(2);
        await cluster.Group(3).WaitAsync(Frontier.Applied, receipt.Coordinate.Index).WaitAsync(Cluster.Patience);
    }

    [Fact]
    public async Task Refusals_are_typed_and_name_the_remedy()
    {
        await using Cluster cluster = await Cluster.OpenAsync(1);
        await cluster.LeaderAsync();
        Group group = cluster.Group(1);
        Assert.Equal(RefusalCode.NoSuchMember, (await group.RemoveAsync(9)).Refusal.Code);
        Assert.Equal(RefusalCode.NobodyCouldLead, (await group.RemoveAsync(1)).Refusal.Code);
        Assert.Equal(RefusalCode.AnotherIncarnation, (await group.PromoteAsync(2)).Refusal.Code);
        MembershipOutcome never = await group.AddLearnerAsync(2, Cluster.FreeAddress());
        Assert.Equal(new Refusal(RefusalCode.AnotherIncarnation, 2), never.Refusal);
        var stale = new MembershipChange { ExpectedEpoch = 77, Remove = [1] };
        Assert.Equal(RefusalCode.ConfigurationChanged, (await group.ChangeMembersAsync(stale)).Refusal.Code);
        Assert.Equal(RefusalCode.QuorumStands, (await group.ForceRecoverAsync(acceptDataLoss: true)).Refusal.Code);
        await Assert.ThrowsAsync<ArgumentException>(() => group.ForceRecoverAsync(acceptDataLoss: false));
    }

    [Fact]
    public async Task Forced_recovery_goes_on_with_the_survivor_and_says_so()
    {
        await using Cluster cluster = await Cluster.OpenAsync(3);
        await cluster.LeaderAsync();
        await cluster.CommitAsync(1);
        await cluster.Group(3).WaitAsync(Frontier.Applied, 2).WaitAsync(Cluster.Patience);
        await cluster.StopAsync(1);
        await cluster.StopAsync(2);
        MembershipOutcome forced;
        using var patience = new CancellationTokenSource(Cluster.Patience);
        do
        {
            forced = await cluster.Group(3).ForceRecoverAsync(acceptDataLoss: true, patience.Token);
        }
        while (forced.Refusal.Code == RefusalCode.QuorumStands);

        Assert.Equal(Outcome.Committed, forced.Outcome);
        Assert.Equal(forced.Epoch, cluster.Group(3).Members.ForcedEpoch);
        Receipt receipt = await cluster.CommitAsync(2, replica: 3);
        Assert.Equal(forced.Epoch, receipt.Coordinate.ConfigEpoch);
    }

    /// <summary>Adds until the members have met the one who joins.</summary>
    private static async Task AddAsync(Cluster cluster, uint at, uint replica)
    {
        using var patience = new CancellationTokenSource(Cluster.Patience);
        MembershipOutcome outcome;
        do
        {
            outcome = await cluster.Group(at)
                .AddLearnerAsync(replica, cluster.Address(replica), cancellationToken: patience.Token);
        }
        while (outcome.Refusal.Code is RefusalCode.AnotherIncarnation or RefusalCode.NoLeader
            or RefusalCode.ChangeInProgress);

        Assert.True(outcome.Outcome == Outcome.Committed, outcome.ToString());
    }

    /// <summary>The change before may not have ended yet: the refusal's own remedy.</summary>
    private static async Task RemoveAsync(Cluster cluster, uint at, uint replica)
    {
        using var patience = new CancellationTokenSource(Cluster.Patience);
        MembershipOutcome outcome;
        do
        {
            outcome = await cluster.Group(at).RemoveAsync(replica, cancellationToken: patience.Token);
        }
        while (outcome.Refusal.Code is RefusalCode.ChangeInProgress);

        Assert.True(outcome.Outcome == Outcome.Committed, outcome.ToString());
    }

    /// <summary>Commits until a member sees the members wanted: every commit moves the group on.</summary>
    private static async Task UntilAsync(Cluster cluster, uint at, Func<Membership, bool> isWanted)
    {
        using var patience = new CancellationTokenSource(Cluster.Patience);
        while (!isWanted(cluster.Group(at).Members))
        {
            await cluster.Group(at).ProposeAsync(RecordingMachine.Command(0), patience.Token);
        }
    }
}
