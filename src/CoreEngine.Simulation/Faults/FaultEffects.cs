using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation.Faults;

/// <summary>Carries faults out and undoes them when their time is over. Knows no chance: all of it stands in the
/// fault.</summary>
internal sealed class FaultEffects
{
    private const long Millisecond = 1_000_000;
    private const long RetryNs = 500 * Millisecond;

    private readonly PriorityQueue<Action, (long Time, long Sequence)> _ends = new();
    private readonly LinkEffects _links;
    private readonly MemberOperator _operator;
    private readonly long[] _counts = new long[Enum.GetValues<FaultKind>().Length];
    private readonly World _world;
    private long _sequence;

    internal FaultEffects(World world)
    {
        _world = world;
        _links = new LinkEffects(world, End);
        _operator = new MemberOperator(world);
    }

    /// <summary>Faults done so far, by kind.</summary>
    internal ReadOnlySpan<long> Counts => _counts;

    /// <summary>When the next fault ends; <see cref="long.MaxValue"/> when none is under way.</summary>
    internal long NextEnd =>
        _ends.TryPeek(out _, out (long Time, long Sequence) at) ? at.Time : long.MaxValue;

    /// <summary>Undoes what is over.</summary>
    internal void EndDue()
    {
        while (NextEnd <= _world.Now)
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
        SimulatedReplica replica = _world[fault.Replica];
        if (!IsAllowed(fault, replica))
        {
            return false;
        }

        _counts[(int)fault.Kind]++;
        ulong site = fault.Site is { } struck ? (ulong)struck + 1 : 0;
        _world.Trace.Add(_world.Now, TraceKind.Fault, fault.Replica, (ulong)fault.Kind, site);
        Count(fault, replica);
        switch (fault.Kind)
        {
            case FaultKind.Kill or FaultKind.FastRestart or FaultKind.PowerCut or FaultKind.PowerCutAll:
                Crash(fault, replica);
                return true;
            case FaultKind.Isolate or FaultKind.Split or FaultKind.OneWay or FaultKind.Bridge or FaultKind.Hub:
                Cut(fault);
                return true;
            case FaultKind.SlowLink or FaultKind.Swizzle or FaultKind.Scatter or FaultKind.OldFrame:
                _links.Do(fault);
                return true;
            case FaultKind.BitRot or FaultKind.LostWrite or FaultKind.MisdirectedWrite or FaultKind.WipeDisk
                or FaultKind.ReplaceDisk:
                Harm(fault, replica);
                return true;
            case FaultKind.ChangeMembers:
                // Done already: only an operator knows whether anything fits.
                return true;
            case FaultKind.Transfer:
                _ = replica.TransferAsync(fault.Other, long.Max(1, fault.DurationNs));
                return true;
            case FaultKind.Stop:
                replica.BeginStop();
                AwaitStop(replica, replica.Life, fault.DurationNs);
                return true;
            default:
                Hinder(fault, replica);
                return true;
        }
    }

    /// <summary>Looks again and again whether it may go; then it starts again after a while.</summary>
    private void AwaitStop(SimulatedReplica replica, int life, long downNs)
    {
        if (!replica.IsRunning || replica.Life != life)
        {
            return;
        }

        if (replica.TryStop())
        {
            End(() => Start(replica), downNs);
        }
        else
        {
            End(() => AwaitStop(replica, life, downNs), Millisecond);
        }
    }

    private bool IsAllowed(in Fault fault, SimulatedReplica replica)
    {
        if (fault.Site is not null && !replica.IsRunning)
        {
            return false;
        }

        return fault.Kind switch
        {
            FaultKind.FailSync => MayFailDisk(replica),
            FaultKind.FailRead => replica.IsRunning,
            FaultKind.TakeSnapshot => replica.IsSound && _world.Tracer is null,
            FaultKind.BitRot => MayHarm(replica, isSeen: true) && MayRot(fault, replica),
            FaultKind.LostWrite or FaultKind.MisdirectedWrite => replica.IsSound && MayHarm(replica, isSeen: false),
            FaultKind.WipeDisk => MayHarm(replica, isSeen: false),
            FaultKind.ReplaceDisk => MayHarm(replica, isSeen: false),
            FaultKind.Transfer or FaultKind.Stop => replica.IsSound && !replica.Runtime.IsClosing,
            FaultKind.OldFrame => replica.IsRunning && fault.Other != 0,
            FaultKind.ChangeMembers => _operator.TryDo(fault),
            _ => true,
        };
    }

