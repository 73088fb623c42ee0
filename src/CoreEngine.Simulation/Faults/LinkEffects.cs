using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation.Faults;

/// <summary>What is done to links short of cutting them, and cuts that come and go.</summary>
/// <param name="world">The world.</param>
/// <param name="later">Does something after a virtual time.</param>
internal sealed class LinkEffects(World world, Action<Action, long> later)
{
    internal void Do(in Fault fault)
    {
        (uint from, uint to) = (fault.Replica, fault.Other);
        switch (fault.Kind)
        {
            case FaultKind.SlowLink:
                world.Network.Slow(from, to, fault.Amount);
                later(() => world.Network.Slow(from, to, 0), fault.DurationNs);
                break;
            case FaultKind.Scatter:
                world.Network.ScatterNs = fault.Amount;
                later(() => world.Network.ScatterNs = 0, fault.DurationNs);
                break;
            case FaultKind.OldFrame:
                world.Monitors.Rare.Sometimes(RareState.OldFrameRepeated, world.Network.TryRepeat(from, to));
                break;
            case FaultKind.Swizzle:
                Swizzle(fault);
                break;
            default:
                throw new InvalidOperationException($"not done to links: {fault.Kind}");
        }
    }

    /// <summary>Clogs in the first half of the time, frees in the second, each link at a time of its own.</summary>
    private void Swizzle(in Fault fault)
    {
        var chance = new Prng(unchecked((ulong)fault.Amount));
        long half = (fault.DurationNs / 2) + 1;
        foreach ((uint from, uint to) in LinksOf(fault.Replica))
        {
            later(() => world.Network.Cut(from, to), chance.Between(0, half));
            later(() => world.Network.Mend(from, to), half + chance.Between(0, half));
        }
    }

    private List<(uint From, uint To)> LinksOf(uint replica)
    {
        var links = new List<(uint From, uint To)>();
        foreach (SimulatedReplica other in world.Replicas)
        {
            if (other.Number != replica)
            {
                links.Add((replica, other.Number));
                links.Add((other.Number, replica));
            }
        }

        return links;
    }
}
