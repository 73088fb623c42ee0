using System;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>Runs a scenario under a few seeds: they move delays, timeouts and torn sectors, not the script.</summary>
internal static class Play
{
    internal static void Seeds(ulong count, Action<ulong> scenario)
    {
        for (ulong seed = 1; seed <= count; seed++)
        {
            scenario(seed);
        }
    }
}
