using System.Collections.Generic;

namespace CoreEngine.Simulation.Faults;

/// <summary>
/// Everything that was done to a world: a run that is given the plan of another does the same, event by event.
/// </summary>
/// <remarks>
/// What chance decides below the plan (the fate of each frame, the latency of each write) comes from streams of their
/// own, one per link and disk: leaving a fault out does not deal the rest anew.
/// </remarks>
internal sealed record FaultPlan
{
    /// <summary>The seed of everything that is not in the plan.</summary>
    internal required ulong Seed { get; init; }

    /// <summary>How many replicas the world has.</summary>
    internal required int Replicas { get; init; }

    /// <summary>How many of them found the group; the others wait to be added.</summary>
    internal required int Founders { get; init; }

    /// <summary>Virtual time under faults.</summary>
    internal required long FaultsNs { get; init; }

    /// <summary>What the network does all the time.</summary>
    internal required NetworkFaults Network { get; init; }

    /// <summary>How disks behave when nothing is done to them.</summary>
    internal required DiskTiming Disk { get; init; }

    /// <summary>The replicas that are healed in the end; empty when the run ended before.</summary>
    internal IReadOnlyList<uint> Core { get; init; } = [];

    /// <summary>In the order of their instants.</summary>
    internal IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>In the order of their instants.</summary>
    internal IReadOnlyList<Operation> Operations { get; init; } = [];
}
