using System.Numerics;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Monitoring;

/// <summary>
/// A group at rest (see <see cref="Quiescence"/>): nobody trusts a node that is silent for longer than the bound, no
/// leader rests without a quorum of living nodes, none while a follower whose node it hears lags, and none sends what
/// only a leader at work sends.
/// </summary>
internal sealed class RestChecker(World world)
{
    private readonly uint[] _count = new uint[world.Options.Replicas + 1];
    private readonly long[] _since = new long[world.Options.Replicas + 1];
    private readonly bool[] _leads = new bool[world.Options.Replicas + 1];
    private readonly uint[] _trusts = new uint[world.Options.Replicas + 1];
    private readonly long[] _beats = new long[(world.Options.Replicas + 1) * (world.Options.Replicas + 1)];

    /// <summary>How long after a node's last beat somebody may still trust it: its patience, the beat at which it
    /// looks, the steps in which groups are told; twice, for clocks that drift.</summary>
    private long BoundNs => 2_000_000L * (world.Options.ElectionMinMs + (2 * world.Options.HeartbeatMs) + 10);

    /// <summary>A replica has turned.</summary>
    internal void Observe(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        uint number = replica.Number;
        bool rests = core.IsQuiescent && replica.IsSound;
        bool restsAndLeads = rests && core.Role == Role.Leader;
        world.Check(
            Monitor.RestSilence,
            !restsAndLeads || !_leads[number] || _count[number] == 0,
            $"replica {number} leads term {core.Term} at rest, and has sent {_count[number]} messages");
        _count[number] = 0;
        _leads[number] = restsAndLeads;
        if (!rests)
        {
            bool hasLost = _trusts[number] != 0 && core.Leader == _trusts[number] && core.Role == Role.Follower;
            world.Monitors.Rare.Sometimes(RareState.LeaderLostAtRest, hasLost && core.LeaderHeardNs < core.NowNs);
            _trusts[number] = 0;
            _since[number] = world.Now;
            return;
        }

        world.Monitors.Rare.Sometimes(RareState.GroupRests);
        _trusts[number] = restsAndLeads ? 0 : core.Leader;
        if (restsAndLeads)
        {
            CheckLeader(replica);
        }
        else
        {
            CheckTrust(replica);
        }
    }

    /// <summary>A replica has recovered.</summary>
    internal void Restarted(SimulatedReplica replica)
    {
        _leads[replica.Number] = false;
        _trusts[replica.Number] = 0;
        _count[replica.Number] = 0;
    }

    /// <summary>A frame has left its replica.</summary>
    internal void Sent(in FrameHeader header)
    {
        // A Wake has no index.
        var type = (MessageType)header.Type;
        if (type == MessageType.AppendEntries || (type == MessageType.Quiesce && header.Sequence != 0))
        {
            _count[header.From]++;
        }
    }

    /// <summary>A frame is about to be heard.</summary>
    internal void Delivered(in FrameHeader header)
    {
        if ((MessageType)header.Type == MessageType.NodeBeat)
        {
            // A beat of an earlier life says nothing of this one.
            ref long last = ref BeatOf(header.To, header.From);
            bool isOfLife = world[header.From].IsRunning && LifeOf(header.From) == header.Correlation;
            last = isOfLife ? world.Now : last;
        }
    }

    private void CheckTrust(SimulatedReplica replica)
    {
        uint leader = replica.Core.Leader;
        long silence = world.Now - long.Max(BeatOf(replica.Number, leader), _since[replica.Number]);
        world.Check(
            Monitor.RestTrust,
            silence < BoundNs,
            $"replica {replica.Number} rests and trusts {leader}, whose node it has not heard for {silence} ns");
    }

    private void CheckLeader(SimulatedReplica replica)
    {
        RaftState core = replica.Core;
        ulong alive = core.SelfBit;
        int lagging = 0;
        for (int i = 0; i < core.Peers.Length; i++)
        {
            if (i == core.Self)
            {
                continue;
            }

            uint peer = core.Quorum.VoterAt(i);
            bool isAlive = world.Now - long.Max(BeatOf(replica.Number, peer), _since[replica.Number]) < BoundNs;
            alive |= isAlive ? 1UL << i : 0;
            lagging += !core.Peers[i].IsNodeSilent && core.Peers[i].Match < core.LastIndex ? 1 : 0;
        }

        world.Check(
            Monitor.RestTrust,
            Majorities.GoOn(core.Configuration, alive),
            $"replica {replica.Number} leads term {core.Term} at rest, and hears {BitOperations.PopCount(alive) - 1} "
            + $"other nodes");
        world.Check(
            Monitor.RestComplete,
            lagging == 0 && core.CommitIndex == core.LastIndex,
            $"replica {replica.Number} leads term {core.Term} at rest, and {lagging} followers lag");
    }

    private ulong LifeOf(uint replica) => (1UL << 32) | world[replica].Loop!.Life;

    private ref long BeatOf(uint at, uint from) => ref _beats[(at * (uint)(world.Options.Replicas + 1)) + from];
}
