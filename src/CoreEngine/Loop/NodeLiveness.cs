using System;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>
/// One heartbeat per pair of nodes, whatever the number of groups: who is alive, and who hears us. Groups at rest rely
/// on it (see <see cref="Quiescence"/>); it decides nothing else.
/// </summary>
/// <remarks>
/// A beat names its sender's life and round, and the newest round of ours that it heard. A node is silent when no beat
/// came for the shortest election timeout, and was lost when its life changed. What has changed is told to the groups
/// one after the other, a few at a time: thousands of elections in one instant would help nobody. Shard's thread only.
/// </remarks>
internal sealed class NodeLiveness
{
    private const int RoundsKept = 64;

    /// <summary>Groups that are told in one step, and those among them that wake.</summary>
    private const int ToldPerStep = 1024;
    private const int WokenPerStep = 32;
    private const long StepNs = 1_000_000;

    private readonly EngineLoop _loop;
    private readonly List<Node> _nodes = [];
    private readonly long[] _sentNs = new long[RoundsKept];
    private readonly long _periodNs;
    private readonly long _patienceNs;
    private ulong _round;
    private long _nextBeatNs;
    private long _nextStepNs;

    internal NodeLiveness(EngineLoop loop)
    {
        _loop = loop;
        _periodNs = loop.Options.Heartbeat.Ticks * 100;
        _patienceNs = loop.Options.ElectionMin.Ticks * 100;
        IsOn = loop.Options.QuiesceAfter > TimeSpan.Zero;
        foreach (Peer peer in loop.Options.Peers)
        {
            Meet(peer.Replica);
        }
    }

    /// <summary>False when groups never rest: then no beat is sent.</summary>
    internal bool IsOn { get; }

    /// <summary>When the next beat or step is due. Monotonic nanoseconds.</summary>
    internal long NextDeadline => !IsOn || _nodes.Count == 0 || _loop.Groups.IsEmpty ? long.MaxValue
        : IsTelling ? long.Min(_nextBeatNs, _nextStepNs)
        : _nextBeatNs;

    /// <summary>Our life as beats name it: never 0.</summary>
    private ulong OwnLife => (1UL << 32) | _loop.Life;

