using System;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>
/// Puts a host's own state machine into simulated clusters: real loops, logs, recovery and consensus, in virtual time,
/// under crashes, power cuts, partitions, pauses and failing disks drawn from each seed; checked at every step.
/// </summary>
/// <remarks>
/// What it finds in a machine: another state on another replica (clock, chance, hash order in <c>Apply</c>), an
/// exception, a broken invariant; each with the seed that shows it again. Immutable; <see cref="Run"/> may be called
/// from several threads.
/// </remarks>
/// <typeparam name="TMachine">The host's machine.</typeparam>
public sealed record MachineSimulation<TMachine>
    where TMachine : class, IStateMachine
{
    /// <summary>Makes an empty machine: called at every start of a replica, from several threads when
    /// <see cref="Jobs"/> is above 1.</summary>
    public required Func<TMachine> Machine { get; init; }

    /// <summary>
    /// Makes the next command of the load. All chance must come from the argument, or a seed does not replay.
    /// </summary>
    public required Func<Prng, byte[]> Command { get; init; }

    /// <summary>Asked after each batch that a machine took in: what is wrong, or null.</summary>
    public Func<TMachine, string?>? Invariant { get; init; }

    /// <summary>The first seed.</summary>
    public ulong FirstSeed { get; init; } = 1;

    /// <summary>How many seeds, each a cluster of its own.</summary>
    public int Seeds { get; init; } = 100;

    /// <summary>Virtual time under faults for each seed; then a quorum is healed and must make progress.</summary>
    public TimeSpan Faults { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Seeds at a time, a thread each.</summary>
    public int Jobs { get; init; } = 1;

    /// <summary>Runs every seed, or until one fails.</summary>
    /// <returns>What was run, and the lowest failed seed if any. The same seeds give the same report.</returns>
    /// <exception cref="ArgumentOutOfRangeException">Seeds, jobs or faults are not positive.</exception>
    /// <exception cref="AggregateException"><see cref="Machine"/> or <see cref="Command"/> threw.</exception>
    public SimulationReport Run()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Seeds);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Jobs);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(Faults, TimeSpan.Zero);
        var results = new SeedResult?[Seeds];

        // A break still runs every seed below the failed one: the report does not depend on how threads interleave.
        var options = new ParallelOptions { MaxDegreeOfParallelism = Jobs };
        Parallel.For(
            0,
            Seeds,
            options,
            static () => new SimulationMemory(),
            (i, loop, memory) =>
            {
                results[i] = RunSeed(unchecked(FirstSeed + (ulong)i), memory);
                if (results[i]!.Failure is not null)
                {
                    loop.Break();
                }

                return memory;
            },
            static memory => memory.Dispose());
        return SimulationReport.Of(results);
    }

    private SeedResult RunSeed(ulong seed, SimulationMemory memory) => Simulator.Run(new SimulatorOptions
    {
        Seed = seed,
        FaultsNs = Faults.Ticks * 100,
        Machine = () => new Hosting.HostedMachine<TMachine>(Machine(), Invariant),
        Command = Command,
        Memory = memory,
    });
}
