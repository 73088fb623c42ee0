using System;
using System.Collections.Generic;
using System.Linq;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Tracing;

/// <summary>A core that tells what happens in it: stands between the loop and the real core, and changes
/// nothing.</summary>
internal sealed class TracedCore : IProtocolCore
{
    private readonly RaftCore _core;
    private readonly Action<ProtocolEvent> _emit;
    private readonly uint[] _voters;
    private readonly Queue<(ulong Ticket, ulong Term, uint Vote)> _writes = new();
    private ulong _lastTicket;
    private ulong _durableTerm;
    private uint _durableVote;
    private Snapshot _before;

    internal TracedCore(RaftCore core, Action<ProtocolEvent> emit)
    {
        _core = core;
        _emit = emit;
        _voters = VotersOf(core.State);
        _durableTerm = core.State.Term;
        _durableVote = core.State.Vote;
        _emit(Event(EventNames.InitState) with
        {
            Terms = Terms(core.Log.BaseIndex + 1, core.Log.LastIndex),
            Incarnation = core.State.Options.Incarnation,
        });
    }

    public long Deadline => _core.Deadline;

    public CoreStatus Status => _core.Status;

    public CoreProgress Progress => _core.Progress;

    public bool IsQuiescent => _core.IsQuiescent;

    private RaftState State => _core.State;

    /// <summary>Who votes; while a group is being founded, who will.</summary>
    private static uint[] VotersOf(RaftState state)
    {
        if (state.Quorum.Count > 0 || state.Options.Founders is null)
        {
            return [.. Enumerable.Range(0, state.Quorum.Count).Select(state.Quorum.VoterAt)];
        }

        var founders = new List<uint>();
        foreach (ConfigurationMember member in state.Options.Founders.Members)
        {
            founders.Add(member.Replica);
        }

        return [.. founders];
    }

    public void Tick(long monotonicNs, long wallNs, Outputs outputs)
    {
        Before();
        _core.Tick(monotonicNs, wallNs, outputs);
        After(outputs);
    }

    public ProposeResult Propose(ProposalReader proposals, Outputs outputs)
    {
        Before();
        ProposeResult result = _core.Propose(proposals, outputs);
        After(outputs);
        return result;
    }

    public ReceiveResult Receive(in Message message, Outputs outputs)
    {
        Before();
        Exchange(message.Header, message.Body, isSent: false);
        ReceiveResult result = _core.Receive(message, outputs);
        After(outputs);
        return result;
    }

    public void Persisted(ulong ticket, Outputs outputs)
    {
        Before();
        Note(outputs);

        // Each by itself: a reply may have waited for a write that another one follows.
        while (_writes.TryPeek(out (ulong Ticket, ulong Term, uint Vote) write) && write.Ticket <= ticket)
        {
            (_, _durableTerm, _durableVote) = _writes.Dequeue();
            _emit(Event(EventNames.Persisted));
        }

        ulong durable = State.Frontiers.Durable;
        _core.Persisted(ticket, outputs);
        if (State.Frontiers.Durable != durable)
        {
            _emit(Event(EventNames.Persisted) with
            {
                Term = _before.Term,
                Vote = _before.Vote,
                Role = RoleName(_before.Role),
                Log = _before.LastIndex,
                Commit = _before.Commit,
            });
        }

        After(outputs);
    }

    public bool IsCampaignDue(long monotonicNs) => _core.IsCampaignDue(monotonicNs);

    public void HoldCampaign(long monotonicNs) => _core.HoldCampaign(monotonicNs);

    public void CreditNoted(int inflightBytes) => _core.CreditNoted(inflightBytes);

    public void RoomNoted(bool hasRoom) => _core.RoomNoted(hasRoom);

    public void Applied(ulong index, Outputs outputs) => _core.Applied(index, outputs);

    public bool HoldsLease(long nowNs) => _core.HoldsLease(nowNs);

    public void Read(ulong readId, Outputs outputs, ReadKind kind = ReadKind.Barrier)
    {
        Before();
        _core.Read(readId, outputs, kind);
        After(outputs);
    }

    public ChangeResult ChangeMembers(MemberChange change, Outputs outputs) => _core.ChangeMembers(change, outputs);

    public ChangeResult ForceRecovery(Outputs outputs) => _core.ForceRecovery(outputs);

    public void Transfer(ulong transferId, uint target, long withinNs, Outputs outputs)
    {
        Before();
        _core.Transfer(transferId, target, withinNs, outputs);
        After(outputs);
    }

    public void Loaded(uint peer, ulong first, ulong last, Outputs outputs)
    {
        Before();
        _core.Loaded(peer, first, last, outputs);
        After(outputs);
    }

    public bool Unreadable(ulong first, ulong last, Outputs outputs)
    {
        Before();
        bool isNoted = _core.Unreadable(first, last, outputs);
        After(outputs);
        return isNoted;
    }

    public bool IsCopying => _core.IsCopying;

    public ulong Rewrite(ulong first, ulong last, Outputs outputs)
    {
        Before();
        ulong written = _core.Rewrite(first, last, outputs);
        After(outputs);
        return written;
    }

