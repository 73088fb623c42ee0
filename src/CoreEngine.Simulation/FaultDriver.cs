using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation;

/// <summary>What can be done to a world. All within the declared contract.</summary>
internal enum FaultKind
{
    /// <summary>One process dies.</summary>
    Kill,

    /// <summary>One process dies and starts at the same instant.</summary>
    FastRestart,

    /// <summary>The power of one replica fails.</summary>
    PowerCut,

    /// <summary>The power of all replicas fails.</summary>
    PowerCutAll,

    /// <summary>One replica hears nobody, and nobody hears it.</summary>
    Isolate,

    /// <summary>The replicas fall into two camps.</summary>
    Split,

    /// <summary>One direction of one link is dead.</summary>
    OneWay,

    /// <summary>One process stands still.</summary>
    Pause,

    /// <summary>One disk is slow.</summary>
    SlowDisk,

    /// <summary>One disk fails a write or sync; of a minority at a time.</summary>
    FailSync,

    /// <summary>One disk has no room for another segment.</summary>
    FullDisk,
}

/// <summary>Hurts a world by its swarm's weights, heals what it did after a while, and carries out what
/// <see cref="Buggify"/> fires.</summary>
internal sealed class FaultDriver(World world, Swarm swarm, Buggify buggify, Prng chance)
{
    internal const int Kinds = 11;
    private const long Millisecond = 1_000_000;

    private readonly PriorityQueue<Action, (long Time, long Sequence)> _later = new();
    private readonly long[] _counts = new long[Kinds];
    private long _nextFault = world.Now + swarm.FaultPeriodNs;
    private long _sequence;

    /// <summary>Faults done so far, by kind.</summary>
    internal ReadOnlySpan<long> Counts => _counts;

    /// <summary>When the driver has something to do next.</summary>
    internal long NextInstant => buggify.Fired.Count > 0 ? world.Now
        : _later.TryPeek(out _, out (long Time, long Sequence) at) ? long.Min(_nextFault, at.Time)
        : _nextFault;

    internal void Turn()
    {
        while (buggify.Fired.TryDequeue(out (BuggifySite Site, uint Replica) fired))
        {
            Strike(fired.Site, world[fired.Replica]);
        }

        while (_later.TryPeek(out Action? action, out (long Time, long Sequence) at) && at.Time <= world.Now)
        {
            _later.Dequeue();
            action();
        }

        if (world.Now >= _nextFault)
        {
            _nextFault = world.Now + chance.Between(1, 2 * swarm.FaultPeriodNs);
            Do(DrawKind(), AnyReplica());
        }
    }

    /// <summary>Stops hurting: forgets its plans, heals network, clocks and disks; dead replicas stay dead.</summary>
    internal void Rest()
    {
        _later.Clear();
        buggify.Fired.Clear();
        buggify.IsOff = true;
        world.Network.Heal();
        world.Network.Faults = new NetworkFaults();
        foreach (SimulatedReplica replica in world.Replicas)
        {
            replica.PausedUntil = 0;
            replica.Disk.BytesFree = long.MaxValue;
            SetTiming(replica, new DiskTiming());
            if (replica.IsRunning)
            {
                replica.Ring.FailAfter = -1;
            }
        }
    }

    /// <summary>Does one thing to one replica.</summary>
    internal void Do(FaultKind kind, SimulatedReplica replica)
    {
        _counts[(int)kind]++;
        world.Trace.Add(world.Now, TraceKind.Fault, replica.Number, (ulong)kind, 0);
        switch (kind)
        {
            case FaultKind.Kill or FaultKind.FastRestart or FaultKind.PowerCut or FaultKind.PowerCutAll:
                Crash(kind, replica);
                break;
            case FaultKind.Isolate:
                world.Network.Isolate(replica.Number);
                Later(world.Network.Heal);
                break;
            case FaultKind.Split:
                Split();
                Later(world.Network.Heal);
                break;
            case FaultKind.OneWay:
                world.Monitors.Rare.Sometimes(RareState.OneWayCut);
                world.Network.Cut(replica.Number, AnyReplica().Number);
                Later(world.Network.Heal);
                break;
            case FaultKind.Pause:
                world.Monitors.Rare.Sometimes(RareState.PausedLeader, replica.IsLeader);
                replica.PausedUntil = world.Now + chance.Between(1, 2 * swarm.StabilityNs);
                break;
            case FaultKind.SlowDisk:
                SetTiming(replica, new DiskTiming(5 * Millisecond, 300 * Millisecond));
                Later(() => SetTiming(replica, swarm.Disk));
                break;
            case FaultKind.FailSync:
                FailSync(replica);
                break;
            case FaultKind.FullDisk:
                replica.Disk.BytesFree = 0;
                Later(() => replica.Disk.BytesFree = long.MaxValue);
                break;
            default:
                throw new InvalidOperationException($"no such fault: {kind}");
        }
    }

