using CoreEngine.Loop;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>Bounded memory: when all is calm, nothing waits anywhere and every place is free again.</summary>
/// <remarks>
/// Pending entries are left out: those of a truncated tail stay until their index is committed by somebody
/// (tests/FOUND.md, 1).
/// </remarks>
internal static class CalmChecker
{
    internal static void Check(World world, SimulatedReplica replica)
    {
        GroupRuntime group = replica.Runtime;
        RaftState core = replica.Core;
        world.Check(group.Slots.InUse == 0, $"replica {replica.Number} keeps {group.Slots.InUse} proposals");
        world.Check(group.Forwarded == 0, $"replica {replica.Number} keeps {group.Forwarded} forwarded proposals");
        world.Check(group.Queue.Bytes == 0, $"replica {replica.Number} keeps {group.Queue.Bytes} bytes queued");
        world.Check(group.Backlog.IsEmpty, $"replica {replica.Number} has entries that are not staged");
        world.Check(group.ReadQueue.IsEmpty, $"replica {replica.Number} has reads in its queue");
        world.Check(
            core.Reads.Count + core.Asked.Count == 0,
            $"replica {replica.Number} keeps {core.Reads.Count} and {core.Asked.Count} reads");
        world.ThrowIfBroken();
    }
}
