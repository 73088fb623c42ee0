using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Faults;
using CoreEngine.Simulation.Tracing;
using Xunit;

namespace CoreEngine.Simulation.Tests.Tracing;

/// <summary>
/// Goal: the monitor accepts what the engine does, and refuses every step that Raft does not allow, with line and rule.
/// Method: traces of simulated seeds under faults; the same traces with one line changed by hand.
/// </summary>
public static class SpecMonitorTests
{
    private const ulong EditedSeed = 1;

    /// <summary>The first of three replicas with a restart that brought entries back: every edit finds its step
    /// there, however the simulated world changes.</summary>
    private static readonly Lazy<ProtocolEvent[]> Recorded = new(static () =>
    {
        for (ulong seed = EditedSeed; ; seed++)
        {
            Assert.True(seed < EditedSeed + 300, "no seed has all the steps that the edits need");
            ProtocolEvent[] events = Record(seed, 10);
            if (SpecEdits.HasAllSteps(events))
            {
                return events;
            }
        }
    });

    /// <summary>One seed in a hundred of a commit's run: 20 of 2,000, spread over the range.</summary>
    [Fact]
    public static void SimulatedSeeds_AreAllowed()
    {
        long lines = 0;
        int terms = 0;
        int committed = 0;
        for (ulong seed = 1; seed <= 2_000; seed += 100)
        {
            var monitor = new SpecMonitor();
            SeedResult result = Simulator.Run(new SimulatorOptions
            {
                Seed = seed,
                FaultsNs = 10 * SimulatorOptions.Second,
                Protocol = traced => monitor.Read(traced),
            });
            Assert.Null(result.Failure);
            Assert.True(monitor.Violation is null, $"seed {seed}: {monitor.Violation}");
            lines += monitor.Lines;
            terms += monitor.TermsLed;
            committed += monitor.Committed;
        }

        Assert.True(lines > 50_000, $"{lines} lines");
        Assert.True(terms > 40, $"{terms} terms");
        Assert.True(committed > 1_000, $"{committed} entries");
    }

    [Fact]
    public static void Tracing_ChangesNothing()
    {
        // The specification knows neither snapshots nor other members: a traced world does without.
        ulong seed = EditedSeed;
        while (!IsKnown(Swarm.Draw(new Prng(seed))))
        {
            seed++;
        }

        ulong plain = Run(seed, null).Hash;
        Assert.Equal(plain, Run(seed, static _ => { }).Hash);
    }

    private static bool IsKnown(Swarm swarm) =>
        swarm is { Spares: 0, ChangePeriodNs: 0, Snapshots.LogBytes: 0 }
        && swarm.Snapshots.Age == TimeSpan.Zero
        && swarm.Weights[(int)FaultKind.TakeSnapshot] == 0;

    [Fact]
    public static void Lines_SurviveWritingAndReading()
    {
        foreach (ProtocolEvent traced in Recorded.Value)
        {
            string line = ProtocolTraceWriter.Write(traced);
            Assert.True(ProtocolTraceReader.TryRead(line, out ProtocolEvent read, out string reason), reason);
            Assert.Equal(line, ProtocolTraceWriter.Write(read));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{\"name\":\"Commit\"}")]
    [InlineData("{\"name\":1,\"nid\":\"1\"}")]
    public static void Lines_ThatAreNoEventsAreRefused(string line)
    {
        var monitor = new SpecMonitor();
        Assert.False(monitor.Read(line));
        Assert.Equal(("format", 1), (monitor.Violation!.Rule, monitor.Violation.Line));
    }

    /// <summary>Each edit plants one step that the specification forbids.</summary>
    [Theory]
    [InlineData("term-rises")]
    [InlineData("vote-once")]
    [InlineData("vote-asked")]
    [InlineData("persisted-first: vote")]
    [InlineData("persisted-first: acknowledgement")]
    [InlineData("persisted: term")]
    [InlineData("persisted: index")]
    [InlineData("quorum-of-votes")]
    [InlineData("election-safety")]
    [InlineData("leader-appends")]
    [InlineData("leader-sends")]
    [InlineData("sent-first")]
    [InlineData("log")]
    [InlineData("commit-rises")]
    [InlineData("quorum-of-acknowledgements")]
    [InlineData("commit-told")]
    [InlineData("recovery")]
    [InlineData("role")]
    public static void EditedTraces_AreRefused(string edit)
    {
        List<ProtocolEvent> events = [.. Recorded.Value];
        int line = SpecEdits.Apply(edit, events) + 1;
        var monitor = new SpecMonitor();
        foreach (ProtocolEvent traced in events)
        {
            if (!monitor.Read(ProtocolTraceWriter.Write(traced)))
            {
                break;
            }
        }

        Assert.NotNull(monitor.Violation);
        Assert.Equal(edit.Split(':')[0], monitor.Violation.Rule);
        Assert.Equal(line, monitor.Violation.Line);
    }

    [Fact]
    public static void UneditedTrace_IsAccepted()
    {
        var monitor = new SpecMonitor();
        Assert.All(Recorded.Value, traced => Assert.True(monitor.Read(traced), monitor.Violation?.ToString()));
        Assert.Contains(Recorded.Value, static traced => traced.Name == EventNames.Ready && traced.Log > 0);
    }

    private static ProtocolEvent[] Record(ulong seed, int seconds)
    {
        var events = new List<ProtocolEvent>();
        Run(seed, events.Add, seconds);
        return [.. events];
    }

    private static SeedResult Run(ulong seed, Action<ProtocolEvent>? protocol, int seconds = 5) =>
        Simulator.Run(new SimulatorOptions
        {
            Seed = seed,
            FaultsNs = seconds * SimulatorOptions.Second,
            Protocol = protocol,
        });
}
