// Goal: replicas that were delivered the same must end in one state, and those that differ are named.
// Method: final states as text, a line per replica: name, state, deliveries.
using System;
using System.Linq;
using CoreEngine.Simulation.Checkers;
using Xunit;

namespace CoreEngine.Simulation.Tests.Checkers;

public sealed class ConvergenceCheckerTests
{
    [Theory]
    [InlineData("A s 1 2\nB s 2 1", 1)]
    [InlineData("A s 1 2\nB s 2 1 1\nC t 1", 1)]
    [InlineData("A s\nB s\nC s", 3)]
    [InlineData("A s 1\nB t 2", 0)]
    [InlineData("A s 1\nB s 2", 0)]
    public void EqualDeliveriesWithEqualStates_AreAccepted(string text, long pairs)
    {
        ConvergenceVerdict verdict = Check(text);
        Assert.Equal(Judgement.Holds, verdict.Judgement);
        Assert.Equal(pairs, verdict.Pairs);
        Assert.Equal(pairs == 0, verdict.Explanation.Contains("nothing was compared", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("A s 1 2\nB t 2 1", "{A} {B}")]
    [InlineData("A s 1 2\nB t 1 2\nC s 2 1\nD u 1", "{A, C} {B}")]
    [InlineData("A s\nB t\nC u", "{A} {B} {C}")]
    public void EqualDeliveriesWithDifferentStates_AreRefusedByName(string text, string camps)
    {
        ConvergenceVerdict verdict = Check(text);
        Assert.Equal(Judgement.Violated, verdict.Judgement);
        Assert.EndsWith($"states: {camps}.", verdict.Explanation, StringComparison.Ordinal);
        Assert.Equal(
            camps,
            string.Join(
                ' ',
                Assert.Single(verdict.Divergences).Camps.Select(camp => $"{{{string.Join(", ", camp)}}}")));
    }

    [Fact]
    public void EveryGroupThatDiffers_IsNamed()
    {
        ConvergenceVerdict verdict = Check("A s 1\nB t 1\nC s 2\nD t 2\nE s 3\nF s 3");
        Assert.Equal(2, verdict.Divergences.Count);
        Assert.Equal(3, verdict.Pairs);
    }

    [Fact]
    public void OneNameTwice_IsUndecided() => Assert.Equal(Judgement.Undecided, Check("A s 1\nA s 1").Judgement);

    private static ConvergenceVerdict Check(string text) => ConvergenceChecker.Check(
        [.. text.Split('\n').Select(line => line.Split(' ')).Select(
            words => new ReplicaFinal(words[0], words[1], words[2..]))]);
}
