using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// When leadership may be handed over (Raft thesis, 3.10): to nobody who holds less than the leader, for no longer than
/// was asked, and with no lease left behind.
/// </summary>
internal sealed class TransferChecker(World world)
{
    private readonly HashSet<(uint Target, ulong Term)> _told = [];
    private readonly HashSet<(uint Target, ulong Term)> _campaigns = [];
    private readonly bool[] _open = new bool[world.Options.Replicas + 1];

    /// <summary>A leader tells a follower to campaign.</summary>
    internal void Told(in FrameHeader header, in TimeoutNowBody body)
    {
        _told.Add((header.To, header.Term));
        SimulatedReplica leader = world[header.From];
        SimulatedReplica target = world[header.To];
        if (!leader.IsRunning || leader.Core.Term != header.Term)
        {
            return;
        }

        RaftState from = leader.Core;
        world.Check(
            Monitor.LeaseRenounced,
            !LeaderTransfer.AllowsLease(from),
            $"replica {header.From} tells {header.To} to campaign in term {header.Term}, and its lease counts");

        // What is durable stays through crashes of the target, but not through harm of its disk.
        bool isKnown = target.IsRunning && !target.Disk.Mishaps.IsHarmed
            && target.Core.Incarnation == body.Incarnation && target.Core.Term <= header.Term;
        world.Check(
            Monitor.TransferTarget,
            !isKnown || (target.Core.LastIndex >= from.LastIndex
                && target.Core.Log.TermAt(from.LastIndex) == from.Log.LastTerm),
            $"replica {header.From} tells {header.To} to campaign, whose log ends at {target.Core.LastIndex}, "
            + $"its own at {from.LastIndex}");
    }

    /// <summary>A candidate asks for votes in the leader's name.</summary>
    internal void Campaigns(uint candidate, ulong term)
    {
        _campaigns.Add((candidate, term));
        world.Check(
            Monitor.TransferTarget,
            _told.Contains((candidate, term - 1)),
            $"replica {candidate} campaigns in term {term} as if its leader had told it");
    }

    /// <summary>It was told to campaign in this term: no pre-vote is needed.</summary>
    internal bool IsTold(uint candidate, ulong term) => _campaigns.Contains((candidate, term));

    /// <summary>A word to campaign has arrived.</summary>
    internal void Arrived(in FrameHeader header)
    {
        SimulatedReplica target = world[header.To];
        world.Monitors.Rare.Sometimes(
            RareState.LateTransferWord, target.IsRunning && header.Term < target.Core.Term);
    }

    /// <summary>A term has got its leader.</summary>
    internal void Won(SimulatedReplica leader) => world.Monitors.Rare.Sometimes(
        RareState.LeadershipTransferred, IsTold(leader.Number, leader.Core.Term));

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        TransferState transfer = core.Transfer;
        world.Check(
            Monitor.TransferBounded,
            !transfer.IsOpen || core.NowNs < transfer.DeadlineNs,
            $"replica {replica.Number} still hands over {core.NowNs - transfer.DeadlineNs} ns after the deadline");
        world.Check(
            Monitor.TransferBounded,
            transfer.IsOpen || !LeaderTransfer.IsHolding(core),
            $"replica {replica.Number} takes no proposals, and no transfer is under way");
        bool isGivenUp = _open[replica.Number] && !transfer.IsOpen && replica.IsLeader && transfer.Term == core.Term;
        world.Monitors.Rare.Sometimes(RareState.TransferGivenUp, isGivenUp);
        bool isOwnWish = transfer.IsOpen && transfer.Id == 0 && transfer.Asker == 0;
        world.Monitors.Rare.Sometimes(RareState.SlowLeaderYields, isOwnWish && !_open[replica.Number]);
        _open[replica.Number] = transfer.IsOpen;
    }
}
