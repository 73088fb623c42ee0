// Goal: every anomaly is found by its own name, with its cycle, and every serializable history is accepted.
// Method: transactions as text, per anomaly; generated serial executions by seed, mutated, judged by every order.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;
using Xunit;
using Xunit.Abstractions;

namespace CoreEngine.Simulation.Tests.Checkers;

public sealed class SerializabilityCheckerTests(ITestOutputHelper output)
{
    private static readonly TransactionAnomaly[] Cycles =
        [TransactionAnomaly.G0, TransactionAnomaly.G1c, TransactionAnomaly.GSingle, TransactionAnomaly.G2Item];

    [Theory]
    [InlineData("ok r x []")]
    [InlineData("ok append x 1, r x [1]\nok r x [1], append x 2\nok r x [1 2]")]
    [InlineData("ok append x 1, append y 1\nok append x 2, append y 2\nok r x [1 2], r y [1 2]")]
    [InlineData("ok r x [1]\nok append x 1")]
    [InlineData("ok append x 1, append x 2\nok r x [1 2]")]
    [InlineData("fail append x 1\nok r x []")]
    [InlineData("info append x 1\nok r x [1]")]
    [InlineData("info append x 1\nok r x []")]
    [InlineData("ok r x [], append y 1\nok r y [1], append x 1")]
    [InlineData("ok append x 1\nok append x 2\nok append x 3")]
    public void SerializableHistories_AreAccepted(string text)
    {
        Assert.Equal(Judgement.Holds, Check(text).Judgement);
        Assert.True(SerialBruteForce.IsSerializable(Ends(TransactionText.Parse(text))));
    }

    // Each history holds the anomaly, and nothing of a stricter name.
    [Theory]
    [InlineData(
        "ok append x 1, append y 1\nok append x 2, append y 2\nok r x [1 2], r y [2 1]",
        "G0", "T0 -ww x-> T1, T1 -ww y-> T0")]
    [InlineData("ok append x 1, append x 3\nok append x 2\nok r x [1 2 3]", "G0", "T0 -ww x-> T1, T1 -ww x-> T0")]
    [InlineData("fail append x 1\nok r x [1]", "G1a", "aborted T0 -wr x-> T1")]
    [InlineData("ok append x 1, append x 2\nok r x [1]", "G1b", "T0 -wr x-> T1")]
    [InlineData("ok append x 1, r y [1]\nok append y 1, r x [1]", "G1c", "T0 -wr x-> T1, T1 -wr y-> T0")]
    [InlineData(
        "ok append x 1, append y 1\nok append x 2, r y []\nok r x [1 2]",
        "G-single", "T1 -rw y-> T0, T0 -ww x-> T1")]
    [InlineData("ok append x 1, append y 1\nok r x [1], r y []", "G-single", "T1 -rw y-> T0, T0 -wr x-> T1")]
    [InlineData(
        "ok r x [], append x 1\nok r x [], append x 2\nok r x [1 2]",
        "G-single", "T1 -rw x-> T0, T0 -ww x-> T1")]
    [InlineData("ok r x [], append y 1\nok r y [], append x 1", "G2-item", "T0 -rw x-> T1, T1 -rw y-> T0")]
    [InlineData("ok r x [], append x 1\nok r x [], append x 2", "G2-item", "T0 -rw x-> T1, T1 -rw x-> T0")]
    [InlineData("ok r x [], append y 1\nok r y [], append z 1\nok r z [], append x 1", "G2-item", "-rw z->")]
    [InlineData("info append x 1, append y 1\nok r x [1], r y []", "G-single", "T1 -rw y-> T0, T0 -wr x-> T1")]
    [InlineData("ok append x 1, r x []", "internal", "r x []")]
    [InlineData("ok r x [1], append x 1", "internal", "r x [1]")]
    [InlineData("ok r x [], r x [1]\nok append x 1", "internal", "r x [1]")]
    [InlineData("ok append x 1\nok append x 2\nok r x [1]\nok r x [2]", "incompatible order", "key x was read as")]
    [InlineData("ok r x [1]", "unwritten read", "element 1 of key x")]
    [InlineData("ok append x 1\nok r x [1 1]", "unwritten read", "element 1 of key x")]
    public void Anomalies_AreNamedWithTheirCycle(string text, string name, string detail)
    {
        SerializabilityVerdict verdict = Check(text);
        Assert.Equal(Judgement.Violated, verdict.Judgement);
        FoundAnomaly? found = verdict.Anomalies.FirstOrDefault(
            one => SerializabilityChecker.NameOf(one.Kind) == name);
        Assert.True(found is not null, verdict.Explanation);
        Assert.True(found.Explanation.Contains(detail, StringComparison.Ordinal), found.Explanation);
        Assert.DoesNotContain(
            verdict.Anomalies,
            one => Cycles.Contains(one.Kind) && Cycles.Contains(found.Kind) && one.Kind < found.Kind);
        AssertCyclesAreReal(verdict);
        Assert.False(SerialBruteForce.IsSerializable(Ends(TransactionText.Parse(text))));
    }

