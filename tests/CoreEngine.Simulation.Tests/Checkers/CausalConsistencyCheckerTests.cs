// Goal: the checker names the bad pattern of a history that is not causally consistent, and accepts every other.
// Method: small programs as text, per pattern; generated ones by seed, mutated, judged by the definition of CC.
using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Simulation.Tests.Checkers;

public sealed class CausalConsistencyCheckerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("r x -")]
    [InlineData("w x a; r x a")]
    [InlineData("w x a\nr x -; r x a")]
    [InlineData("w x a\nr x a; w y b\nr y b; r x a")]
    [InlineData("w x a\nr x a; w y b\nr x -; r y b")]
    [InlineData("w x a ?\nr x a")]
    [InlineData("w x a ?\nr x -")]
    public void CausalHistories_AreAccepted(string text) => AssertJudged(text, CausalPattern.None);

    [Theory]
    [InlineData("w x a\nw x b\nr x a; r x b\nr x b; r x a")]
    [InlineData("w x a; r y -\nw y b; r x -")]
    [InlineData("w x a; r x b\nw x b; r x a")]
    public void ConcurrentWrites_MayBeSeenInDifferentOrdersUnlikeUnderSequentialConsistency(string text)
    {
        AssertJudged(text, CausalPattern.None);
        Assert.Equal(
            Judgement.Violated, SequentialConsistencyChecker.Check(ProgramText.Parse(text)).Judgement);
    }

    [Theory]
    [InlineData("r x a", CausalPattern.ThinAirRead)]
    [InlineData("w y a; r x a", CausalPattern.ThinAirRead)]
    [InlineData("r x a; w x a", CausalPattern.CyclicCO)]
    [InlineData("r x a; w y b\nr y b; w x a", CausalPattern.CyclicCO)]
    [InlineData("w x a; r x -", CausalPattern.WriteCOInitRead)]
    [InlineData("w x a\nr x a; r x -", CausalPattern.WriteCOInitRead)]
    [InlineData("w x a\nr x a; w y b\nr y b; r x -", CausalPattern.WriteCOInitRead)]
    [InlineData("w x a; w x b; r x a", CausalPattern.WriteCORead)]
    [InlineData("w x a; w x b\nr x b; r x a", CausalPattern.WriteCORead)]
    [InlineData("w x a\nr x a; w x b; w y c\nr y c; r x a", CausalPattern.WriteCORead)]
    [InlineData("w x a ?\nr x a; r x -", CausalPattern.WriteCOInitRead)]
    public void BadPatterns_AreNamed(string text, CausalPattern pattern) => AssertJudged(text, pattern);

    [Fact]
    public void Violation_NamesWritesAndRead()
    {
        CausalVerdict verdict = CausalConsistencyChecker.Check(
            ProgramText.Parse("w x a\nr x a; w x b; w y c\nr y c; r x a"));
        Assert.Collection(
            verdict.Involved,
            write => Assert.Equal((0, "a"), (write.Process, write.Value)),
            write => Assert.Equal((1, "b"), (write.Process, write.Value)),
            read => Assert.Equal((2, HistoryFunction.Read), (read.Process, read.Function)));
        Assert.StartsWith("WriteCORead", verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void ACircle_IsGivenInItsOrder()
    {
        CausalVerdict verdict = CausalConsistencyChecker.Check(
            ProgramText.Parse("w z a; r x a; w y b\nr y b; w x a"));
        Assert.Equal(4, verdict.Involved.Count);
        for (int i = 0; i < 4; i++)
        {
            HistoryOperation from = verdict.Involved[i];
            HistoryOperation to = verdict.Involved[(i + 1) % 4];
            bool isProgramOrder = from.Process == to.Process && from.Invoked < to.Invoked;
            bool isReadsFrom = from.Function == HistoryFunction.Write && to.Function == HistoryFunction.Read
                && (from.Key, from.Value) == (to.Key, to.Value);
            Assert.True(isProgramOrder || isReadsFrom, $"{from} to {to}");
        }
    }

    [Theory]
    [InlineData("w x a\nw x a")]
    [InlineData("c x - a")]
    [InlineData("d x")]
    public void OtherHistoriesThanOfUniqueWrites_AreUndecided(string text) =>
        Assert.Equal(Judgement.Undecided, CausalConsistencyChecker.Check(ProgramText.Parse(text)).Judgement);

    [Fact]
    public void TheBound_IsAnsweredByUndecided()
    {
        CausalVerdict verdict = CausalConsistencyChecker.Check(
            ProgramText.Parse("w x a\nr x a"), new CheckerLimits { MemoryBytesMax = 15 });
        Assert.Equal(Judgement.Undecided, verdict.Judgement);
    }

    [Fact]
    public void SerialExecutions_AreAccepted()
    {
        for (ulong seed = 0; seed < 1_000; seed++)
        {
            CausalVerdict verdict = CausalConsistencyChecker.Check(
                new ProgramGenerator(seed) { HasUniqueWrites = true }.Make(200));
            Assert.True(verdict.Judgement == Judgement.Holds, $"seed {seed}: {verdict.Explanation}");
        }
    }

    [Fact]
    public void MutatedHistories_AreJudgedAsByBruteForce()
    {
        int[] patterns = new int[5];
        for (ulong seed = 0; seed < 10_000; seed++)
        {
            List<HistoryOperation> operations = new ProgramGenerator(seed) { HasUniqueWrites = true }.Make(7);
            ProgramGenerator.Mutate(operations, new Prng(~seed));
            bool expected = ProgramBruteForce.IsCausal(operations);
            CausalVerdict verdict = CausalConsistencyChecker.Check(operations);
            Assert.True(
                verdict.Judgement == (expected ? Judgement.Holds : Judgement.Violated),
                $"seed {seed}: expected {expected}\n{string.Join('\n', operations)}\n{verdict.Explanation}");
            patterns[(int)verdict.Pattern]++;
        }

        output.WriteLine(string.Join(' ', patterns));
        Assert.True(patterns[(int)CausalPattern.None] > 500);
        Assert.True(patterns[(int)CausalPattern.CyclicCO] > 50);
        Assert.True(patterns[(int)CausalPattern.WriteCOInitRead] > 50);
        Assert.True(patterns[(int)CausalPattern.WriteCORead] > 50);
    }

    private static void AssertJudged(string text, CausalPattern pattern)
    {
        List<HistoryOperation> operations = ProgramText.Parse(text);
        CausalVerdict verdict = CausalConsistencyChecker.Check(operations);
        Assert.Equal(pattern, verdict.Pattern);
        Assert.Equal(pattern == CausalPattern.None ? Judgement.Holds : Judgement.Violated, verdict.Judgement);
        Assert.Equal(pattern == CausalPattern.None, ProgramBruteForce.IsCausal(operations));
    }
}
