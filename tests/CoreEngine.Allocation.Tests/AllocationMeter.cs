using System;
using System.Threading.Tasks;
using CoreEngine.Load;
using CoreEngine.Load.Cluster;

namespace CoreEngine.Allocation.Tests;

/// <summary>
/// What a number of proposals have cost, in all threads of the process: leader, both followers, callers.
/// </summary>
/// <param name="Operations">Proposals that were decided meanwhile.</param>
/// <param name="AllocatedBytes">Managed bytes.</param>
/// <param name="Collections">Collections of generation 0 and above.</param>
/// <param name="Tally">Outcomes of the whole run.</param>
/// <param name="Violation">What a caller found broken; null when nothing was.</param>
internal sealed record AllocationCost(
    long Operations, long AllocatedBytes, int Collections, Tally Tally, string? Violation)
{
    internal double BytesPerOperation => (double)AllocatedBytes / Operations;
}

/// <summary>Runs a closed loop in its steady state and counts bytes.</summary>
internal static class AllocationMeter
{
    /// <summary>
    /// A replica's cache of recent entries grows to its bound of 32 MiB before it recycles: some 470,000 records of
    /// 72 bytes. Steady state is
    /// what comes after.
    /// </summary>
    private const int WarmOperations = 700_000;
    private const int Operations = 100_000;

    /// <summary>The one in the middle counts: a queue of the runtime that doubles once, under whatever load the machine
    /// has, is no cost of proposals.</summary>
    private const int Stretches = 3;
    private const int Outstanding = 256;
    private const int Payload = 16;
    private const int Quorum = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="newMachine">Makes the machine of a replica.</param>
    /// <param name="form">How callers wait.</param>
    internal static async Task<AllocationCost> MeasureAsync(Func<IStateMachine> newMachine, CallForm form)
    {
        await using var cluster = new LocalCluster();
        await cluster.OpenAsync(newMachine);
        var workload = new Workload(cluster.Leader, new WorkloadShape(form, Payload, Outstanding, Run: 1, Quorum));
        workload.Start();
        workload.WaitFor(WarmOperations, Patience);

        var stretches = new AllocationCost[Stretches];
        for (int i = 0; i < Stretches; i++)
        {
            Tally first = workload.Read();
            Counters before = Counters.AtStart();
            workload.WaitFor(Operations, Patience);
            Usage usage = Counters.AtEnd().Since(before);
            Tally last = workload.Read();
            stretches[i] = new AllocationCost(
                last.Committed - first.Committed, usage.AllocatedBytes, usage.Collections, last, null);
        }

        await workload.StopAsync();
        Array.Sort(stretches, static (one, other) => one.BytesPerOperation.CompareTo(other.BytesPerOperation));
        return stretches[Stretches / 2] with { Tally = workload.Read(), Violation = workload.Violation };
    }
}
