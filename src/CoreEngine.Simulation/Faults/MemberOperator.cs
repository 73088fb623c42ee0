using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Simulation.Monitoring;

namespace CoreEngine.Simulation.Faults;

/// <summary>What an operator wants of the members.</summary>
internal enum MemberWish
{
    /// <summary>Somebody who is none becomes a learner, and a voter by itself.</summary>
    Join,

    /// <summary>Somebody who is none becomes a learner.</summary>
    Learn,

    /// <summary>A learner becomes a voter.</summary>
    Promote,

    /// <summary>Somebody leaves.</summary>
    Remove,

    /// <summary>The leader leaves.</summary>
    RemoveLeader,

    /// <summary>A learner takes the place of a voter, in one change.</summary>
    Replace,

    /// <summary>A voter becomes a witness.</summary>
    Witness,

    /// <summary>A witness becomes a voter.</summary>
    Data,

    /// <summary>Somebody gets another priority.</summary>
    Rank,
}

/// <summary>
/// Operators who change the members of a running group, each by what it has seen and by compare-and-set; they bring new
/// and replaced replicas in with an empty disk, and keep to the contract: lost disks are a minority of whatever they
/// ask for.
/// </summary>
internal sealed class MemberOperator(World world)
{
    private const int VotersMax = 7;
    private static readonly int Wishes = Enum.GetValues<MemberWish>().Length;

    private readonly List<Task<MembershipOutcome>> _asked = [];

    /// <summary>Asks one thing, at one replica. The amount of the fault says what, its other replica whom: the next one
    /// that fits.</summary>
    /// <returns>False when nothing fits, or the contract leaves no room: nothing was asked.</returns>
    internal bool TryDo(in Fault fault)
    {
        NoteAnswers();
        SimulatedReplica at = world[fault.Replica];
        Configuration seen = at.IsSound ? at.Core.Configuration : Configuration.None;
        if (seen.Epoch == 0 || at.Runtime.IsClosing || world.Tracer is not null)
        {
            return false;
        }

        var wish = (MemberWish)((fault.Amount & 15) % Wishes);
        MembershipChange? change = seen.IsJoint && !seen.IsAutomatic
            ? new MembershipChange { Leave = true }
            : Plan(seen, wish, fault.Other, fault.Amount >> 4);
        if (change is null)
        {
            return false;
        }

        _asked.Add(at.ChangeAsync(change with { ExpectedEpoch = seen.Epoch }));
        return true;
    }

    /// <summary>Tasks tell nobody by themselves: their continuations would run on threads of their own.</summary>
    private void NoteAnswers()
    {
        for (int i = _asked.Count - 1; i >= 0; i--)
        {
            if (_asked[i].IsCompleted)
            {
                MembershipOutcome outcome = _asked[i].Result;
                RareStates rare = world.Monitors.Rare;
                rare.Sometimes(RareState.ChangeAgreed, outcome.Outcome == Outcome.Committed);
                world.Check(
                    Monitor.ChangeAnswer,
                    outcome.Outcome != Outcome.Committed
                        || world.Monitors.Configurations.IsCommitted(outcome.Epoch),
                    $"an operator was told that configuration {outcome.Epoch} is agreed, and it is not");
                rare.Sometimes(
                    RareState.ChangeOutdated, outcome.Refusal.Code == RefusalCode.ConfigurationChanged);
                _asked.RemoveAt(i);
            }
        }
    }

    private MembershipChange? Plan(Configuration seen, MemberWish wish, uint first, long bits) => wish switch
    {
        MemberWish.Join => Add(seen, first, bits, isPromoted: true),
        MemberWish.Learn => Add(seen, first, bits, isPromoted: false),
        MemberWish.Promote => Promote(seen, first, bits),
        MemberWish.Remove => Remove(seen, Find(seen, first, static row => row is not null), bits),
        MemberWish.RemoveLeader => Remove(seen, world.Leader?.Number ?? 0, bits),
        MemberWish.Replace => Replace(seen, first, bits),
        MemberWish.Witness => Appoint(seen, Find(seen, first, static row => row is { Kind: MemberKind.Voter })),
        MemberWish.Data => Set(Find(seen, first, static row => row is { Kind: MemberKind.Witness }), MemberKind.Voter),
        _ => Rank(seen, Find(seen, first, static row => row is { IsVoter: true }), bits),
    };

    private MembershipChange? Add(Configuration seen, uint first, long bits, bool isPromoted)
    {
        uint newcomer = Find(seen, first, static row => row is null);
        return newcomer != 0 && TryBringIn(world[newcomer], isAnew: (bits & 1) != 0)
            ? Set(newcomer, MemberKind.Learner, isPromoted)
            : null;
    }

