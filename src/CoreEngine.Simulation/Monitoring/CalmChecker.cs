using System.Runtime.CompilerServices;
using CoreEngine.Loop;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>Bounded memory: when all is calm, nothing waits anywhere and every place is free again.</summary>
/// <remarks>
/// Pending entries may be left: those of a tail that was truncated after their proposals had ended wait for their index
/// to be applied, at most as many as there are places.
/// </remarks>
internal static class CalmChecker
{
    internal static void Check(World world, SimulatedReplica replica)
    {
        GroupRuntime group = replica.Runtime;
        RaftState core = replica.Core;
        Check(world, group.Slots.InUse == 0, $"replica {replica.Number} keeps {group.Slots.InUse} proposals");
        Check(
            world,
            group.Pending.Count <= group.Slots.Capacity,
            $"replica {replica.Number} waits for {group.Pending.Count} entries");
        Check(world, group.Forwarded == 0, $"replica {replica.Number} keeps {group.Forwarded} forwarded proposals");
        Check(world, group.Queue.Bytes == 0, $"replica {replica.Number} keeps {group.Queue.Bytes} bytes queued");
        Check(world, group.Backlog.IsEmpty, $"replica {replica.Number} has entries that are not staged");
        Check(world, !group.HasReadsQueued, $"replica {replica.Number} has reads in its queue");
        Check(
            world,
            core.Reads.Count + core.Asked.Count == 0,
            $"replica {replica.Number} keeps {core.Reads.Count} and {core.Asked.Count} reads");
        world.Monitors.Sessions.CheckBytes(replica);
        world.ThrowIfBroken();
    }

    private static void Check(
        World world, bool holds, [InterpolatedStringHandlerArgument(nameof(holds))] ref ViolationText violation) =>
        world.Check(Monitor.BoundedMemory, holds, ref violation);
}
