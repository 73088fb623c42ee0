// Goal: the checker accepts what is linearizable and refuses what is not, for every operation, order and unknown
// outcome.
// Method: small histories drawn as bars over time, each with the verdict that the definition gives.
using System;
using System.Collections.Generic;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;
using Xunit;

namespace CoreEngine.Simulation.Tests.Checkers;

public sealed class LinearizabilityCheckerTests
{
    [Theory]
    [InlineData("|-| r -")]
    [InlineData("|-| w a\n    |-| r a")]
    [InlineData("|-| w a\n    |-| w b\n        |-| r b")]
    [InlineData("|-| w a\n    |-| c a b\n        |-| r b")]
    [InlineData("|-| c - b\n    |-| r b")]
    [InlineData("|-| a a\n    |-| a b\n        |-| r ab")]
    [InlineData("|-| w a\n    |-| a b\n        |-| c ab c\n             |-| r c")]
    [InlineData("|-| w a\n    |-| d\n        |-| r -")]
    [InlineData("|-| d\n    |-| r -")]
    [InlineData("|-| w ab\n    |-| d\n        |-| a c\n            |-| r c")]
    public void Sequences_AreAcceptedForEveryOperation(string text) => AssertAccepted(text);

    [Theory]
    [InlineData("|-| r a")]
    [InlineData("|-| w a\n    |-| r -")]
    [InlineData("|-| w a\n    |-| w b\n        |-| r a")]
    [InlineData("|-| w a\n    |-| c b c")]
    [InlineData("|-| c b c")]
    [InlineData("|-| w a\n    |-| c a b\n        |-| c a d")]
    [InlineData("|-| a a\n    |-| a b\n        |-| r ba")]
    [InlineData("|-| a a\n    |-| r aa")]
    [InlineData("|-| w a\n    |-| d\n        |-| r a")]
    [InlineData("|-| w a\n    |-| d\n        |-| c a b")]
    public void Sequences_AreRefusedForEveryOperation(string text) => AssertRefused(text);

    [Theory]
    [InlineData("|----| w a\n|----| w b\n       |-| r a")]
    [InlineData("|----| w a\n|----| w b\n       |-| r b")]
    [InlineData("|--------| w a\n |-| r -\n     |-| r a")]
    [InlineData("|--------| w a\n|--------| w b\n |-| r b\n     |-| r a")]
    [InlineData("|---| c - a\n|---| c a b\n|---| c b c\n      |-| r c")]
    [InlineData("|---| a a\n|---| a b\n      |-| r ba")]
    public void ConcurrentOperations_MayStandInAnyOrder(string text) => AssertAccepted(text);

    [Theory]
    [InlineData("|--------| w a\n |-| r a\n     |-| r -")]
    [InlineData("|--------| w a\n|--------| w b\n |-| r b\n     |-| r a\n         |-| r b")]
    [InlineData("|---| c - a\n|---| c - b")]
    [InlineData("|---| a a\n|---| a b\n      |-| r ba\n          |-| r ab")]
    [InlineData("|---| w a\n|---| w b\n      |-| r a\n      |-| r b")]
    public void ConcurrentOperations_HaveOneOrderForAll(string text) => AssertRefused(text);

    [Theory]
    [InlineData("|-? w a\n     |-| r a")]
    [InlineData("|-? w a\n     |-| r -")]
    [InlineData("|-? w a\n     |-| r -\n          |-| r a")]
    [InlineData("|-| w a\n   |-? w b\n       |-| w c\n           |-| r c\n                |-| r b")]
    [InlineData("|-| w a\n   |-? c a b\n       |-| r a\n           |-| r b")]
    [InlineData("|-| w a\n   |-? d\n       |-| r a\n           |-| r -")]
    [InlineData("|-? a a\n|-? a b\n     |-| r b\n          |-| r ba")]
    [InlineData("|-? w a\n|-? c a b\n|-? c b c\n     |-| r c")]
    [InlineData("|-? w a\n     |-| a b\n          |-| r ab")]
    [InlineData("|-? d\n|-| a a\n     |-| a b\n          |-| r b")]
    [InlineData("|-? r a\n     |-| r -")]
    [InlineData("|-? w a\n|-? w a\n     |-| r a\n         |-| w b\n             |-| r a")]
    public void UnknownOutcomes_MayTakeEffectLateOrNever(string text) => AssertAccepted(text);

