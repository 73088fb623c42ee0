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

        Tally first = workload.Read();
        Counters before = Counters.AtStart();
        workload.WaitFor(Operations, Patience);
        Usage usage = Counters.AtEnd().Since(before);
        Tally last = workload.Read();
        await workload.StopAsync();
        return new AllocationCost(
            last.Committed - first.Committed,
            usage.AllocatedBytes,
            usage.Collections,
            workload.Read(),
            workload.Violation);
    }
}
