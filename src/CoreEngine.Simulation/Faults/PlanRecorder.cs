using System.Collections.Generic;

namespace CoreEngine.Simulation.Faults;

/// <summary>Notes what is done to a world, as it is done.</summary>
internal sealed class PlanRecorder
{
    internal List<Fault> Faults { get; } = [];

    internal List<Operation> Operations { get; } = [];

    internal List<uint> Core { get; } = [];
}