    [Theory]
    [InlineData("|-? w a\n     |-| r a\n         |-| r -")]
    [InlineData("|-? w a\n     |-| r b")]
    [InlineData("       |-? w a\n|-| r a")]
    [InlineData("|-? w a\n     |-| r a\n         |-| w b\n             |-| r b\n                 |-| r a")]
    [InlineData("|-? c b c\n     |-| r c")]
    [InlineData("|-? a a\n     |-| r a\n          |-| r aa")]
    [InlineData("|-| w a\n    |-? d\n         |-| r -\n              |-| r a")]
    public void UnknownOutcomes_TakeEffectOnceAndNotBeforeTheirInvocation(string text) => AssertRefused(text);

    [Fact]
    public void FailedOperations_DidNotHappen()
    {
        List<HistoryEvent> events = [];
        Add(events, 1, HistoryFunction.Write, "a", null, HistoryEventType.Ok);
        Add(events, 1, HistoryFunction.Cas, "c", "b", HistoryEventType.Fail);
        Add(events, 1, HistoryFunction.Read, "a", null, HistoryEventType.Ok);
        Assert.Equal(Verdict.Linearizable, LinearizabilityChecker.Check(events).Verdict);

        Add(events, 1, HistoryFunction.Write, "z", null, HistoryEventType.Fail);
        Add(events, 1, HistoryFunction.Read, "z", null, HistoryEventType.Ok);
        Assert.Equal(Verdict.Violation, LinearizabilityChecker.Check(events).Verdict);
    }

    [Fact]
    public void AnInvocationWithoutCompletion_IsUnknown()
    {
        List<HistoryEvent> events = [];
        Add(events, 1, HistoryFunction.Write, "a", null, HistoryEventType.Invoke);
        Add(events, 2, HistoryFunction.Read, "a", null, HistoryEventType.Ok);
        Assert.Equal(Verdict.Linearizable, LinearizabilityChecker.Check(events).Verdict);
    }

