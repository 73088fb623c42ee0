using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>Clients of a world: proposals on leader and followers, and linearizable reads, at a drawn rate.</summary>
internal sealed class SimulatedLoad(World world, Swarm swarm, Prng chance)
{
    /// <summary>When the next operation starts.</summary>
    internal long NextInstant { get; private set; } = world.Now;

    /// <summary>Operations started so far.</summary>
    internal long Operations { get; private set; }

    internal void Turn()
    {
        if (world.Now < NextInstant)
        {
            return;
        }

        NextInstant = world.Now + chance.Between(1, 2 * swarm.BurstPeriodNs);
        SimulatedReplica replica = world[(uint)chance.Between(1, world.Options.Replicas + 1)];
        replica = chance.Chance(swarm.LeaderPercent, 100) ? world.Leader ?? replica : replica;
        for (long left = chance.Between(1, swarm.BurstMax + 1); left > 0; left--)
        {
            StartOne(replica);
        }
    }

    private void StartOne(SimulatedReplica replica)
    {
        bool reads = chance.Chance(swarm.ReadPercent, 100);
        if (!replica.IsRunning || replica.Runtime.Slots.InUse >= swarm.OutstandingMax)
        {
            return;
        }

        // Answers reach the checkers by themselves; a replica that dies never answers.
        Operations++;
        if (reads)
        {
            _ = replica.CountAsync();
        }
        else
        {
            _ = replica.ProposeAsync(world.NextValue());
        }
    }
}
