using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Faults;

namespace CoreEngine.Simulation;

/// <summary>
/// Clients of a world: proposals on leader and followers, and linearizable reads, at a drawn rate or as a plan says.
/// </summary>
internal sealed class SimulatedLoad
{
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
            _world.NoteValue(planned.Value);
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
                Do(new Operation(_world.Instant, kind, replica.Number, reads ? 0 : _world.NextValue()));
            }
        }
    }

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
                _ = replica.CountAsync();
                break;
            case OperationKind.Session:
                _world.Sessions.Act(replica, operation.Value);
                break;
            default:
                _ = replica.ProposeAsync(operation.Value);
                break;
        }
    }
}
