// Goal: a planted stale read is stale for sure: the checker refuses it, and so does the definition.
// Method: generated linearizable histories by seed, planted and judged; histories in which nothing can be planted.
using System.Collections.Generic;
using CoreEngine.Simulation.Checkers;
using CoreEngine.Simulation.Histories;
using Xunit;

namespace CoreEngine.Simulation.Tests.Checkers;

public sealed class StaleReadPlanterTests
{
    [Fact]
    public void APlantedRead_IsRefused()
    {
        int planted = 0;
        for (ulong seed = 0; seed < 2_000; seed++)
        {
            List<HistoryEvent> events = Events(Generate(seed, 8));
            Assert.Equal(Verdict.Linearizable, LinearizabilityChecker.Check(events).Verdict);
            if (!StaleReadPlanter.TryPlant(events, seed, out PlantedHistory? lie, out _))
            {
                continue;
            }

            planted++;
            Assert.Equal(lie.Stale, lie.Events[lie.At].Value);
            Assert.Equal(lie.Honest, events[lie.At].Value);
            Assert.NotEqual(lie.Honest, lie.Stale);
            LinearizabilityVerdict verdict = LinearizabilityChecker.Check(lie.Events);
            Assert.True(verdict.Verdict == Verdict.Violation, $"seed {seed}");
            Assert.Equal(lie.Key, verdict.Key);
            Assert.True(HistoryOperation.TryPair(lie.Events, out IReadOnlyList<HistoryOperation>? operations, out _));
            Assert.False(BruteForce.IsLinearizable(operations), $"seed {seed}");
        }

        Assert.True(planted > 100, $"only {planted} planted");
    }

    [Fact]
    public void ALargeHistory_TakesAPlantedRead()
    {
        List<HistoryEvent> events = Events(new HistoryGenerator(5)
        {
            Values = 0,
            Processes = 16,
            Keys = 100,
            LostPercent = 1,
            HasAppends = false,
        }.Make(10_000));
        Assert.True(StaleReadPlanter.TryPlant(events, 1, out PlantedHistory? lie, out string? reason), reason);
        Assert.Equal(Verdict.Violation, LinearizabilityChecker.Check(lie.Events).Verdict);
        Assert.True(StaleReadPlanter.TryPlant(events, 1, out PlantedHistory? again, out _));
        Assert.Equal(lie.At, again.At);
    }

    [Theory]
    [InlineData("|-| w a\n    |-| r a")]
    [InlineData("|-| w a\n|-| w b\n     |-| r a")]
    [InlineData("|-| w a\n     |-| w b\n       |--| r b")]
    [InlineData("|-| w a\n     |-| w b\n          |-? w a\n              |-| r b")]
    [InlineData("|-| w a\n     |-| w b\n          |-| a c\n              |-| r bc")]
    public void NothingIsPlanted_WhereTheOldValueMightBeRight(string text)
    {
        Assert.False(StaleReadPlanter.TryPlant(Events(HistoryText.Parse(text)), 0, out _, out string? reason));
        Assert.NotNull(reason);
    }

    private static List<HistoryOperation> Generate(ulong seed, int count) =>
        new HistoryGenerator(seed) { Values = 0, Processes = 3, LostPercent = 10, HasAppends = false }.Make(count);

    private static List<HistoryEvent> Events(List<HistoryOperation> operations)
    {
        var placed = new List<(int At, HistoryOperation Operation, HistoryEventType Type)>();
        foreach (HistoryOperation operation in operations)
        {
            placed.Add((operation.Invoked, operation, HistoryEventType.Invoke));
            if (!operation.IsUnknown)
            {
                placed.Add((operation.Returned, operation, HistoryEventType.Ok));
            }
        }

        placed.Sort(static (a, b) => a.At.CompareTo(b.At));
        var events = new List<HistoryEvent>();
        foreach ((_, HistoryOperation operation, HistoryEventType type) in placed)
        {
            bool hidesValue = operation.Function == HistoryFunction.Read && type == HistoryEventType.Invoke;
            events.Add(new HistoryEvent(
                events.Count, events.Count, operation.Process, type, operation.Function, operation.Key,
                hidesValue ? null : operation.Value, operation.Expected));
        }

        return events;
    }
}
