// Goal: the fast checker and the definition agree, both ways, on every small history.
// Method: histories that are linearizable by construction, by seed; mutated ones judged by brute force; large ones for
// size.
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using CoreEngine.Model;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Simulation.Tests.Checkers;

public sealed class RandomHistoryTests(ITestOutputHelper output)
{
    private const int Seeds = 10_000;

    [Fact]
    public void HistoriesThatAreLinearizableByConstruction_AreAccepted()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            List<HistoryOperation> operations = Small(seed, 7);
            LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations);
            Assert.True(verdict.Verdict == Verdict.Linearizable, $"seed {seed}: {verdict.Explanation}");
        }
    }

    [Fact]
    public void LongerHistories_AreAcceptedToo()
    {
        for (ulong seed = 0; seed < 500; seed++)
        {
            List<HistoryOperation> operations = Small(seed, 60);
            LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations);
            Assert.True(verdict.Verdict == Verdict.Linearizable, $"seed {seed}: {verdict.Explanation}");
        }
    }

    [Fact]
    public void MutatedHistories_AreJudgedAsByBruteForce()
    {
        int accepted = 0;
        int refused = 0;
        for (ulong seed = 0; seed < 2 * Seeds; seed++)
        {
            List<HistoryOperation> operations = Small(seed, 7);
            Mutate(operations, new Prng(~seed));
            bool expected = BruteForce.IsLinearizable(operations);
            LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations);
            Assert.True(
                verdict.Verdict == (expected ? Verdict.Linearizable : Verdict.Violation),
                $"seed {seed}: expected {expected}\n{string.Join('\n', operations)}\n{verdict.Explanation}");
            accepted += expected ? 1 : 0;
            refused += expected ? 0 : 1;
            if (!expected)
            {
                AssertPrefixIsSmallest(operations, verdict, seed);
            }
        }

        output.WriteLine($"{accepted} accepted, {refused} refused");
        Assert.True(accepted > Seeds / 4);
        Assert.True(refused > Seeds / 4);
    }

    [Fact]
    public void Speed_IsPrinted()
    {
        List<HistoryOperation> operations = new HistoryGenerator(1)
        {
            Values = 0,
            Processes = 64,
            Keys = 1000,
            LostPercent = 1,
            HasAppends = false,
        }.Make(100_000);
        for (int i = 0; i < 3; i++)
        {
            var watch = Stopwatch.StartNew();
            LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{verdict.Operations} ops, {verdict.Keys} keys, {verdict.Unknowns} lost: "
                + $"{watch.ElapsedMilliseconds} ms"));
            Assert.Equal(Verdict.Linearizable, verdict.Verdict);
        }
    }

    [Fact]
    public void OneHotKeyWithManyClients_IsDecided()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            List<HistoryOperation> operations = new HistoryGenerator(seed)
            {
                Values = 0,
                Processes = 16,
                LostPercent = 2,
                HasAppends = false,
            }.Make(5_000);
            LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations);
            Assert.True(verdict.Verdict == Verdict.Linearizable, $"seed {seed}: {verdict.Explanation}");
        }
    }

    private static List<HistoryOperation> Small(ulong seed, int count)
    {
        var prng = new Prng(seed);
        return new HistoryGenerator(prng.Next())
        {
            Values = (int)prng.Between(0, 4),
            Processes = (int)prng.Between(2, 6),
            LostPercent = (int)prng.Between(0, 100) / (int)prng.Between(1, 6),
            HasAppends = prng.Chance(1, 2),
        }.Make(count);
    }

    /// <summary>
    /// Changes one or two operations: a read's result, an interval, an argument, or known into unknown and back.
    /// </summary>
    private static void Mutate(List<HistoryOperation> operations, Prng prng)
    {
        for (int times = (int)prng.Between(1, 6); times > 0 && operations.Count > 0; times--)
        {
            int chosen = (int)prng.Between(0, operations.Count);
            HistoryOperation operation = operations[chosen];
            HistoryOperation other = operations[(int)prng.Between(0, operations.Count)];
            string? otherValue = prng.Chance(1, 4) ? $"{other.Value}{operation.Value}" : other.Value;
            bool canChangeValue = operation.Function == HistoryFunction.Read ||
                (operation.Function != HistoryFunction.Delete && otherValue is not null);
            operations[chosen] = prng.Between(0, 4) switch
            {
                0 when canChangeValue => operation with { Value = otherValue },
                1 when !operation.IsUnknown => operation with { Returned = operation.Invoked },
                2 when operation.IsUnknown => operation with { Returned = operation.Invoked },
                _ when operation.Function == HistoryFunction.Read => operation with { Value = otherValue },
                _ => operation,
            };
        }

        // Distinct places again: an invocation shares its place with nothing, a moved return comes right after it.
        for (int i = 0; i < operations.Count; i++)
        {
            HistoryOperation operation = operations[i];
            int returned = operation.IsUnknown ? HistoryOperation.Never
                : operation.Returned == operation.Invoked ? (2 * operation.Returned) + 1 : 2 * operation.Returned;
            operations[i] = operation with { Invoked = 2 * operation.Invoked, Returned = returned };
        }
    }

    /// <summary>
    /// The prefix is not linearizable by brute force, and the next shorter one that ends before its last return is.
    /// </summary>
    private static void AssertPrefixIsSmallest(
        List<HistoryOperation> operations, LinearizabilityVerdict verdict, ulong seed)
    {
        List<HistoryOperation> prefix = CutAfter(operations, verdict.PrefixEvents - 1);
        Assert.False(BruteForce.IsLinearizable(prefix), $"seed {seed}: not in the prefix");
        List<HistoryOperation> shorter = CutAfter(operations, verdict.PrefixEvents - 2);
        Assert.True(BruteForce.IsLinearizable(shorter), $"seed {seed}: not the smallest");
    }

    /// <summary>What had been invoked by then; what had not returned is unknown.</summary>
    private static List<HistoryOperation> CutAfter(List<HistoryOperation> operations, int last)
    {
        var cut = new List<HistoryOperation>();
        foreach (HistoryOperation operation in operations)
        {
            if (operation.Invoked <= last)
            {
                cut.Add(operation.Returned <= last ? operation : operation with { Returned = HistoryOperation.Never });
            }
        }

        return cut;
    }
}