    private void Strike(BuggifySite site, SimulatedReplica replica)
    {
        if (!replica.IsRunning)
        {
            return;
        }

        world.Trace.Add(world.Now, TraceKind.Fault, replica.Number, (ulong)site, 1);
        switch (site)
        {
            case BuggifySite.VoteSent:
                world.Monitors.Rare.Sometimes(RareState.RestartRightAfterVote);
                replica.PowerCut();
                Later(() => Start(replica), chance.Between(0, 20 * Millisecond));
                break;
            case BuggifySite.ElectionWon:
                world.Monitors.Rare.Sometimes(RareState.CutRightAfterWinning);
                world.Network.Isolate(replica.Number);
                Later(world.Network.Heal);
                break;
            default:
                world.Monitors.Rare.Sometimes(RareState.PowerCutRightAfterAnswer);
                replica.PowerCut();
                Later(() => Start(replica));
                break;
        }
    }

    private void Crash(FaultKind kind, SimulatedReplica replica)
    {
        if (kind == FaultKind.PowerCutAll)
        {
            world.Monitors.Rare.Sometimes(RareState.AllPowerCut);
            foreach (SimulatedReplica each in world.Replicas)
            {
                each.PowerCut();
                Later(() => Start(each));
            }

            return;
        }

        if (kind == FaultKind.PowerCut)
        {
            replica.PowerCut();
        }
        else if (replica.IsRunning)
        {
            replica.Kill();
        }

        Later(() => Start(replica), kind == FaultKind.FastRestart ? 0 : chance.Between(1, 2 * swarm.StabilityNs));
    }

    private void FailSync(SimulatedReplica replica)
    {
        int failed = 0;
        foreach (SimulatedReplica each in world.Replicas)
        {
            failed += each.IsRunning && (!each.IsSound || each.Ring.FailAfter >= 0) ? 1 : 0;
        }

        if (!replica.IsSound || failed >= (world.Options.Replicas - 1) / 2)
        {
            return;
        }

        world.Monitors.Rare.Sometimes(RareState.SyncFailed);
        replica.Ring.FailAfter = (int)chance.Between(0, 10);
        int life = replica.Life;
        Later(() => Replace(replica, life), 2 * swarm.StabilityNs);
    }

    /// <summary>An operator restarts a replica whose shard has stopped.</summary>
    private static void Replace(SimulatedReplica replica, int life)
    {
        if (replica.IsRunning && replica.Life == life)
        {
            replica.Kill();
        }

        Start(replica);
    }

    private static void Start(SimulatedReplica replica)
    {
        if (!replica.IsRunning)
        {
            replica.Start();
        }
    }

    private void Split()
    {
        ulong camps = chance.Next();
        foreach (SimulatedReplica from in world.Replicas)
        {
            foreach (SimulatedReplica to in world.Replicas)
            {
                if (((camps >> (int)from.Number) & 1) != ((camps >> (int)to.Number) & 1))
                {
                    world.Network.Cut(from.Number, to.Number);
                }
            }
        }
    }

    private static void SetTiming(SimulatedReplica replica, DiskTiming timing)
    {
        replica.Timing = timing;
        if (replica.IsRunning)
        {
            replica.Ring.Timing = timing;
        }
    }

    private void Later(Action action) => Later(action, chance.Between(1, 2 * swarm.StabilityNs));

    private void Later(Action action, long delayNs) => _later.Enqueue(action, (world.Now + delayNs, _sequence++));

    /// <summary>Half of the faults look for the leader: there they hurt.</summary>
    private SimulatedReplica AnyReplica()
    {
        SimulatedReplica any = world[(uint)chance.Between(1, world.Options.Replicas + 1)];
        return chance.Chance(1, 2) ? world.Leader ?? any : any;
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
