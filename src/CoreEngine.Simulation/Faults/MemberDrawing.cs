using CoreEngine.Model;

namespace CoreEngine.Simulation.Faults;

/// <summary>Draws what operators ask of the members, by chance of its own: worlds without operators stay as they
/// are.</summary>
internal sealed class MemberDrawing(World world, Swarm swarm, Prng chance)
{
    /// <summary>When the next one is due; <see cref="long.MaxValue"/> in a world without operators.</summary>
    internal long Next { get; private set; } = swarm.ChangePeriodNs == 0
        ? long.MaxValue
        : world.Now + swarm.ChangePeriodNs;

    /// <summary>The one that is due now.</summary>
    internal Fault Draw(Instant now)
    {
        Next = world.Now + chance.Between(1, 2 * swarm.ChangePeriodNs);
        uint any = (uint)chance.Between(1, world.Options.Replicas + 1);
        uint at = chance.Chance(1, 2) ? world.Leader?.Number ?? any : any;
        return new Fault(now, FaultKind.ChangeMembers, at, 0)
        {
            Other = (uint)chance.Between(1, world.Options.Replicas + 1),
            Amount = (long)(chance.Next() >> 32),
        };
    }
}
