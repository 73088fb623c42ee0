using System;
using System.Collections.Generic;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Demonstrators;
using CoreEngine.Simulation.Histories;
using Xunit;

namespace CoreEngine.Simulation.Tests.Demonstrators;

/// <summary>
/// Goal: what a demonstrator tells a reader is true. Method: the facts that it found are asserted, not its text; a
/// different seed must give the same verdict.
/// </summary>
public sealed class DemonstratorTests
{
    public static TheoryData<string> Words()
    {
        var words = new TheoryData<string>();
        foreach (Demonstrator demonstrator in Demonstrator.All)
        {
            words.Add(demonstrator.Word);
        }

        return words;
    }

    [Theory]
    [MemberData(nameof(Words))]
    public void Page_IsTheSameForTheSameSeed_AndTheVerdictForAnother(string word)
    {
        Demonstrator demonstrator = Demonstrator.Find(word)!;
        string once = demonstrator.Show(1, out bool holds);
        string again = demonstrator.Show(1, out _);
        string other = demonstrator.Show(7, out bool holdsToo);
        Assert.True(holds, once);
        Assert.Equal(once, again);
        Assert.True(holdsToo, other);
    }

    [Fact]
    public void Words_AreDistinct_AndAnUnknownOneIsNotFound()
    {
        var words = new HashSet<string>(StringComparer.Ordinal);
        foreach (Demonstrator demonstrator in Demonstrator.All)
        {
            Assert.True(words.Add(demonstrator.Word), demonstrator.Word);
        }

        Assert.Null(Demonstrator.Find("no such word"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Cap_OnlyTheMajorityAnswers_AndOnlyTheEngineIsLinearizable(ulong seed)
    {
        var cap = CapDemonstration.Run(seed);
        Assert.Equal(Verdict.Linearizable, cap.Engine.Verdict);
        Assert.Equal(Verdict.Violation, cap.AnswerAlways.Verdict);
        Assert.Equal(0, cap.MinoritySuccesses);
        Assert.Equal(4, cap.MinorityCalls);
        Assert.Equal(cap.MajorityCalls, cap.MajoritySuccesses);
        Assert.Equal(0, cap.EvenSplitSuccesses);
        Assert.True(cap.AgreeAfterwards);
        Assert.DoesNotContain(cap.Operations, static call => call.Type == HistoryEventType.Invoke);
    }

    [Fact]
    public void Figure8_CountingAnyTermLosesTheEntry_TheEngineWaitsForItsAnchor()
    {
        var figure = Figure8Demonstration.Run(1);
        Figure8Step c = figure.Overwritten[^2];
        Assert.Equal([1, 2, 2, 4], c.Logs[0]);
        Assert.Equal([1, 2, 2], c.Logs[1]);
        Assert.Equal([1, 2, 2], c.Logs[2]);
        Assert.Equal([1], c.Logs[3]);
        Assert.Equal([1, 3], c.Logs[4]);
        Assert.Equal(3UL, c.Naive);
        Assert.True(c.Engine <= 1);
        Assert.Equal([1, 3, 5], figure.Overwritten[^1].Logs[1]);
        Assert.True(figure.NaiveLoses);
        Assert.False(figure.EngineLoses);
        Assert.Equal(4UL, figure.Anchored[^2].Engine);
        Assert.False(figure.OldLogWins);
    }

    [Fact]
    public void Figure8_NaiveCount_NeedsAMajorityThatAgreesOnTheTerm()
    {
        Assert.Equal(2UL, Figure8Demonstration.CountAnyTerm([1, 2, 3], [[1, 2, 3], [1, 2], [1, 1]]));
        Assert.Equal(1UL, Figure8Demonstration.CountAnyTerm([1, 2], [[1, 2], [1, 1], [1, 1]]));
        Assert.Equal(0UL, Figure8Demonstration.CountAnyTerm([2], [[2], [], []]));
    }

    // The cycle is replayed here, apart from the search that found it.
    [Fact]
    public void Flp_TheCycleReturnsToItsBeginning_FairlyAndUndecided()
    {
        var flp = FlpDemonstration.Run(1);
        Assert.Equal(3, flp.Graph.InitialValence(FlpDemonstration.Mixed));
        Assert.Equal(1, flp.Graph.InitialValence(0b000));
        Assert.Equal(2, flp.Graph.InitialValence(0b111));
        Assert.Equal(0, flp.Graph.Disagreements);
        Assert.Equal(flp.Graph.Configurations, flp.Graph.Count(1) + flp.Graph.Count(2) + flp.Graph.Count(3));
        var system = new BenOrSystem();
        system.Begin(FlpDemonstration.Mixed);
        ulong beginning = system.Pack();
        var links = new HashSet<int>();
        Assert.NotNull(flp.Cycle);
        foreach (int link in flp.Cycle)
        {
            Assert.True(system.TryDeliver(link, static _ => 0));
            Assert.Equal(0, BenOrSystem.DecidedIn(system.Pack()));
            links.Add(link);
        }

        Assert.Equal(beginning, system.Pack());
        Assert.Equal(BenOrSystem.Links, links.Count);
    }

    [Fact]
    public void Flp_TheEngineUnderSiege_IsSafeAndNotLive_AndRecovers()
    {
        var flp = FlpDemonstration.Run(3);
        Assert.True(flp.TermsUnderSiege > 10);
        Assert.Equal(0, flp.LeadersUnderSiege);
        Assert.Equal(0, flp.CommittedUnderSiege);
        Assert.InRange(flp.RecoveryNs, 1, 3_000_000_000);
    }

    [Fact]
    public void ElectionStall_GrowsWithTheTimeout()
    {
        var stall = ElectionStallDemonstration.Run(1);
        Assert.True(stall.Rows.Count >= 3);
        Assert.True(stall.Holds);
        Assert.All(stall.Rows, static row => Assert.True(row.LongestMs >= row.MedianMs));
    }

    [Fact]
    public void MinLatency_TheEngineReachesTheFloor()
    {
        var latency = MinLatencyDemonstration.Run(1);
        Assert.NotEmpty(latency.Rows);
        Assert.All(latency.Rows, static row =>
        {
            Assert.InRange(row.LeaderMeasuredNs - row.LeaderFloorNs, 0, MinLatencyDemonstration.TickNs);
            Assert.InRange(row.FarMeasuredNs - row.FarFloorNs, 0, MinLatencyDemonstration.TickNs);
        });
    }

    [Fact]
    public void MinLatency_TheQuorumsLastAnswerCounts()
    {
        long[][] trips = [[0, 10, 50], [10, 0, 40], [50, 40, 0]];
        Assert.Equal(13, LatencyCalculator.AtLeader(trips, 3, 0));
        Assert.Equal(43, LatencyCalculator.AtLeader(trips, 3, 2));
        Assert.Equal(63, LatencyCalculator.At(trips, 3, 0, 2));
    }

    [Fact]
    public void Bounds_AreNeverUndercut_AndTheEngineIsLinear()
    {
        var bounds = BoundsDemonstration.Run(1);
        Assert.Equal([3, 5, 7], bounds.Rows.ConvertAll(static row => row.Replicas));
        Assert.All(bounds.Rows, static row =>
        {
            Assert.InRange(row.ToCommit, row.ToCommitBound, 2 * (row.Replicas - 1));
            Assert.InRange(row.ToAll, row.ToAllBound, 4 * (row.Replicas - 1));
            Assert.InRange(row.DelaysAtLeader, 2, 2.1);
            Assert.InRange(row.DelaysAtFollower, 4, 4.2);
        });
    }
}
