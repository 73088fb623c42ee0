using System.Linq;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Quorums;
using CoreEngine.Protocol.Tests.Harness;
using Xunit;

namespace CoreEngine.Protocol.Tests.Membership;

/// <summary>Learners, witnesses, weights, domains, founding and forced recovery: raft.md S31 to S33, S58.</summary>
public sealed class PartTests
{
    // Goal: each part does what its row says and no more. Method: bare cores; quorum systems against all subsets.
    [Fact]
    public void Raft_S32_ALearnerIsPromotedOnceItKeepsUpAndNeverLeadsBefore()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.Elect(1);
        cluster.Isolate(4);
        cluster[1].Change(Change.Learn(4));
        cluster.Run(400);
        Refusal lagging = cluster[1].Change(new MemberChange { Set = [Change.Voter(4)] }).Refusal;
        Assert.Equal(RefusalCode.LearnerLags, lagging.Code);
        Assert.Equal(4ul, lagging.First);
        cluster.Heal();
        cluster.Run(400);
        Assert.Equal(cluster[1].LastIndex, cluster[4].LastIndex);
        Assert.Equal([1u, 2u, 3u], Change.Voters(cluster[1]));
        cluster[1].Crash();
        cluster[2].Crash();
        cluster[3].Crash();
        cluster.Run(3000);
        Assert.Equal(Role.Follower, cluster[4].Role);
        cluster[1].Restart();
        cluster[2].Restart();
        cluster.Run(2000);
        Node leader = cluster.Nodes.Single(n => n.IsUp && n.Role == Role.Leader);
        Assert.Equal(RefusalCode.None, leader.Change(new MemberChange { Set = [Change.Voter(4)] }).Refusal.Code);
    }

    [Fact]
    public void Raft_S32_PromotionByItself()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.Elect(1);
        cluster[1].Change(Change.Learn(4, isPromoted: true));
        cluster.Run(1000);
        Assert.Equal([1u, 2u, 3u, 4u], Change.Voters(cluster[4]));
    }

    [Fact]
    public void Raft_S32_ALearnerCountsInNoQuorum()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.Elect(1);
        cluster[1].Change(Change.Learn(4));
        cluster.Run(400);
        cluster.Isolate(2);
        cluster.Isolate(3);
        ulong commit = cluster[1].Commit;
        cluster[1].Propose("x");
        cluster.Run(100);
        Assert.Equal(cluster[1].LastIndex, cluster[4].LastIndex);
        Assert.Equal(commit, cluster[1].Commit);
    }

    [Fact]
    public void Raft_S33_TwoWithDataAndAWitnessNeverElectTheOutdatedOne()
    {
        Cluster cluster = Change.Of(3, 3);
        cluster.Elect(1);
        var witness = new MemberChange { Set = [Change.Voter(3) with { Kind = MemberKind.Witness }] };
        Assert.Equal(RefusalCode.None, cluster[1].Change(witness).Refusal.Code);
        cluster.Run(400);
        cluster[2].Crash();
        cluster[1].Propose("only here and at the witness");
        cluster.Run(100);
        ulong commit = cluster[1].Commit;
        Assert.Equal(cluster[1].LastIndex, commit);
        cluster[1].Crash();
        cluster[2].Restart();
        cluster.Run(5000);
        Assert.DoesNotContain(cluster.Nodes, n => n.IsUp && n.Role == Role.Leader);
        cluster[1].Restart();
        cluster.Run(5000);
        Assert.Equal(Role.Leader, cluster[1].Role);
        Assert.True(cluster[2].Commit >= commit);
    }

    [Fact]
    public void Judge_NamesTwoDisjointQuorums()
    {
        Cluster cluster = Change.Of(4, 4);
        cluster.Elect(1);
        Refusal refusal = cluster[1].Change(new MemberChange { CommitSize = 1 }).Refusal;
        Assert.Equal(RefusalCode.QuorumsDisjoint, refusal.Code);
        Assert.Equal(0ul, refusal.First & refusal.Second);
        refusal = cluster[1].Change(new MemberChange { ElectionSize = 2 }).Refusal;
        Assert.Equal(RefusalCode.QuorumsDisjoint, refusal.Code);
        refusal = cluster[1].Change(new MemberChange { ElectionSize = 5 }).Refusal;
        Assert.Equal(RefusalCode.QuorumTooLarge, refusal.Code);
        Assert.Equal(
            RefusalCode.None,
            cluster[1].Change(new MemberChange { ElectionSize = 3, CommitSize = 2 }).Refusal.Code);
        cluster.Run(400);
        cluster.Isolate(3);
        cluster.Isolate(4);
        cluster[1].Propose("two of four");
        cluster.Run(50);
        Assert.Equal(cluster[1].LastIndex, cluster[1].Commit);
    }

    [Fact]
    public void Judge_VotersWithDataElectWithoutAWitness()
    {
        Cluster cluster = Change.Of(4, 4);
        cluster.Elect(1);
        ConfigurationMember one = Change.Voter(3) with { Kind = MemberKind.Witness };
        ConfigurationMember other = Change.Voter(4) with { Kind = MemberKind.Witness };
        Refusal refusal = cluster[1].Change(new MemberChange { Set = [one, other] }).Refusal;
        Assert.Equal(new Refusal(RefusalCode.WitnessesNeeded, 2, 3), refusal);
        Assert.Equal(RefusalCode.None, cluster[1].Change(new MemberChange { Set = [one] }).Refusal.Code);
    }

    [Fact]
    public void Judge_NoQuorumInsideOneDeclaredDomain()
    {
        Cluster cluster = Change.Of(3, 3);
        cluster.Elect(1);
        ConfigurationMember[] together =
        [
            Change.Voter(1) with { Domain = 9 },
            Change.Voter(2) with { Domain = 9 },
            Change.Voter(3) with { Domain = 8 },
        ];
        Refusal refusal = cluster[1].Change(new MemberChange { Set = together }).Refusal;
        Assert.Equal(new Refusal(RefusalCode.QuorumInOneDomain, 9, 0b011), refusal);
        together[1] = together[1] with { Domain = 7 };
        Assert.Equal(RefusalCode.None, cluster[1].Change(new MemberChange { Set = together }).Refusal.Code);
    }

    [Fact]
    public void QuorumCheck_AgreesWithTheDefinitionOnWeightsAndSizes()
    {
        var chance = new Prng(7);
        int disjoint = 0;
        for (int i = 0; i < 2000; i++)
        {
            int count = (int)chance.Between(1, 6);
            uint[] weights = [.. Enumerable.Range(0, count).Select(_ => (uint)chance.Between(0, 4))];
            uint total = (uint)weights.Sum(w => w);
            var set = new VoterSet(weights, (uint)chance.Between(0, total + 1), (uint)chance.Between(0, total + 1));
            bool meets = true;
            for (ulong a = 0; a < 1UL << weights.Length; a++)
            {
                for (ulong b = 0; b < 1UL << weights.Length; b++)
                {
                    bool elects = set.WeightOf(a) >= set.ElectionSize;
                    bool decides = set.WeightOf(b) >= set.ElectionSize || set.WeightOf(b) >= set.CommitSize;
                    meets &= !elects || !decides || (a & b) != 0;
                }
            }

            Assert.Equal(meets, QuorumCheck.Meet(set, out DisjointQuorums witness));
            disjoint += meets ? 0 : 1;
            bool isWitness = (witness.First & witness.Second) == 0
                && set.WeightOf(witness.First) >= set.ElectionSize
                && set.WeightOf(witness.Second) >= ulong.Min(set.ElectionSize, set.CommitSize);
            Assert.True(meets || isWitness);
        }

        Assert.InRange(disjoint, 100, 1900);
    }

    [Fact]
    public void Weights_DecideInsteadOfHeads()
    {
        Cluster cluster = Change.Of(3, 3);
        cluster.Elect(1);
        cluster[1].Change(new MemberChange { Set = [Change.Voter(1) with { Weight = 3 }] });
        cluster.Run(400);
        Assert.False(cluster[1].State.Configuration.IsJoint);
        cluster.Isolate(1);
        cluster[1].Propose("alone outweighs the others");
        cluster.Run(50);
        Assert.Equal(cluster[1].LastIndex, cluster[1].Commit);
    }

    [Fact]
    public void Raft_S58_ForcedRecoveryBeginsAgainWithOneAndFencesTheLost()
    {
        Cluster cluster = Change.Of(3, 4);
        cluster.Elect(1);
        cluster[1].Propose("kept");
        cluster.Run(100);
        Assert.Equal(RefusalCode.QuorumStands, cluster[1].Force().Refusal.Code);
        cluster[1].Crash();
        cluster[2].Crash();
        cluster.Run(2000);
        ulong lifeBefore = cluster[3].State.Incarnation;
        ulong epochBefore = cluster[3].State.ConfigEpoch;
        ulong kept = cluster[3].Commit;
        Assert.Equal(RefusalCode.None, cluster[3].Force().Refusal.Code);
        cluster.Run(200);
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.True(cluster[3].Commit > kept);
        Assert.NotEqual(lifeBefore, cluster[3].State.Incarnation);
        Assert.True(cluster[3].State.ConfigEpoch > epochBefore);
        ulong life = cluster[3].State.Incarnation;
        cluster[3].Crash();
        cluster[3].Restart();
        Assert.Equal(life, cluster[3].State.Incarnation);
        cluster.Run(200);

        // The lost ones turn up: a majority of the old configuration, of no account in the new one.
        cluster.GivenUp.UnionWith([1, 2]);
        cluster[1].Restart();
        cluster[2].Restart();
        ulong term = cluster[3].State.Term;
        cluster.Run(3000);
        Assert.Contains(cluster.Nodes, n => n.Id < 3 && n.Role == Role.Leader);
        Assert.Equal(Role.Leader, cluster[3].Role);
        Assert.Equal(term, cluster[3].State.Term);
        Assert.Equal(RefusalCode.None, cluster[3].Change(Change.Add(4)).Refusal.Code);
        cluster.Run(400);
        Assert.Equal(cluster[3].Commit, cluster[4].Commit);
    }

    [Fact]
    public void Raft_S31_FoundersNameTheirLivesBeforeAnythingCounts()
    {
        Cluster cluster = Founders();
        cluster[3].Crash();
        cluster.Run(3000);
        Assert.All(cluster.Nodes, n => Assert.Equal(0ul, n.State.ConfigEpoch));
        cluster[3].Restart();
        cluster.Run(2000);
        Assert.Single(cluster.Nodes, n => n.Role == Role.Leader);
        ConfigurationMember[] rows = cluster[2].State.Configuration.Members.ToArray();
        Assert.Equal([1001ul, 1002ul, 1003ul], rows.Select(m => m.Incarnation));
    }

    [Fact]
    public void Raft_S31_AWipedFounderAndOneThatNeverMetItAreNoMajority()
    {
        Cluster cluster = Founders();

        // The third says that it exists, and hears nothing back: it has not founded.
        for (int i = 0; i < 100 && cluster.MaxCommitted < 1; i++)
        {
            foreach (Node node in cluster.Nodes)
            {
                node.NowNs += 10_000_000;
                node.Tick();
                node.Persist();
            }

            cluster.Drop(m => m.To == 3);
            cluster.Deliver();
        }

        Assert.Equal(0ul, cluster[3].State.ConfigEpoch);
        Node leader = cluster.Nodes.Single(n => n.Role == Role.Leader);
        leader.Propose("acknowledged by two");
        for (int i = 0; i < 20; i++)
        {
            cluster.Drop(m => m.To == 3);
            cluster.Deliver();
            cluster[1].Persist();
            cluster[2].Persist();
        }

        Assert.Equal(2ul, leader.Commit);
        Node other = cluster[3 - leader.Id];
        other.Crash();
        leader.Crash();
        leader.Wipe(4242);
        leader.Restart();
        cluster.Drop();
        cluster.Run(5000);
        Assert.DoesNotContain(cluster.Nodes, n => n.IsUp && n.Role == Role.Leader);
        other.Restart();
        cluster.Run(5000);
        Assert.Equal(Role.Leader, other.Role);
        Assert.True(other.Commit >= 2);
        Assert.Equal(other.Commit, cluster[3].Commit);
        Assert.NotEqual(0ul, leader.State.RemovedAt);
    }

    private static Cluster Founders() => new(3, change: options => options with
    {
        Founders = options.First,
        First = Configuration.None,
    });
}