    [Fact]
    public void Violation_NamesKeySmallestPrefixAndOperations()
    {
        List<HistoryOperation> operations = HistoryText.Parse(
            "|-| w a\n    |-| w b\n        |-| r a\n            |-| r b");
        operations.AddRange(HistoryText.Parse("|-| w a\n    |-| r a", "y"));
        LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations);
        Assert.Equal(Verdict.Violation, verdict.Verdict);
        Assert.Equal("x", verdict.Key);
        Assert.Equal(operations[2], verdict.Involved[0]);
        Assert.Equal(operations[2].Returned + 1, verdict.PrefixEvents);
        Assert.Contains("read -> \"a\"", verdict.Explanation, StringComparison.Ordinal);
        Assert.Contains(operations[1], verdict.Involved);
    }

    [Fact]
    public void EventsThatAreNoHistory_AreUndecided()
    {
        HistoryEvent invoke = new(0, 0, 1, HistoryEventType.Invoke, HistoryFunction.Read, "x", null);
        HistoryEvent[][] all =
        [
            [invoke, invoke],
            [invoke with { Type = HistoryEventType.Ok }],
            [invoke, invoke with { Type = HistoryEventType.Info }, invoke],
            [invoke, invoke with { Type = HistoryEventType.Ok, Key = "y" }],
            [invoke, invoke with { Type = HistoryEventType.Ok, Function = HistoryFunction.Delete }],
        ];
        foreach (HistoryEvent[] events in all)
        {
            Assert.Equal(Verdict.Undecided, LinearizabilityChecker.Check(events).Verdict);
        }
    }

    [Fact]
    public void ReachingABound_IsUndecidedAndSaysWhich()
    {
        // Twenty concurrent writes and a read of what was never written: 20 * 2^19 configurations without a bound.
        var operations = new List<HistoryOperation>();
        for (int i = 0; i < 20; i++)
        {
            operations.Add(Operation(i, 100 + i, HistoryFunction.Write, $"{i}"));
        }

        operations.Add(Operation(200, 201, HistoryFunction.Read, "never"));
        AssertGivesUp(operations, new CheckerLimits { StepsMax = 10_000 }, "steps");
        AssertGivesUp(operations, new CheckerLimits { MemoryBytesMax = 100_000 }, "bytes");
        AssertGivesUp(operations, new CheckerLimits { ValueCharsMax = 20 }, "characters");
        operations.Add(Operation(300, 301, HistoryFunction.Read, "never") with { Key = "y" });
        var limits = new CheckerLimits { StepsMax = 10_000 };
        Assert.Equal(Verdict.Violation, LinearizabilityChecker.Check(operations, limits).Verdict);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void HundredsOfUnknownOperationsOnOneKey_AreSurvived(bool isHonest)
    {
        // One writer and one reader go on while 400 writes, 200 cas and 100 deletes are lost; some lost writes are seen
        // later.
        var operations = new List<HistoryOperation>();
        int at = 0;
        for (int round = 0; round < 400; round++)
        {
            string lost = $"lost{round}";
            operations.Add(Operation(at++, HistoryOperation.Never, HistoryFunction.Write, lost));
            operations.Add(Operation(at, at + 2, HistoryFunction.Write, $"kept{round}"));
            at += 3;
            if (round % 2 == 0)
            {
                operations.Add(Operation(at++, HistoryOperation.Never, HistoryFunction.Cas, $"cas{round}", lost));
            }

            if (round % 4 == 0)
            {
                operations.Add(Operation(at++, HistoryOperation.Never, HistoryFunction.Delete, null));
            }

            string seen = round % 8 == 0 ? $"cas{round}" : $"kept{round}";
            operations.Add(Operation(at, at + 1, HistoryFunction.Read, seen));
            at += 2;
        }

        if (!isHonest)
        {
            operations.Add(Operation(at, at + 1, HistoryFunction.Read, "kept7"));
        }

        LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations);
        Assert.Equal(isHonest ? Verdict.Linearizable : Verdict.Violation, verdict.Verdict);
    }

    private static void AssertAccepted(string text)
    {
        LinearizabilityVerdict verdict = LinearizabilityChecker.Check(HistoryText.Parse(text));
        Assert.True(verdict.Verdict == Verdict.Linearizable, verdict.Explanation);
        Assert.True(BruteForce.IsLinearizable(HistoryText.Parse(text)));
    }

    private static void AssertRefused(string text)
    {
        Assert.Equal(Verdict.Violation, LinearizabilityChecker.Check(HistoryText.Parse(text)).Verdict);
        Assert.False(BruteForce.IsLinearizable(HistoryText.Parse(text)));
    }

    private static void AssertGivesUp(List<HistoryOperation> operations, CheckerLimits limits, string why)
    {
        LinearizabilityVerdict verdict = LinearizabilityChecker.Check(operations, limits);
        Assert.Equal(Verdict.Undecided, verdict.Verdict);
        Assert.Equal("x", verdict.Key);
        Assert.Contains(why, verdict.Explanation, StringComparison.Ordinal);
    }

    private static HistoryOperation Operation(
        int invoked, int returned, HistoryFunction function, string? value, string? expected = null) =>
        new(invoked, returned, invoked, function, "x", value, expected);

    private static void Add(
        List<HistoryEvent> events,
        int process,
        HistoryFunction function,
        string? value,
        string? expected,
        HistoryEventType end)
    {
        string? argument = function == HistoryFunction.Read ? null : value;
        events.Add(new HistoryEvent(
            events.Count, events.Count, process, HistoryEventType.Invoke, function, "x", argument, expected));
        if (end != HistoryEventType.Invoke)
        {
            events.Add(new HistoryEvent(events.Count, events.Count, process, end, function, "x", value, expected));
        }
    }
}
