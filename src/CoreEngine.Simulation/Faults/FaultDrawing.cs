using System;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Faults;

/// <summary>Draws faults by a swarm's weights, half of them against the leader: there they hurt.</summary>
internal sealed class FaultDrawing(World world, Swarm swarm, Prng chance)
{
    private const long Millisecond = 1_000_000;

    /// <summary>When the next fault is due.</summary>
    internal long Next { get; private set; } = world.Now + swarm.FaultPeriodNs;

    /// <summary>The fault that is due now.</summary>
    internal Fault Draw(Instant now)
    {
        Next = world.Now + chance.Between(1, 2 * swarm.FaultPeriodNs);
        FaultKind kind = DrawKind();
        var fault = new Fault(now, kind, AnyReplica(), chance.Between(1, 2 * swarm.StabilityNs));
        return kind switch
        {
            FaultKind.FastRestart => fault with { DurationNs = 0 },
            FaultKind.PowerCutAll or FaultKind.Split => fault with { Amount = (long)(chance.Next() >> 32) },
            FaultKind.OneWay => fault with { Other = AnyReplica() },
            FaultKind.FailSync => fault with { Amount = chance.Between(0, 10), DurationNs = 2 * swarm.StabilityNs },
            _ => fault,
        };
    }

    /// <summary>What a strike at a rare place does.</summary>
    internal Fault Strike(Instant now, BuggifySite site, uint replica)
    {
        long duration = chance.Between(1, 2 * swarm.StabilityNs);
        Fault fault = site switch
        {
            BuggifySite.VoteSent => new Fault(now, FaultKind.PowerCut, replica, chance.Between(0, 20 * Millisecond)),
            BuggifySite.ElectionWon => new Fault(now, FaultKind.Isolate, replica, duration),
            BuggifySite.Answered => new Fault(now, FaultKind.PowerCut, replica, duration),
            _ => throw new ArgumentOutOfRangeException(nameof(site)),
        };
        return fault with { Site = site };
    }

    private uint AnyReplica()
    {
        uint any = (uint)chance.Between(1, world.Options.Replicas + 1);
        return chance.Chance(1, 2) ? world.Leader?.Number ?? any : any;
    }

    private FaultKind DrawKind()
    {
        int total = 0;
        foreach (int weight in swarm.Weights)
        {
            total += weight;
        }

        long drawn = chance.Between(0, total);
        int kind = 0;
        while (drawn >= swarm.Weights[kind])
        {
            drawn -= swarm.Weights[kind++];
        }

        return (FaultKind)kind;
    }
}