    /// <summary>
    /// The atlas: disks that were ever harmed are a minority, so every acknowledged entry stands on a sound disk of any
    /// majority of sound ones. Harm that checksums show may go further in worlds beyond the contract.
    /// </summary>
    private bool MayHarm(SimulatedReplica replica, bool isSeen)
    {
        if (replica.Disk.Mishaps.IsHarmed)
        {
            return false;
        }

        bool isMember = false;
        bool isMinority = true;
        foreach (Configuration configuration in _world.Monitors.Configurations.InPlay())
        {
            isMember |= configuration.Find(replica.Number) is not null;
            isMinority &= IsMinority(configuration, replica);
        }

        return isMember && (isMinority || (isSeen && _world.Options.IsBeyondContract));
    }

    /// <summary>With this one the lost members are a minority of the voters, in both halves; who learns may
    /// vote.</summary>
    private bool IsMinority(Configuration configuration, SimulatedReplica next)
    {
        (int voters, int outgoing, int lost) = (0, 0, 0);
        foreach (ConfigurationMember row in configuration.Members)
        {
            voters += row.IsVoter ? 1 : 0;
            outgoing += row.IsOutgoingVoter ? 1 : 0;
            lost += row.Replica == next.Number || HealedCore.IsLost(_world[row.Replica], row) ? 1 : 0;
        }

        return lost <= (voters - 1) / 2 && (!configuration.IsJoint || lost <= (outgoing - 1) / 2);
    }

    private static bool MayRot(in Fault fault, SimulatedReplica replica) =>
        replica.Disk.TryRot(new Prng(unchecked((ulong)fault.Amount)));

    private bool MayFailDisk(SimulatedReplica replica)
    {
        int failed = 0;
        foreach (SimulatedReplica each in _world.Replicas)
        {
            failed += each.IsRunning && (!each.IsSound || each.Ring.FailAfter >= 0) ? 1 : 0;
        }

        return replica.IsSound && failed < ((_world.Options.Founders ?? _world.Options.Replicas) - 1) / 2;
    }

    private void Count(in Fault fault, SimulatedReplica replica)
    {
        RareStates rare = _world.Monitors.Rare;
        rare.Sometimes(RareState.AllPowerCut, fault.Kind == FaultKind.PowerCutAll);
        rare.Sometimes(RareState.OneWayCut, fault.Kind == FaultKind.OneWay);
        rare.Sometimes(RareState.PausedLeader, fault.Kind == FaultKind.Pause && replica.IsLeader);
        rare.Sometimes(RareState.SyncFailed, fault.Kind == FaultKind.FailSync);
        rare.Sometimes(RareState.LinkSlow, fault.Kind == FaultKind.SlowLink);
        rare.Sometimes(RareState.Bridged, fault.Kind is FaultKind.Bridge or FaultKind.Hub);
        rare.Sometimes(RareState.Swizzled, fault.Kind == FaultKind.Swizzle);
        rare.Sometimes(RareState.FramesScattered, fault.Kind == FaultKind.Scatter);
        rare.Sometimes(RareState.LeadersWallStepped, fault.Kind == FaultKind.WallStep && replica.IsLeader);
        rare.Sometimes(RareState.LeadersClockDrifts, fault.Kind == FaultKind.Drift && replica.IsLeader);
        rare.Sometimes(
            RareState.LeaderPausedBeyondPatience,
            fault.Kind == FaultKind.Pause && replica.IsLeader && fault.DurationNs > 600 * Millisecond);
        CountCrash(fault, replica);
        CountStrike(fault);
    }

    private void CountCrash(in Fault fault, SimulatedReplica replica)
    {
        bool isWriting = replica.IsRunning && replica.Ring.IsWriting;
        RareStates rare = _world.Monitors.Rare;
        bool isCrash = fault.Kind is FaultKind.Kill or FaultKind.FastRestart or FaultKind.PowerCut;
        rare.Sometimes(
            RareState.LeaderLostInJoint, isCrash && replica.IsLeader && replica.Core.Configuration.IsJoint);
        rare.Sometimes(
            RareState.KilledInMidWrite, isWriting && fault.Kind is (FaultKind.Kill or FaultKind.FastRestart));
        rare.Sometimes(RareState.PowerCutInMidWrite, isWriting && fault.Kind == FaultKind.PowerCut);
    }