    [Fact]
    public void AHistoryFile_IsReadAndJudged()
    {
        const string Lines = """
            {"index":0,"type":"invoke","f":"txn","process":0,"time":1,"value":[["append",5,8],["r",5,null]]}
            {"index":1,"type":"ok","f":"txn","process":0,"time":2,"value":[["append",5,8],["r",5,[8]]]}
            {"index":2,"type":"invoke","f":"txn","process":1,"time":3,"value":[["r","5",null]]}
            {"index":3,"type":"ok","f":"txn","process":1,"time":4,"value":[["r","5",[8]]]}

            """;
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(Lines));
        Assert.True(
            TransactionFile.TryRead(stream, out IReadOnlyList<TransactionEvent>? events, out string? reason), reason);
        Assert.Equal(Judgement.Holds, SerializabilityChecker.Check(events).Judgement);
        Assert.Equal([8L], events[3].Steps[0].List);
        Assert.Equal(2, SerializabilityChecker.Check(events).Transactions);
    }

    [Theory]
    [InlineData("ok append x 1\nok append x 1", "appended to key x twice")]
    [InlineData("ok append x 1\nfail append x 1", "appended to key x twice")]
    public void WhatIsNoListAppendHistory_IsUndecided(string text, string why)
    {
        SerializabilityVerdict verdict = Check(text);
        Assert.Equal(Judgement.Undecided, verdict.Judgement);
        Assert.Contains(why, verdict.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNoHistory_IsUndecided()
    {
        TransactionStep read = new(TransactionFunction.Read, "x", 0, null);
        TransactionEvent call = new(0, 0, 0, HistoryEventType.Invoke, [read]);
        TransactionEvent[][] histories =
        [
            [call with { Type = HistoryEventType.Ok }],
            [call, call],
            [call, call with { Type = HistoryEventType.Ok }],
            [call, call with { Type = HistoryEventType.Ok, Steps = [] }],
            [call, call with { Type = HistoryEventType.Info }, call],
        ];
        Assert.All(
            histories,
            events => Assert.Equal(Judgement.Undecided, SerializabilityChecker.Check(events).Judgement));
    }

    [Fact]
    public void TheBoundOnEdges_IsAnsweredByUndecided()
    {
        List<TransactionEvent> events = TransactionText.Parse("ok append x 1\nok append x 2\nok r x [1 2]");
        Assert.Equal(
            Judgement.Undecided,
            SerializabilityChecker.Check(events, new CheckerLimits { EdgesMax = 1 }).Judgement);
    }

    [Fact]
    public void WithoutStepsLeft_ACycleIsStillNamed()
    {
        List<TransactionEvent> events = TransactionText.Parse("ok r x [], append y 1\nok r y [], append x 1");
        SerializabilityVerdict verdict = SerializabilityChecker.Check(events, new CheckerLimits { StepsMax = -1 });
        Assert.Equal(TransactionAnomaly.G2Item, Assert.Single(verdict.Anomalies).Kind);
    }

    [Fact]
    public void SerialExecutions_AreAccepted()
    {
        for (ulong seed = 0; seed < 1_000; seed++)
        {
            SerializabilityVerdict verdict = SerializabilityChecker.Check(
                Events(new TransactionGenerator(seed).Make(60)));
            Assert.True(verdict.Judgement == Judgement.Holds, $"seed {seed}: {verdict.Explanation}");
        }
    }

    [Fact]
    public void MutatedHistories_AreJudgedAsByBruteForce()
    {
        var found = new SortedDictionary<TransactionAnomaly, int>();
        int accepted = 0;
        for (ulong seed = 0; seed < 8_000; seed++)
        {
            var generator = new TransactionGenerator(seed);
            List<TransactionEvent> ends = generator.Make(5);
            generator.Mutate(ends);
            bool expected = SerialBruteForce.IsSerializable(ends);
            SerializabilityVerdict verdict = SerializabilityChecker.Check(Events(ends));
            string text = string.Join('\n', ends.Select(end => $"{end.Type} {string.Join(", ", end.Steps)}"));
            Assert.True(
                verdict.Judgement == (expected ? Judgement.Holds : Judgement.Violated),
                $"seed {seed}: expected {expected}\n{text}\n{verdict.Explanation}");
            AssertCyclesAreReal(verdict);
            accepted += expected ? 1 : 0;
            foreach (FoundAnomaly anomaly in verdict.Anomalies)
            {
                found[anomaly.Kind] = found.GetValueOrDefault(anomaly.Kind) + 1;
            }
        }

        output.WriteLine($"{accepted} accepted; {string.Join(' ', found)}");
        Assert.True(accepted > 1_000);
        Assert.True(found.Count == Enum.GetValues<TransactionAnomaly>().Length, string.Join(' ', found));
    }

    private static SerializabilityVerdict Check(string text) =>
        SerializabilityChecker.Check(TransactionText.Parse(text));

    private static List<TransactionEvent> Ends(List<TransactionEvent> events) =>
        [.. events.Where(static e => e.Type != HistoryEventType.Invoke)];

    /// <summary>Puts the invocations of all before the completions.</summary>
    private static List<TransactionEvent> Events(List<TransactionEvent> ends) =>
        [.. ends.Select(static e => e with
        {
            Type = HistoryEventType.Invoke,
            Steps = [.. e.Steps.Select(static step => step with { List = null })],
        }),
            .. ends];

    /// <summary>
    /// Each edge begins where the one before ended, and the kinds of the edges are those of the name.
    /// </summary>
    private static void AssertCyclesAreReal(SerializabilityVerdict verdict)
    {
        foreach (FoundAnomaly anomaly in verdict.Anomalies.Where(static one => Cycles.Contains(one.Kind)))
        {
            IReadOnlyList<Dependency> cycle = anomaly.Cycle;
            for (int i = 0; i < cycle.Count; i++)
            {
                Assert.Equal(cycle[i].To, cycle[(i + 1) % cycle.Count].From);
            }

            int reads = cycle.Count(static edge => edge.Kind == Dependencies.WriteRead);
            int anti = cycle.Count(static edge => edge.Kind == Dependencies.ReadWrite);
            Assert.Equal(cycle.Count, cycle.Select(static edge => edge.From).Distinct().Count());
            Assert.True(
                anomaly.Kind switch
                {
                    TransactionAnomaly.G0 => reads == 0 && anti == 0,
                    TransactionAnomaly.G1c => reads > 0 && anti == 0,
                    TransactionAnomaly.GSingle => anti == 1,
                    _ => anti >= 2,
                },
                anomaly.Explanation);
        }
    }
}
