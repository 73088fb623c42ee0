using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Threading;
using Xunit;

namespace CoreEngine.Simulation.Tests.Hosting;

/// <summary>
/// Goal: a host's own machine in the world is judged rightly. Method: a sound machine, and one for each way in which
/// machines are wrong; the find names what it is, and the same seed shows it again.
/// </summary>
public sealed class MachineSimulationTests
{
    [Fact]
    public void ASoundMachine_IsFoundSound_AndSeesItsOwnCommandsOnly()
    {
        SimulationReport report = Simulation(static () => new Ledger()).Run();
        Assert.True(report.IsSound, report.ToString());
        Assert.Equal(10, report.Seeds);
        Assert.True(report.Acknowledged > 100, report.ToString());
        Assert.True(report.Faults > 10, report.ToString());
    }

    [Fact]
    public void TheReport_DoesNotDependOnJobs()
    {
        Assert.Equal(
            Simulation(static () => new Ledger()).Run(),
            (Simulation(static () => new Ledger()) with { Jobs = 3 }).Run());
        SimulationReport failed = Simulation(static () => new Ledger { Limit = 40 }).Run();
        Assert.False(failed.IsSound);
        Assert.Equal(failed, (Simulation(static () => new Ledger { Limit = 40 }) with { Jobs = 3 }).Run());
    }

    [Fact]
    public void ABrokenInvariant_IsFound_AndItsSeedShowsItAlone()
    {
        MachineSimulation<Ledger> simulation = Simulation(static () => new Ledger { Limit = 40 });
        SimulationReport report = simulation.Run();
        Assert.Contains("more than 40", report.Failure, StringComparison.Ordinal);
        SimulationReport again = (simulation with { FirstSeed = report.FailedSeed!.Value, Seeds = 1 }).Run();
        Assert.Equal(report.Failure, again.Failure);
    }

    [Fact]
    public void AMachineThatAsksSomethingElseThanItsCommands_IsFound()
    {
        int instances = 0;
        SimulationReport report =
            Simulation(() => new Ledger { Salt = (ulong)Interlocked.Increment(ref instances) }).Run();
        Assert.Contains("has another state", report.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void AMachineThatThrows_IsFound_AndTheIndexIsNamed()
    {
        SimulationReport report = Simulation(static () => new Ledger { ThrowsAt = 7 }).Run();
        Assert.Contains("seven is too much", report.Failure, StringComparison.Ordinal);
        Assert.Contains("index", report.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void AThrowingLoad_ReachesTheCaller()
    {
        MachineSimulation<Ledger> simulation = Simulation(static () => new Ledger()) with
        {
            Command = static _ => throw new InvalidOperationException("no command today"),
        };
        AggregateException error = Assert.Throws<AggregateException>(() => simulation.Run());
        Assert.All(error.InnerExceptions, static e => Assert.Equal("no command today", e.Message));
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 0)]
    public void SenselessNumbers_AreRefused(int seeds, int jobs, int seconds)
    {
        MachineSimulation<Ledger> simulation = Simulation(static () => new Ledger()) with
        {
            Seeds = seeds,
            Jobs = jobs,
            Faults = TimeSpan.FromSeconds(seconds),
        };
        Assert.Throws<ArgumentOutOfRangeException>(() => simulation.Run());
    }

    private static MachineSimulation<Ledger> Simulation(Func<Ledger> machine) => new()
    {
        Machine = machine,
        Command = static chance => BitConverter.GetBytes(chance.Between(1, 1000)),
        Invariant = static ledger => ledger.Complaint,
        Seeds = 10,
        Faults = TimeSpan.FromSeconds(3),
    };

    private sealed class Ledger : IStateMachine
    {
        private readonly List<long> _amounts = [];

        public bool InlineSafe => _amounts.Count % 2 == 0;

        public ulong StateDigest { get; private set; }

        internal int Limit { get; init; } = int.MaxValue;

        internal ulong Salt { get; init; }

        internal int ThrowsAt { get; init; }

        internal string? Complaint =>
            _amounts.Count > Limit ? $"more than {Limit} amounts"
            : _amounts.Exists(static a => a is < 1 or >= 1000) ? "an amount that nobody sent"
            : null;

        public void Apply(in CommittedBatch batch, ref ReplyWriter replies)
        {
            foreach (CommittedEntry entry in batch)
            {
                if (ThrowsAt > 0 && _amounts.Count == ThrowsAt)
                {
                    throw new InvalidOperationException("seven is too much");
                }

                Assert.Equal(8, entry.Command.Length);
                long amount = BinaryPrimitives.ReadInt64LittleEndian(entry.Command);
                _amounts.Add(amount);
                StateDigest = unchecked((StateDigest * 31) + (ulong)amount + Salt);
                replies.Reply(entry, entry.Command);
            }
        }
    }
}