    private void CountStrike(in Fault fault)
    {
        RareStates rare = _world.Monitors.Rare;
        rare.Sometimes(RareState.CrashRightAfterWinning, fault.Site == BuggifySite.Winning);
        rare.Sometimes(RareState.CutRightAfterCommit, fault.Site == BuggifySite.Committed);
        rare.Sometimes(RareState.CrashAtTruncation, fault.Site == BuggifySite.Truncated);
        rare.Sometimes(RareState.CrashAtNewSegment, fault.Site == BuggifySite.NewSegment);
        rare.Sometimes(RareState.AckLost, fault.Site == BuggifySite.AckSent);
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
            foreach (SimulatedReplica each in _world.Replicas)
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
            _world.Network.Cut(from, to);
        }

        End(
            () =>
            {
                foreach ((uint from, uint to) in links)
                {
                    _world.Network.Mend(from, to);
                }
            },
            fault.DurationNs);
    }

    /// <summary>The directions that a fault closes.</summary>
    private List<(uint From, uint To)> LinksOf(in Fault fault)
    {
        var links = new List<(uint From, uint To)>();
        foreach (SimulatedReplica from in _world.Replicas)
        {
            foreach (SimulatedReplica to in _world.Replicas)
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
        FaultKind.Hub => from != fault.Replica && to != fault.Replica,
        FaultKind.Bridge => from != fault.Replica && to != fault.Replica
            && ((fault.Amount >> (int)from) & 1) != ((fault.Amount >> (int)to) & 1),
        _ => throw new InvalidOperationException($"no cut: {fault.Kind}"),
    };

    private void Hinder(in Fault fault, SimulatedReplica replica)
    {
        switch (fault.Kind)
        {
            case FaultKind.Pause:
                replica.PausedUntil = long.Max(replica.PausedUntil, _world.Now + fault.DurationNs);
                break;
            case FaultKind.SlowDisk:
                SetTiming(replica, new DiskTiming(5 * Millisecond, 300 * Millisecond));
                End(() => SetTiming(replica, _world.Options.Disk), fault.DurationNs);
                break;
            case FaultKind.FailSync:
                replica.Ring.FailAfter = (int)fault.Amount;
                int life = replica.Life;
                End(() => Replace(replica, life), fault.DurationNs);
                break;
            case FaultKind.FailRead:
                replica.Disk.Mishaps.ReadsToFail = (int)fault.Amount;
                int reader = replica.Life;
                End(() => Replace(replica, reader), fault.DurationNs);
                break;
            case FaultKind.WallStep:
                long step = fault.Amount;
                replica.WallOffsetNs += step;
                End(() => replica.WallOffsetNs -= step, fault.DurationNs);
                break;
            case FaultKind.Drift:
                replica.Drift(fault.Amount);
                End(() => replica.Drift(0), fault.DurationNs);
                break;
            case FaultKind.TakeSnapshot:
                replica.Runtime.Snapshots.Ask(null);
                replica.Nudge();
                break;
            case FaultKind.FullDisk:
                replica.Disk.BytesFree = 0;
                End(() => replica.Disk.BytesFree = long.MaxValue, fault.DurationNs);
                break;
            default:
                throw new InvalidOperationException($"no such fault: {fault.Kind}");
        }
    }

    private void Harm(in Fault fault, SimulatedReplica replica)
    {
        switch (fault.Kind)
        {
            case FaultKind.BitRot:
                // Done already: only the disk knows whether it has a place that may rot.
                break;
            case FaultKind.LostWrite or FaultKind.MisdirectedWrite:
                WriteFate fate = fault.Kind == FaultKind.LostWrite ? WriteFate.Lost : WriteFate.Misdirected;
                replica.Disk.Mishaps.Arm(fate, (int)(fault.Amount % 8), fault.Amount);
                break;
            default:
                if (replica.IsRunning)
                {
                    replica.Kill();
                }

                Renew(fault.Kind, replica);
                End(() => Start(replica), fault.DurationNs);
                break;
        }
    }

    private static void Renew(FaultKind kind, SimulatedReplica replica)
    {
        if (kind == FaultKind.WipeDisk)
        {
            replica.FormatAnew();
        }
        else
        {
            replica.ReplaceDisk();
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
        if (!replica.IsRunning && !replica.TryStart() && !replica.Disk.Mishaps.IsHarmed)
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

    private void End(Action action, long delayNs) => _ends.Enqueue(action, (_world.Now + delayNs, _sequence++));
}
