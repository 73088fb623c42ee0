using System.Runtime.CompilerServices;
using CoreEngine.Loop;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>Bounded memory at every step: whatever waits inside a replica or on its way to it has a stated
/// bound.</summary>
internal static class MemoryChecker
{
    /// <summary>
    /// Frames on their way to one replica: the windows of its peers, their proposals and votes, all of them repeated by
    /// the network, while it is paused for seconds.
    /// </summary>
    internal const int FramesMax = 16 * 1024;

    internal static void Check(World world, SimulatedReplica replica)
    {
        GroupRuntime group = replica.Runtime;
        int places = group.Slots.Capacity;
        Check(world, replica, group.Slots.InUse, places, "proposals");
        Check(world, replica, group.Queue.Bytes, world.Options.QueueBytes, "bytes of proposals queued");
        Check(world, replica, group.Pending.Count, 2 * places, "entries whose proposers wait");
        Check(world, replica, group.Forwarded, places, "proposals handed to a leader");
        RaftState core = replica.Core;
        Check(world, replica, core.Reads.Count, core.Options.ReadsMax, "reads to confirm");
        Check(world, replica, core.Asked.Count, core.Options.ReadsMax, "reads asked of a leader");
        Check(world, replica, replica.FramesUnderWay, FramesMax, "frames under way");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Check(World world, SimulatedReplica replica, long held, long bound, string what) =>
        world.Check(
            Monitor.BoundedMemory,
            held <= bound,
            $"replica {replica.Number} holds {held} {what}, the bound is {bound}");
}