    private bool IsTelling
    {
        get
        {
            foreach (Node node in _nodes)
            {
                if (node.Told < _loop.Groups.Length)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>A replica with which groups may be shared.</summary>
    internal void Meet(uint replica)
    {
        foreach (Node known in _nodes)
        {
            if (known.Replica == replica)
            {
                return;
            }
        }

        // It has been silent for a moment only: groups that open now need not hear of it.
        _nodes.Add(new Node(replica) { HeardNs = _loop.Now, EchoedNs = _loop.Now });
        _nodes.Sort(static (one, other) => one.Replica.CompareTo(other.Replica));
    }

    /// <summary>What is known of a replica's node.</summary>
    internal PeerLiveness LevelOf(uint replica) =>
        _nodes.Find(node => node.Replica == replica)?.Level ?? PeerLiveness.Silent;

    /// <summary>Beats that are due, and what they tell. Returns true when some group was told something.</summary>
    internal bool Turn()
    {
        if (_loop.Now < NextDeadline)
        {
            return false;
        }

        if (_loop.Now >= _nextBeatNs)
        {
            Beat();
        }

        if (!IsTelling || _loop.Now < _nextStepNs)
        {
            return false;
        }

        _nextStepNs = _loop.Now + StepNs;
        int woken = 0;
        foreach (Node node in _nodes)
        {
            Tell(node, ref woken);
        }

        return true;
    }

    /// <summary>A beat arrived.</summary>
    internal ReceiveResult Receive(in FrameHeader header, ReadOnlySpan<byte> content)
    {
        uint replica = header.From;
        if (header.Correlation == 0 || !NodeBeatBody.TryRead(content, out NodeBeatBody body))
        {
            return ReceiveResult.Malformed;
        }

        // Of an incarnation that we do not admit nothing counts, least of all that it is alive.
        Node? node = _nodes.Find(known => known.Replica == replica);
        if (node is null || !_loop.Peers.Admits(replica, body.Incarnation))
        {
            return ReceiveResult.Stranger;
        }

        bool isSameLife = header.Correlation == node.Life;
        bool isLate = isSameLife ? header.Sequence <= node.Round : header.Correlation == node.EarlierLife;
        if (isLate)
        {
            return ReceiveResult.Stale;
        }

        bool isReborn = !isSameLife && node.Life != 0;
        node.EarlierLife = isSameLife ? node.EarlierLife : node.Life;
        node.Life = header.Correlation;
        node.Round = header.Sequence;
        node.HeardNs = _loop.Now;
        bool isEcho = body.EchoLife == OwnLife && body.EchoRound <= _round && body.EchoRound + RoundsKept > _round;
        if (isEcho && body.EchoRound > 0)
        {
            node.EchoedNs = long.Max(node.EchoedNs, _sentNs[body.EchoRound % RoundsKept]);
        }

        Judge(node, isReborn);
        return ReceiveResult.Accepted;
    }

    private void Beat()
    {
        _nextBeatNs = _loop.Now + _periodNs;
        _round++;
        _sentNs[_round % RoundsKept] = _loop.Now;
        _loop.Faulted.Tell();
        Span<byte> body = stackalloc byte[NodeBeatBody.Bytes];
        foreach (Node node in _nodes)
        {
            Judge(node, isReborn: false);
            new NodeBeatBody(_loop.Log.Identity.Incarnation, node.Life, node.Round).Write(body);
            var header = new FrameHeader(
                (byte)MessageType.NodeBeat, 0, 0, _loop.Replica, node.Replica, 0, _round, OwnLife);
            if (_loop.Transport.TrySend(node.Replica, Lane.Control, header, body, default))
            {
                _loop.FlushNeeded = true;
                _loop.Counters.BeatsSent++;
            }
        }
    }

    private void Judge(Node node, bool isReborn)
    {
        bool isHeard = _loop.Now - node.HeardNs < _patienceNs;
        bool hearsUs = _loop.Now - node.EchoedNs < _patienceNs;
        PeerLiveness level = !isHeard ? PeerLiveness.Silent : hearsUs ? PeerLiveness.Alive : PeerLiveness.Heard;
        if (level == node.Level && !isReborn)
        {
            return;
        }

        node.Level = level;
        node.WasLost |= isReborn || level == PeerLiveness.Silent;
        node.Told = 0;
    }

    private void Tell(Node node, ref int woken)
    {
        ReadOnlySpan<GroupRuntime> groups = _loop.Groups;
        int end = int.Min(groups.Length, node.Told + ToldPerStep);
        while (node.Told < end && woken < WokenPerStep)
        {
            GroupRuntime group = groups[node.Told++];
            if (group.Fault is not null)
            {
                continue;
            }

            bool rested = group.Core.IsQuiescent;
            _loop.Activate(group);
            group.Core.PeerChanged(node.Replica, node.Level, node.WasLost);
            woken += rested && !group.Core.IsQuiescent ? 1 : 0;
        }

        node.WasLost &= node.Told < groups.Length;
    }

    private sealed class Node(uint replica)
    {
        internal uint Replica => replica;

        /// <summary>Its life, as its beats name it; 0 before the first one.</summary>
        internal ulong Life { get; set; }

        /// <summary>The life before: its late beats do not count.</summary>
        internal ulong EarlierLife { get; set; }

        /// <summary>Newest round heard of that life.</summary>
        internal ulong Round { get; set; }

        /// <summary>When the newest beat came.</summary>
        internal long HeardNs { get; set; }

        /// <summary>When our newest round left that it says to have heard.</summary>
        internal long EchoedNs { get; set; }

        internal PeerLiveness Level { get; set; } = PeerLiveness.Alive;

        /// <summary>It was silent, or was born again, since all groups were told last.</summary>
        internal bool WasLost { get; set; }

        /// <summary>So many groups, in the order in which they were opened, know the level.</summary>
        internal int Told { get; set; }
    }
}
