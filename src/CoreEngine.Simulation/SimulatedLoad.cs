using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Faults;

namespace CoreEngine.Simulation;

/// <summary>
/// Clients of a world: proposals on leader and followers, and reads of all levels, at a drawn rate or as a plan says.
/// </summary>
internal sealed class SimulatedLoad
{
    private static readonly TimeSpan StaleBound = TimeSpan.FromMilliseconds(400);

    private readonly World _world;
    private readonly Swarm? _swarm;
    private readonly Prng? _chance;
    private readonly IReadOnlyList<Operation> _planned;
    private readonly PlanRecorder? _recorder;
    private long _nextDraw = long.MaxValue;
    private int _next;

    /// <summary>By chance.</summary>
    internal SimulatedLoad(World world, Swarm swarm, Prng chance, PlanRecorder? recorder)
    {
        _world = world;
        _swarm = swarm;
        _chance = chance;
        _planned = [];
        _recorder = recorder;
        _nextDraw = world.Now;
    }

    /// <summary>By a plan.</summary>
    internal SimulatedLoad(World world, IReadOnlyList<Operation> planned, PlanRecorder? recorder)
    {
        _world = world;
        _planned = planned;
        _recorder = recorder;
    }

    /// <summary>When the next operation starts.</summary>
    internal long NextInstant =>
        _next < _planned.Count ? long.Min(_nextDraw, World.TimeOf(_planned[_next].At)) : _nextDraw;

    /// <summary>Operations started so far.</summary>
    internal long Operations { get; private set; }

    internal void Turn()
    {
        while (_next < _planned.Count && _planned[_next].At <= _world.Instant)
        {
            Operation planned = _planned[_next++];
            _world.NoteValue(planned.Kind == OperationKind.Read ? 0 : planned.Value);
            Do(planned);
        }

        if (_world.Now >= _nextDraw)
        {
            Draw(_swarm!, _chance!);
        }
    }

    private void Draw(Swarm swarm, Prng chance)
    {
        _nextDraw = _world.Now + chance.Between(1, 2 * swarm.BurstPeriodNs);
        SimulatedReplica replica = _world[(uint)chance.Between(1, _world.Options.Replicas + 1)];
        replica = chance.Chance(swarm.LeaderPercent, 100) ? _world.Leader ?? replica : replica;
        for (long left = chance.Between(1, swarm.BurstMax + 1); left > 0; left--)
        {
            bool reads = chance.Chance(swarm.ReadPercent, 100);
            if (replica.IsRunning && replica.Runtime.Slots.InUse < swarm.OutstandingMax)
            {
                OperationKind kind = reads ? OperationKind.Read
                    : chance.Chance(swarm.SessionPercent, 100) ? OperationKind.Session
                    : OperationKind.Propose;
                ulong value = reads ? DrawLevel(chance) : _world.NextValue();
                Do(new Operation(_world.Instant, kind, replica.Number, value));
            }
        }
    }

    /// <summary>Half of the reads are linearizable, the others of any level.</summary>
    private static ulong DrawLevel(Prng chance) =>
        chance.Chance(1, 2) ? 0 : (ulong)chance.Between(0, (int)ReadLevel.AsOf);

    private Read LevelOf(ulong level) => (ReadLevel)level switch
    {
        ReadLevel.Local => Read.Local,
        ReadLevel.Lease => Read.Lease,
        ReadLevel.Stale => Read.Stale(StaleBound),
        ReadLevel.StaleEntries => Read.StaleEntries(3),
        ReadLevel.AtLeast when _world.Monitors.Levels.Token.IsValid => Read.AtLeast(_world.Monitors.Levels.Token),
        _ => Read.Linearizable,
    };

    /// <summary>Most proposals wait for a quorum, some for less.</summary>
    private static Durability DurabilityOf(ulong value) => (value % 13) switch
    {
        5 => Durability.Memory,
        8 => Durability.LocalDurable,
        _ => Durability.QuorumDurable,
    };

    private void Do(in Operation operation)
    {
        SimulatedReplica replica = _world[operation.Replica];
        if (!replica.IsRunning)
        {
            return;
        }

        // Answers reach the checkers by themselves; a replica that dies never answers.
        Operations++;
        _recorder?.Operations.Add(operation);
        switch (operation.Kind)
        {
            case OperationKind.Read:
                _ = replica.CountAsync(LevelOf(operation.Value));
                break;
            case OperationKind.Session:
                _world.Sessions.Act(replica, operation.Value);
                break;
            default:
                _ = replica.ProposeAsync(operation.Value, DurabilityOf(operation.Value));
                break;
        }
    }
}
