using System;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>A shard may stop only for a failed disk: an invariant of its own is a bug.</summary>
internal static class ShardChecker
{
    internal static void Check(World world)
    {
        foreach (SimulatedReplica replica in world.Replicas)
        {
            if (replica.IsRunning)
            {
                CheckCause(world, replica);
                CheckReason(world, replica);
            }
        }
    }

    private static void CheckCause(World world, SimulatedReplica replica)
    {
        Exception? cause = replica.Loop!.Fault?.Cause ?? replica.Runtime.Fault?.Cause;
        if (cause is not null)
        {
            Monitor monitor = cause is InvariantException broken
                ? Monitor.OfInvariant(broken)
                : Monitor.OfFault(cause);
            world.Check(monitor, false, $"replica {replica.Number} stopped on {cause}");
        }
    }

    /// <summary>A group that stops alone, without an exception, was sent what contradicts its proofs; unless it needed
    /// an entry that had left its memory, and its disk could not give it back.</summary>
    private static void CheckReason(World world, SimulatedReplica replica)
    {
        string? contradiction = replica.Loop!.Fault is null ? replica.Runtime.Fault?.Reason : null;
        DiskMishaps mishaps = replica.Disk.Mishaps;
        bool isRotten = ((mishaps.Harm & (DiskHarm.Rotten | DiskHarm.LostWrite)) != 0 || mishaps.HasFailedReads)
            && contradiction?.Contains("cannot be read back", StringComparison.Ordinal) == true;
        world.Check(
            Monitor.Contradiction,
            contradiction is null || isRotten,
            $"replica {replica.Number}: {contradiction}");
    }
}