    private MembershipChange? Promote(Configuration seen, uint first, long bits)
    {
        uint learner = Find(seen, first, static row => row is { Kind: MemberKind.Learner });
        MembershipChange? change = Set(learner, MemberKind.Voter);
        return change is not null && IsSound(seen, 0, learner) ? change with { StaysJoint = (bits & 3) == 0 } : null;
    }

    private MembershipChange? Remove(Configuration seen, uint leaver, long bits) =>
        seen.Find(leaver) is not null && IsSound(seen, leaver, 0) && MayShrink(seen, leaver, bits)
            ? new MembershipChange { Remove = [leaver] }
            : null;

    private static MembershipChange? Appoint(Configuration seen, uint voter) =>
        DataVotersOf(seen) > 2 ? Set(voter, MemberKind.Witness) : null;

    private static MembershipChange? Rank(Configuration seen, uint voter, long bits) =>
        Set(voter, seen.Find(voter)?.Kind ?? MemberKind.None, priority: (byte)(1 + (bits % 200)));

    private MembershipChange? Replace(Configuration seen, uint first, long bits)
    {
        uint learner = Find(seen, first, static row => row is { Kind: MemberKind.Learner });
        uint voter = Find(seen, first, static row => row is { Kind: MemberKind.Voter });
        MembershipChange? change = Set(learner, MemberKind.Voter);
        return change is not null && voter != 0 && IsSound(seen, voter, learner)
            ? change with { Remove = [voter], StaysJoint = (bits & 1) != 0 }
            : null;
    }

    /// <summary>Null when there is nobody.</summary>
    private static MembershipChange? Set(
        uint replica, MemberKind kind, bool isPromoted = false, byte priority = Configuration.PriorityDefault)
    {
        var member = new Member { Replica = replica, Kind = kind, IsPromoted = isPromoted, Priority = priority };
        return replica == 0 ? null : new MembershipChange { Set = [member] };
    }

    /// <summary>The first replica from one on whose row fits; 0 when none does.</summary>
    private uint Find(Configuration seen, uint first, Predicate<ConfigurationMember?> fits)
    {
        uint replicas = (uint)world.Options.Replicas;
        for (uint i = 0; i < replicas; i++)
        {
            uint replica = ((first + i - 1) % replicas) + 1;
            if (fits(seen.Find(replica)))
            {
                return replica;
            }
        }

        return 0;
    }

    /// <summary>A group of one or two is asked for now and then only: it stands still at any fault.</summary>
    private static bool MayShrink(Configuration seen, uint leaver, long bits)
    {
        int left = 0;
        int data = 0;
        foreach (ConfigurationMember row in seen.Members)
        {
            left += row.IsVoter && row.Replica != leaver ? 1 : 0;
            data += row.Kind == MemberKind.Voter && row.Replica != leaver ? 1 : 0;
        }

        return data > 0 && (left >= 3 || (bits & 3) == 0);
    }

    private static int DataVotersOf(Configuration seen)
    {
        int voters = 0;
        foreach (ConfigurationMember row in seen.Members)
        {
            voters += row.Kind == MemberKind.Voter ? 1 : 0;
        }

        return voters;
    }

    /// <summary>With one fewer and one more voter, lost disks are a minority still.</summary>
    private bool IsSound(Configuration seen, uint leaver, uint joiner)
    {
        int voters = 0;
        int lost = 0;
        foreach (ConfigurationMember row in seen.Members)
        {
            if (row.Replica != leaver)
            {
                voters += row.IsVoter || row.Replica == joiner ? 1 : 0;
                lost += HealedCore.IsLost(world[row.Replica], row) ? 1 : 0;
            }
        }

        return voters <= VotersMax && lost <= (voters - 1) / 2;
    }

    /// <summary>Who is to be added runs: on the disk that it has, or on an empty one when nobody counts on the old one
    /// any more.</summary>
    private bool TryBringIn(SimulatedReplica newcomer, bool isAnew)
    {
        if (!isAnew && !newcomer.Disk.Mishaps.IsHarmed)
        {
            return newcomer.IsRunning;
        }

        bool isNamed = world.Monitors.Configurations.InPlay()
            .Exists(configuration => configuration.Find(newcomer.Number) is not null);
        if (isNamed)
        {
            return false;
        }

        if (newcomer.IsRunning)
        {
            newcomer.Kill();
        }

        newcomer.FormatToJoin();
        newcomer.Start();
        return true;
    }
}
