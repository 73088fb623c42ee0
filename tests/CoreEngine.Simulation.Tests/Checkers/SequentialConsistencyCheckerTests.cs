// Goal: the checker accepts a history exactly when one order of all operations keeps every process's order.
// Method: small programs as text; generated ones by seed, honest and mutated, judged by every interleaving.
using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Simulation.Tests.Checkers;

public sealed class SequentialConsistencyCheckerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("r x -")]
    [InlineData("w x a\nr x -; r x a")]
    [InlineData("w x a; w x b\nr x a; r x b")]
    [InlineData("w x a; r x a; w x b\nw x c; r x c; r x a; r x b")]
    [InlineData("w x a; r y -\nw y b; r x a")]
    [InlineData("c x - a; c x b c\nc x a b; r x c")]
    [InlineData("a x p\na x q; r x qp")]
    [InlineData("w x a; d x\nr x a; r x -")]
    [InlineData("w x a ?\nr x -; r x a")]
    [InlineData("w x a ?\nr x -; r x -")]
    [InlineData("w x a; c x b c ?\nr x a; w x b; r x c")]
    public void OneOrderForAll_IsAccepted(string text) => AssertJudged(text, Judgement.Holds);

    [Theory]
    [InlineData("r x a")]
    [InlineData("w x a; r x -")]
    [InlineData("w x a; w x b\nr x b; r x a")]
    [InlineData("w x a\nw x b\nr x a; r x b\nr x b; r x a")]
    [InlineData("w x a; r y -\nw y b; r x -")]
    [InlineData("w x a\nr x a; w y b\nr y b; r x -")]
    [InlineData("c x - a\nc x - b")]
    [InlineData("a x p\na x q\nr x qp\nr x pq")]
    [InlineData("w x a; d x\nr x -; r x a; r x -; r x a")]
    [InlineData("w x a; w y a ?\nr y a; r x -")]
    [InlineData("w x a ?\nr x a; r x -")]
    public void NoOrderForAll_IsRefused(string text) => AssertJudged(text, Judgement.Violated);

    [Fact]
    public void AStaleReadOfAnotherProcess_IsSequentialButNotLinearizable()
    {
        List<HistoryOperation> operations = ProgramText.Parse("w x a\nr x -; r x a");
        Assert.Equal(Judgement.Holds, SequentialConsistencyChecker.Check(operations).Judgement);
        Assert.Equal(Verdict.Violation, LinearizabilityChecker.Check(operations).Verdict);
    }

    [Fact]
    public void Violation_NamesWhatCannotBePlaced()
    {
        SequentialVerdict verdict = SequentialConsistencyChecker.Check(ProgramText.Parse("w x a; w x b\nr x b; r x a"));
        Assert.Equal("a", Assert.Single(verdict.Stuck).Value);
        Assert.Contains("process 1 [6, 7] read -> \"a\"", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void Bounds_AreAnsweredByUndecided()
    {
        List<HistoryOperation> operations = ProgramText.Parse("w x a\nw x b\nr x a; r x b\nr x b; r x a");
        foreach (CheckerLimits limits in (CheckerLimits[])
            [new() { StepsMax = 3 }, new() { MemoryBytesMax = 100 }, new() { ValueCharsMax = 1 }])
        {
            SequentialVerdict verdict = SequentialConsistencyChecker.Check(operations, limits);
            Assert.Equal(Judgement.Undecided, verdict.Judgement);
            Assert.Contains("Gave up", verdict.Explanation, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void WhatIsNoHistory_IsUndecided()
    {
        List<HistoryOperation> operations = ProgramText.Parse("w x a ?; r x a");
        Assert.Equal(Judgement.Undecided, SequentialConsistencyChecker.Check(operations).Judgement);
        HistoryEvent end = new(0, 0, 0, HistoryEventType.Ok, HistoryFunction.Read, "x", null);
        Assert.Equal(Judgement.Undecided, SequentialConsistencyChecker.Check([end]).Judgement);
    }

    [Fact]
    public void SerialExecutions_AreAccepted()
    {
        for (ulong seed = 0; seed < 2_000; seed++)
        {
            var generator = new ProgramGenerator(seed) { HasUniqueWrites = seed % 2 == 0 };
            SequentialVerdict verdict = SequentialConsistencyChecker.Check(generator.Make(20));
            Assert.True(verdict.Judgement == Judgement.Holds, $"seed {seed}: {verdict.Explanation}");
        }
    }

    [Fact]
    public void MutatedHistories_AreJudgedAsByBruteForce()
    {
        int accepted = 0;
        int refused = 0;
        for (ulong seed = 0; seed < 6_000; seed++)
        {
            var generator = new ProgramGenerator(seed) { HasUniqueWrites = seed % 2 == 0 };
            List<HistoryOperation> operations = generator.Make(7);
            ProgramGenerator.Mutate(operations, new Prng(~seed));
            bool expected = ProgramBruteForce.IsSequential(operations);
            SequentialVerdict verdict = SequentialConsistencyChecker.Check(operations);
            Assert.True(
                verdict.Judgement == (expected ? Judgement.Holds : Judgement.Violated),
                $"seed {seed}: expected {expected}\n{string.Join('\n', operations)}\n{verdict.Explanation}");
            accepted += expected ? 1 : 0;
            refused += expected ? 0 : 1;
        }

        output.WriteLine($"{accepted} accepted, {refused} refused");
        Assert.True(accepted > 500);
        Assert.True(refused > 500);
    }

    private static void AssertJudged(string text, Judgement expected)
    {
        List<HistoryOperation> operations = ProgramText.Parse(text);
        Assert.Equal(expected == Judgement.Holds, ProgramBruteForce.IsSequential(operations));
        Assert.Equal(expected, SequentialConsistencyChecker.Check(operations).Judgement);
    }
}