    public ulong SnapshotPeers => _core.SnapshotPeers;

    public int PlaceOf(uint replica) => _core.PlaceOf(replica);

    public uint ReplicaAt(int place) => _core.ReplicaAt(place);

    public ulong SlowestNeed() => _core.SlowestNeed();

    public bool TryConfigurationAt(ulong index, out ReadOnlyMemory<byte> section) =>
        _core.TryConfigurationAt(index, out section);

    public void Trim(in TrimCertificate proof, Outputs outputs) => _core.Trim(proof, outputs);

    public bool TryFastForward(in TrimCertificate proof, Outputs outputs)
    {
        Before();
        bool held = _core.TryFastForward(proof, outputs);
        After(outputs);
        return held;
    }

    public bool Install(in TrimCertificate proof, ReadOnlyMemory<byte> configuration, Outputs outputs)
    {
        Before();
        bool isSound = _core.Install(proof, configuration, outputs);
        After(outputs);
        return isSound;
    }

    public void LinkChanged(uint peer, bool connected, Outputs outputs)
    {
        Before();
        _core.LinkChanged(peer, connected, outputs);
        After(outputs);
    }

    public void PeerChanged(uint peer, PeerLiveness level, bool wasLost) => _core.PeerChanged(peer, level, wasLost);

    /// <summary>A message leaves this replica, or reaches it.</summary>
    internal void Exchange(in MessageHeader header, ReadOnlySpan<byte> body, bool isSent)
    {
        if (MessageTracing.TryRead(header, body, isSent, out string name, out TracedMessage message, out ulong[] terms))
        {
            _emit(Event(name) with { Message = message, Terms = terms });
        }
    }

    private static string RoleName(Role role) => role switch
    {
        Role.Leader => EventNames.Leader,
        Role.Candidate => EventNames.Candidate,
        Role.PreCandidate => EventNames.PreCandidate,
        _ => EventNames.Follower,
    };

    private void Before() => _before = new Snapshot(State);

    /// <summary>Tells the differences, each event with what was true after it and before the next one.</summary>
    private void After(Outputs outputs)
    {
        Note(outputs);
        var after = new Snapshot(State);
        if (after == _before)
        {
            return;
        }

        ProtocolEvent step = Event(string.Empty) with { Log = _before.LastIndex, Commit = _before.Commit };
        bool isNewTerm = after.Term != _before.Term;
        bool isTold = true;
        if (after.Role != Role.PreCandidate && (after.Role != _before.Role || isNewTerm))
        {
            _emit(step with
            {
                Name = after.Role switch
                {
                    Role.Leader => EventNames.BecomeLeader,
                    Role.Candidate => EventNames.BecomeCandidate,
                    _ => EventNames.BecomeFollower,
                },
            });
        }
        else
        {
            isTold = after.Vote == _before.Vote;
        }

        for (ulong i = _before.LastIndex + 1; after.Role == Role.Leader && i <= after.LastIndex; i++)
        {
            _emit(step with { Name = EventNames.Replicate, Log = i, Terms = [after.Term] });
        }

        bool isLogNew = after.LastIndex != _before.LastIndex || after.LastTerm != _before.LastTerm;
        if (!isTold || (isLogNew && after.Role != Role.Leader))
        {
            _emit(step with { Name = EventNames.Ready, Log = after.LastIndex });
        }

        if (after.Commit != _before.Commit)
        {
            _emit(step with { Name = EventNames.Commit, Log = after.LastIndex, Commit = after.Commit });
        }
    }

    /// <summary>Remembers the hard states that were asked for, until they are durable.</summary>
    private void Note(Outputs outputs)
    {
        foreach (ref readonly PersistItem item in outputs.Persist)
        {
            if (item.Kind == PersistKind.HardState && item.Ticket > _lastTicket)
            {
                _lastTicket = item.Ticket;
                _writes.Enqueue((item.Ticket, item.Term, item.Vote));
            }
        }
    }

    private ulong[] Terms(ulong first, ulong last)
    {
        ulong[] terms = new ulong[last + 1 - first];
        for (ulong i = first; i <= last; i++)
        {
            terms[i - first] = _core.Log.TermAt(i);
        }

        return terms;
    }

    private ProtocolEvent Event(string name) => new()
    {
        Name = name,
        Replica = State.Options.Replica,
        Term = State.Term,
        Vote = State.Vote,
        Commit = State.CommitIndex,
        Role = RoleName(State.Role),
        Log = State.LastIndex,
        Conf = _voters,
        DurableTerm = _durableTerm,
        DurableVote = _durableVote,
        DurableIndex = State.Frontiers.Durable,
    };

    private readonly record struct Snapshot(
        Role Role, ulong Term, uint Vote, ulong Commit, ulong LastIndex, ulong LastTerm)
    {
        internal Snapshot(RaftState state)
            : this(state.Role, state.Term, state.Vote, state.CommitIndex, state.LastIndex, state.Log.LastTerm)
        {
        }
    }
}
