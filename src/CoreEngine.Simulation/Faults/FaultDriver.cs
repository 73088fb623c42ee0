using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Faults;

/// <summary>
/// Hurts a world: by chance and at the rare places that <see cref="Buggify"/> names, or exactly as a plan says; and
/// notes what it did.
/// </summary>
internal sealed class FaultDriver
{
    internal static readonly int Kinds = Enum.GetValues<FaultKind>().Length;

    private readonly World _world;
    private readonly FaultEffects _effects;
    private readonly FaultDrawing? _drawing;
    private readonly MemberDrawing? _changes;
    private readonly Buggify? _buggify;
    private readonly IReadOnlyList<Fault> _planned;
    private readonly PlanRecorder? _recorder;
    private int _next;

    /// <summary>By chance.</summary>
    internal FaultDriver(
        World world, FaultDrawing drawing, MemberDrawing changes, Buggify buggify, PlanRecorder? recorder)
    {
        _world = world;
        _effects = new FaultEffects(world);
        _drawing = drawing;
        _changes = changes;
        _buggify = buggify;
        _planned = [];
        _recorder = recorder;
    }

    /// <summary>By a plan.</summary>
    internal FaultDriver(World world, IReadOnlyList<Fault> planned, PlanRecorder? recorder)
    {
        _world = world;
        _effects = new FaultEffects(world);
        _planned = planned;
        _recorder = recorder;
    }

    /// <summary>Faults done so far, by kind.</summary>
    internal ReadOnlySpan<long> Counts => _effects.Counts;

    /// <summary>When the driver has something to do next.</summary>
    internal long NextInstant
    {
        get
        {
            long next = long.Min(_effects.NextEnd, _drawing?.Next ?? long.MaxValue);
            next = long.Min(next, _changes?.Next ?? long.MaxValue);
            next = _next < _planned.Count ? long.Min(next, World.TimeOf(_planned[_next].At)) : next;
            return _buggify is { Fired.Count: > 0 } ? _world.Now : next;
        }
    }

    internal void Turn()
    {
        _effects.EndDue();
        while (_buggify is not null && _buggify.Fired.TryDequeue(out (BuggifySite Site, uint Replica) fired))
        {
            Do(_drawing!.Strike(_world.Instant, fired.Site, fired.Replica));
        }

        while (_next < _planned.Count && _planned[_next].At <= _world.Instant)
        {
            Do(_planned[_next++]);
        }

        if (_drawing is not null && _world.Now >= _drawing.Next)
        {
            Do(_drawing.Draw(_world.Instant));
        }

        if (_changes is not null && _world.Now >= _changes.Next)
        {
            Do(_changes.Draw(_world.Instant));
        }
    }

    /// <summary>Stops hurting: forgets its plans, heals network, clocks and disks; dead replicas stay dead.</summary>
    internal void Rest()
    {
        _effects.Forget();
        _next = _planned.Count;
        if (_buggify is not null)
        {
            _buggify.Fired.Clear();
            _buggify.IsOff = true;
        }

        _world.Network.Heal();
        _world.Network.Faults = new NetworkFaults();
        foreach (SimulatedReplica replica in _world.Replicas)
        {
            replica.PausedUntil = 0;
            replica.Disk.BytesFree = long.MaxValue;
            replica.Disk.Mishaps.ReadsToFail = 0;
            replica.Drift(0);
            FaultEffects.SetTiming(replica, new DiskTiming());
            if (replica.IsRunning)
            {
                replica.Ring.FailAfter = -1;
            }
        }
    }

    private void Do(in Fault fault)
    {
        if (_effects.TryDo(fault))
        {
            _recorder?.Faults.Add(fault);
        }
    }
}
