using System;
using CoreEngine.Model;

namespace CoreEngine.Simulation.Faults;

/// <summary>Draws faults by a swarm's weights, half of them against the leader: there they hurt.</summary>
internal sealed class FaultDrawing(World world, Swarm swarm, Prng chance)
{
    private const long Millisecond = 1_000_000;

    /// <summary>Bound of a wall clock's step: safety trusts none, stamps must stay in order all the same.</summary>
    private const long WallStepMaxNs = 60_000 * Millisecond;

    /// <summary>Bound of a monotonic clock's drift, in parts in a million: far worse than any oscillator.</summary>
    internal const int DriftMax = 50_000;

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
            FaultKind.PowerCutAll or FaultKind.Split or FaultKind.Bridge or FaultKind.Swizzle or FaultKind.BitRot =>
                fault with { Amount = (long)(chance.Next() >> 32) },
            FaultKind.Transfer => fault with { Other = chance.Chance(1, 2) ? AnyReplica() : 0 },
            FaultKind.OneWay or FaultKind.OldFrame => fault with { Other = AnyReplica() },
            FaultKind.SlowLink => fault with { Other = AnyReplica(), Amount = chance.Between(10, 1000) * Millisecond },
            FaultKind.Scatter => fault with { Amount = chance.Between(1, 200) * Millisecond },
            FaultKind.WallStep => fault with { Amount = chance.Between(-WallStepMaxNs, WallStepMaxNs) },
            FaultKind.Drift => fault with { Amount = chance.Between(-DriftMax, DriftMax) },
            FaultKind.FailRead => fault with { Amount = chance.Between(1, 4), DurationNs = 2 * swarm.StabilityNs },
            FaultKind.LostWrite or FaultKind.MisdirectedWrite =>
                fault with { Amount = chance.Between(0, 1 << 20) },
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
            BuggifySite.ElectionWon or BuggifySite.Committed => new Fault(now, FaultKind.Isolate, replica, duration),
            BuggifySite.InJoint or BuggifySite.Answered or BuggifySite.Winning or BuggifySite.Truncated
                or BuggifySite.NewSegment =>
                new Fault(now, FaultKind.PowerCut, replica, chance.Chance(1, 2) ? 0 : duration),
            BuggifySite.AckSent => new Fault(now, FaultKind.OneWay, replica, duration) { Other = LeaderOr(replica) },
            BuggifySite.EntriesSent => new Fault(now, FaultKind.OldFrame, replica, 0) { Other = AnyReplica() },
            BuggifySite.Leading =>
                new Fault(now, FaultKind.Pause, replica, chance.Between(600 * Millisecond, 3000 * Millisecond)),
            _ => throw new ArgumentOutOfRangeException(nameof(site)),
        };
        return fault with { Site = site };
    }

    private uint LeaderOr(uint replica) => world.Leader?.Number ?? replica;

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
