using System.Linq;
using CoreEngine.Simulation.Demonstrators;
using Xunit;

namespace CoreEngine.Simulation.Tests.Demonstrators;

/// <summary>
/// Goal: the demonstrators of knowledge, locks, quorums, coins and clocks found what theory says. Method: their facts,
/// and the small models behind them at sizes that can be counted by hand.
/// </summary>
public sealed class TheoryTests
{
    [Fact]
    public void TwoGenerals_EachMessageAddsALevel_NoneTheLast()
    {
        var generals = TwoGeneralsDemonstration.Run(1);
        Assert.True(generals.Rows.Count > 5);
        Assert.All(generals.Rows, static row =>
        {
            Assert.Equal(row.Messages, row.Deepest);
            Assert.Equal(0, row.CommonRuns);
            Assert.Equal(1 << row.Messages, row.Protocols);
            Assert.Equal((1 << row.Messages) * (2 << row.Messages), row.Runs);
        });
    }

    [Fact]
    public void TwoGenerals_TheChainIsUnbroken()
    {
        Assert.DoesNotContain(KnowledgeModel.Chain(6), static line => line.Contains("nobody"));
        Assert.Equal(7, KnowledgeModel.Chain(6).Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void TwoGenerals_ACommitCertificateMeansThatAQuorumKnows(ulong seed)
    {
        var generals = TwoGeneralsDemonstration.Run(seed);
        Assert.True(generals.Certificates > 100);
        Assert.Equal(generals.Certificates, generals.KnownByQuorum);
        Assert.Equal(0, generals.FalseVoters);
        Assert.True(generals.CommitKnownByQuorum < generals.Certificates);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void LockTwice_OnlyTheFenceKeepsTheSecondHoldersWrite(ulong seed)
    {
        var locks = LockTwiceDemonstration.Run(seed);
        Assert.True(locks.IsRefusedEarly);
        Assert.True(locks.IsHeldTwice);
        Assert.True(locks.SecondFence > locks.FirstFence);
        Assert.Equal(110, locks.Bare.Balance);
        Assert.Equal(0, locks.Bare.Refused);
        Assert.Equal(150, locks.Fenced.Balance);
        Assert.Equal(1, locks.Fenced.Refused);
    }

    [Fact]
    public void QuorumReads_AreRefuted_AndWriteBackLeavesNoCounterexample()
    {
        var quorums = QuorumReadsDemonstration.Run(1);
        Assert.True(quorums.Plain.Violations > 0);
        Assert.True(quorums.Plain.BadSchedules > 0);
        Assert.NotEmpty(quorums.Plain.CounterexampleSteps);
        Assert.Equal(0, quorums.WriteBack.Violations);
        Assert.Equal(0, quorums.WriteBack.BadSchedules);

        // Orders of arrivals times orders of the write times whom both reads ask, over 0 to 3 arrivals.
        Assert.Equal((1 + 5 + 15 + 35) * 6 * 36, quorums.Plain.Schedules);
        Assert.Equal((1 + 9 + 45 + 165) * 6 * 36 * 9, quorums.WriteBack.Schedules);
    }

    [Fact]
    public void BenOr_CoinsEndTheEndlessRun_AndOnlyTheCommonOneScales()
    {
        var coins = BenOrDemonstration.Run(1);
        Assert.True(coins.Holds);
        Assert.All(coins.LocalRounds, static rounds => Assert.InRange(rounds, 1, 99));
        Assert.All(coins.CommonRounds, static rounds => Assert.InRange(rounds, 1, 99));
        Assert.True(coins.Means[^1].Local > 20 * coins.Means[0].Local);
        Assert.True(coins.Means[^1].Common < 2 * coins.Means[0].Common);
    }

    [Fact]
    public void Flooding_NeedsOneRoundMoreThanCrashes()
    {
        var flooding = FloodingDemonstration.Run(1);
        Assert.All(flooding.Rows, static row => Assert.Equal(row.Rounds <= row.Crashes, row.Disagreements > 0));
        Assert.Contains(flooding.Rows, static row => row.Crashes == 2 && row.Rounds == 3);

        // One process of three may crash, in one round, reaching any of two others; eight inputs.
        FloodingRow first = flooding.Rows.First();
        Assert.Equal((1 + (3 * 4)) * 8, first.Executions);
    }

    [Fact]
    public void CommitWait_KeepsRealTimeOrder_AndCostsTwiceTheUncertainty()
    {
        var wait = CommitWaitDemonstration.Run(3);
        Assert.All(wait.Rows, static row =>
        {
            Assert.Equal(0, row.InversionsWithWait);
            Assert.True(row.InversionsWithout > 0);
            Assert.InRange(row.MeanWaitUs, 2 * row.UncertaintyUs, (2 * row.UncertaintyUs) + 1);
        });
    }

    [Fact]
    public void Paxos_AgreesWhole_AndEveryRuleIsNeeded()
    {
        var paxos = PaxosDemonstration.Run(2);
        Assert.Equal(4, paxos.Rows.Count);
        Assert.All(paxos.Rows, static row => Assert.Equal(row.Gap == PaxosGap.None, row.Violations == 0));

        // Three prepares, three promises, three accepts, and two acceptors' word until a majority is there.
        Assert.Equal(11, paxos.CalmMessages);
    }
}
