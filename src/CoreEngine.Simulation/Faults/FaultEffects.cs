using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation.Faults;

/// <summary>Carries faults out and undoes them when their time is over. Knows no chance: all of it stands in the
/// fault.</summary>
internal sealed class FaultEffects(World world)
{
    private const long Millisecond = 1_000_000;
    private const long RetryNs = 500 * Millisecond;

    private readonly PriorityQueue<Action, (long Time, long Sequence)> _ends = new();
    private readonly long[] _counts = new long[Enum.GetValues<FaultKind>().Length];
    private long _sequence;

    /// <summary>Faults done so far, by kind.</summary>
    internal ReadOnlySpan<long> Counts => _counts;

    /// <summary>When the next fault ends; <see cref="long.MaxValue"/> when none is under way.</summary>
    internal long NextEnd =>
        _ends.TryPeek(out _, out (long Time, long Sequence) at) ? at.Time : long.MaxValue;

    /// <summary>Undoes what is over.</summary>
    internal void EndDue()
    {
        while (NextEnd <= world.Now)
        {
            _ends.Dequeue()();
        }
    }

    /// <summary>Forgets what would still end: everything is healed at once elsewhere.</summary>
    internal void Forget() => _ends.Clear();

    /// <summary>Does one thing.</summary>
    /// <returns>False when the contract leaves no room for it now: nothing was done.</returns>
    internal bool TryDo(in Fault fault)
    {
        SimulatedReplica replica = world[fault.Replica];
        if (!IsAllowed(fault, replica))
        {
            return false;
        }

        _counts[(int)fault.Kind]++;
        world.Trace.Add(
            world.Now, TraceKind.Fault, fault.Replica, (ulong)fault.Kind, fault.Site is { } site ? (ulong)site + 1 : 0);
        Count(fault, replica);
        if (fault.Kind <= FaultKind.PowerCutAll)
        {
            Crash(fault, replica);
        }
        else if (fault.Kind <= FaultKind.OneWay)
        {
            Cut(fault);
        }
        else
        {
            Hinder(fault, replica);
        }

        return true;
    }

    private bool IsAllowed(in Fault fault, SimulatedReplica replica)
    {
        if (fault.Site is not null && !replica.IsRunning)
        {
            return false;
        }

        return fault.Kind != FaultKind.FailSync || MayFailDisk(replica);
    }

    private bool MayFailDisk(SimulatedReplica replica)
    {
        int failed = 0;
        foreach (SimulatedReplica each in world.Replicas)
        {
            failed += each.IsRunning && (!each.IsSound || each.Ring.FailAfter >= 0) ? 1 : 0;
        }

        return replica.IsSound && failed < (world.Options.Replicas - 1) / 2;
    }

    private void Count(in Fault fault, SimulatedReplica replica)
    {
        RareStates rare = world.Monitors.Rare;
        rare.Sometimes(RareState.AllPowerCut, fault.Kind == FaultKind.PowerCutAll);
        rare.Sometimes(RareState.OneWayCut, fault.Kind == FaultKind.OneWay);
        rare.Sometimes(RareState.PausedLeader, fault.Kind == FaultKind.Pause && replica.IsLeader);
        rare.Sometimes(RareState.SyncFailed, fault.Kind == FaultKind.FailSync);
        rare.Sometimes(RareState.RestartRightAfterVote, fault.Site == BuggifySite.VoteSent);
        rare.Sometimes(RareState.CutRightAfterWinning, fault.Site == BuggifySite.ElectionWon);
        rare.Sometimes(RareState.PowerCutRightAfterAnswer, fault.Site == BuggifySite.Answered);
    }

    private void Crash(in Fault fault, SimulatedReplica replica)
    {
        if (fault.Kind == FaultKind.PowerCutAll)
        {
            // One after another: the amount seeds how long each stays down.
            var chance = new Prng(unchecked((ulong)fault.Amount));
            foreach (SimulatedReplica each in world.Replicas)
            {
                each.PowerCut();
                End(() => Start(each), chance.Between(0, fault.DurationNs + 1));
            }

            return;
        }

        if (fault.Kind == FaultKind.PowerCut)
        {
            replica.PowerCut();
        }
        else if (replica.IsRunning)
        {
            replica.Kill();
        }

        End(() => Start(replica), fault.DurationNs);
    }

    private void Cut(in Fault fault)
    {
        List<(uint From, uint To)> links = LinksOf(fault);
        foreach ((uint from, uint to) in links)
        {
            world.Network.Cut(from, to);
        }

        End(
            () =>
            {
                foreach ((uint from, uint to) in links)
                {
                    world.Network.Mend(from, to);
                }
            },
            fault.DurationNs);
    }

    /// <summary>The directions that a fault closes.</summary>
    private List<(uint From, uint To)> LinksOf(in Fault fault)
    {
        var links = new List<(uint From, uint To)>();
        foreach (SimulatedReplica from in world.Replicas)
        {
            foreach (SimulatedReplica to in world.Replicas)
            {
                if (from != to && IsClosed(fault, from.Number, to.Number))
                {
                    links.Add((from.Number, to.Number));
                }
            }
        }

        return links;
    }

    private static bool IsClosed(in Fault fault, uint from, uint to) => fault.Kind switch
    {
        FaultKind.Isolate => from == fault.Replica || to == fault.Replica,
        FaultKind.Split => ((fault.Amount >> (int)from) & 1) != ((fault.Amount >> (int)to) & 1),
        FaultKind.OneWay => from == fault.Replica && to == fault.Other,
        _ => throw new InvalidOperationException($"no cut: {fault.Kind}"),
    };

    private void Hinder(in Fault fault, SimulatedReplica replica)
    {
        switch (fault.Kind)
        {
            case FaultKind.Pause:
                replica.PausedUntil = long.Max(replica.PausedUntil, world.Now + fault.DurationNs);
                break;
            case FaultKind.SlowDisk:
                SetTiming(replica, new DiskTiming(5 * Millisecond, 300 * Millisecond));
                End(() => SetTiming(replica, world.Options.Disk), fault.DurationNs);
                break;
            case FaultKind.FailSync:
                replica.Ring.FailAfter = (int)fault.Amount;
                int life = replica.Life;
                End(() => Replace(replica, life), fault.DurationNs);
                break;
            case FaultKind.FullDisk:
                replica.Disk.BytesFree = 0;
                End(() => replica.Disk.BytesFree = long.MaxValue, fault.DurationNs);
                break;
            default:
                throw new InvalidOperationException($"no such fault: {fault.Kind}");
        }
    }

    /// <summary>An operator restarts a replica whose shard has stopped.</summary>
    private void Replace(SimulatedReplica replica, int life)
    {
        if (replica.IsRunning && replica.Life == life)
        {
            replica.Kill();
        }

        Start(replica);
    }

    /// <summary>What refuses its disk for now is tried again.</summary>
    private void Start(SimulatedReplica replica)
    {
        if (!replica.IsRunning && !replica.TryStart())
        {
            End(() => Start(replica), RetryNs);
        }
    }

    internal static void SetTiming(SimulatedReplica replica, DiskTiming timing)
    {
        replica.Timing = timing;
        if (replica.IsRunning)
        {
            replica.Ring.Timing = timing;
        }
    }

    private void End(Action action, long delayNs) => _ends.Enqueue(action, (world.Now + delayNs, _sequence++));
}
