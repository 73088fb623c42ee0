using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Simulation.Scripting;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>raft.md section 8, S61: the power of all replicas fails in mid write.</summary>
internal static class PowerScenarios
{
    private const int Cuts = 10;

    /// <summary>What a run of cuts came to.</summary>
    internal readonly record struct Tally(int Acknowledged, int TornTails);

    /// <summary>S61: ten power cuts of all replicas at random points under load, each followed by a leader without an
    /// operator; nothing acknowledged is lost, and torn tails are cut, never mistaken for damage.</summary>
    internal static Tally PowerCutsOfAll(ulong seed)
    {
        using var script = new Script(new WorldOptions { Seed = seed });
        World world = script.World;
        var when = new Prng(seed ^ 0xC0FFEE);
        int torn = 0;
        for (int cut = 0; cut <= Cuts; cut++)
        {
            // A replica that takes a torn tail for damage refuses to start, and that is a violation.
            world.StartAll();
            foreach (SimulatedReplica replica in world.Replicas)
            {
                torn += replica.Report!.IsTailCut ? 1 : 0;
            }

            script.UntilLeader();
            if (cut < Cuts)
            {
                Load(world, when.Between(0, 20 * Script.Millisecond));
                world.PowerCutAll();
            }
        }

        _ = script.Commit(world.Leader!.Number);
        script.UntilEqual();
        world.Monitors.Durability.Audit(world.Monitors.Elections);
        world.ThrowIfBroken();
        return new Tally(world.Trunk.Acknowledged.Count, torn);
    }

    /// <summary>Proposes at every running replica for a while.</summary>
    private static void Load(World world, long nanoseconds)
    {
        long end = world.Now + nanoseconds;
        var receipts = new List<Task<Receipt>>();
        while (world.Now < end)
        {
            foreach (SimulatedReplica replica in world.Replicas)
            {
                if (replica.Status.PendingProposals < 32)
                {
                    receipts.Add(replica.ProposeAsync(world.NextValue()));
                }
            }

            world.RunFor(long.Min(200_000, end - world.Now));
        }
    }
}
