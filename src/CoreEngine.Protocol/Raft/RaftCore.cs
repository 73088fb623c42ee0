using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Model.Modes;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Reads;
using CoreEngine.Protocol.Time;

namespace CoreEngine.Protocol.Raft;

/// <summary>One replica of one Raft group. Dispatch only: each case is one call into the file named after its
/// rule.</summary>
/// <remarks>Owned by the shard's thread. The same events give the same outputs.</remarks>
internal sealed class RaftCore : IProtocolCore
{
    private readonly RaftState _state;

    /// <param name="options">Verified here.</param>
    /// <param name="recovered">What the medium holds; the log belongs to the core from now on.</param>
    internal RaftCore(RaftOptions options, in RaftRecovery recovered) => _state = new RaftState(options, recovered);

    /// <summary>The log's end: the loop gathers entries here, and says by <see cref="LogSuffix.ReleaseThrough"/> what
    /// it has staged.</summary>
    internal LogSuffix Log => _state.Log;

    /// <summary>E, D, A, C, T.</summary>
    internal Frontiers Frontiers => _state.Frontiers;

    /// <summary>Proves C; default before the first commit is known.</summary>
    internal CommitCertificate CommitProof => _state.CommitProof;

    /// <summary>Proves that this replica leads; default when it does not.</summary>
    internal AuthorityCertificate Authority => _state.Authority;

    /// <summary>The variables, for tests and the simulator's checkers.</summary>
    internal RaftState State => _state;

    /// <inheritdoc/>
    public CoreStatus Status =>
        new(_state.Role, _state.Term, _state.Leader, ModeNow(), Removal.IsRemoved(_state), RepairStatus.Of(_state));

    /// <inheritdoc/>
    public CoreProgress Progress => ProgressFacts.Of(_state);

    /// <inheritdoc/>
    public long Deadline
    {
        get
        {
            if (_state.Turn == 0 || _state.IsNoticeAwaited)
            {
                return _state.NowNs;
            }

            if (Founding.IsOpen(_state))
            {
                return _state.FoundingDeadlineNs;
            }

            long deadline = _state.Role == Role.Leader ? _state.HeartbeatDeadlineNs : _state.ElectionDeadlineNs;
            deadline = _state.IsQuiescent ? long.MaxValue : deadline;
            deadline = long.Min(deadline, LeaderTransfer.Deadline(_state));
            deadline = Claims.IsDamaged(_state) ? long.Min(deadline, _state.Repair.DeadlineNs) : deadline;
            deadline = _state.IsNoticeOwed ? long.Min(deadline, _state.NoticeDeadlineNs) : deadline;
            deadline = long.Min(deadline, long.Min(Lease.Deadline(_state), ClosedTime.Deadline(_state)));
            deadline = long.Min(deadline, LeaderReads.KeyDeadline(_state));
            ReadQueue reads = _state.Role == Role.Leader ? _state.Reads : _state.Asked;
            return reads.Count > 0 ? long.Min(deadline, reads.Oldest.DeadlineNs) : deadline;
        }
    }

    /// <inheritdoc/>
    public void Tick(long monotonicNs, long wallNs, Outputs outputs)
    {
        Invariant.Holds(monotonicNs >= _state.NowNs || _state.Turn == 0);
        Lease.BeginTurn(_state, monotonicNs);
        _state.NowNs = monotonicNs;
        _state.WallNs = wallNs;
        _state.Log.BeginTurn();
        Abdication.BeginTurn(_state);
        if (_state.Turn++ == 0)
        {
            Election.RestartTimer(_state);
            if (_state.IsAlone)
            {
                // Nobody else could lead: no reason to wait.
                _state.ElectionDeadlineNs = monotonicNs;
            }
        }

        LeaderTransfer.Tick(_state, outputs);
        RepairAsking.Tick(_state, outputs);
        if (_state.Role == Role.Leader)
        {
            TickLeader(outputs);
        }
        else
        {
            TickFollower(outputs);
        }
    }

    /// <inheritdoc/>
    public bool IsCampaignDue(long monotonicNs) => _state.Role != Role.Leader && !_state.IsQuiescent
        && monotonicNs >= _state.ElectionDeadlineNs && _state.Turn > 0 && !Founding.IsOpen(_state);

    /// <inheritdoc/>
    public void HoldCampaign(long monotonicNs) => Election.RestartTimer(_state, monotonicNs);

    /// <inheritdoc/>
    public bool IsQuiescent => _state.IsQuiescent;

    /// <inheritdoc/>
    public ProposeResult Propose(ProposalReader proposals, Outputs outputs)
    {
        Quiescence.Touch(_state);
        return Replication.Propose(_state, proposals, outputs);
    }

    /// <inheritdoc/>
    public ReceiveResult Receive(in Message message, Outputs outputs)
    {
        int place = _state.Quorum.PlaceOf(message.Header.From);
        bool isOurs = message.Header.Group == _state.Options.Group && message.Header.To == _state.Options.Replica;
        if (!isOurs || message.Header.From is 0 || message.Header.From == _state.Options.Replica)
        {
            return ReceiveResult.Stranger;
        }

        // Who asks for a vote or leads may be a member that we have not heard of yet; an answer counts by its place.
        if (place < 0 && !ConfigurationRule.IsHeardFromAnybody(message.Header.Type))
        {
            return ReceiveResult.Stranger;
        }

        if (ForcedRecovery.IsFenced(_state, message.Header.From))
        {
            return ReceiveResult.Stranger;
        }

        // An empty founder promises nothing before it knows with whom.
        if (Founding.IsOpen(_state) && message.Header.Type is not (MessageType.FoundRequest or MessageType.FoundReply))
        {
            return ReceiveResult.Stranger;
        }

        // Every term comes from one before it; one at the end of the range could not be followed by an election.
        if (message.Header.Term is 0 or > long.MaxValue)
        {
            return ReceiveResult.Malformed;
        }

        ProgressFacts.Heard(_state, place);

        // Who may have voted in a term that he has forgotten obeys nobody before that term is bounded.
        bool isRepair = message.Header.Type is MessageType.RepairRequest or MessageType.RepairReply;
        if ((_state.Repair.Doubt & Doubt.Vote) != 0 && !isRepair)
        {
            return ReceiveResult.Stale;
        }

        Quiescence.Hear(_state, place, message.Header);
        return message.Header.Type switch
        {
            MessageType.RepairRequest => RepairServing.OnRequest(_state, place, message, outputs),
            MessageType.RepairReply => RepairAsking.OnReply(_state, place, message, outputs),
            MessageType.PreVoteRequest => Election.OnPreVoteRequest(_state, message, outputs),
            MessageType.PreVoteReply => Election.OnPreVoteReply(_state, place, message, outputs),
            MessageType.VoteRequest => Election.OnVoteRequest(_state, message, outputs),
            MessageType.VoteReply => Election.OnVoteReply(_state, place, message, outputs),
            MessageType.AppendEntries => Following.OnAppendEntries(_state, message, outputs),
            MessageType.AppendReply => Replication.OnAppendReply(_state, place, message, outputs),
            MessageType.Quiesce => Quiescence.OnQuiesce(_state, place, message, outputs),
            MessageType.InstallSnapshot => Following.OnInstallSnapshot(_state, message, outputs),
            MessageType.InstallReply => Replication.OnInstallReply(_state, place, message, outputs),
            MessageType.ReadIndexRequest => LeaderReads.OnRequest(_state, message, outputs),
            MessageType.ReadIndexReply => FollowerReads.OnReply(_state, message, outputs),
            MessageType.Removed => Removal.OnNotice(_state, message),
            MessageType.FoundRequest => Founding.OnRequest(_state, message, outputs),
            MessageType.FoundReply => Founding.OnReply(_state, message, outputs),
            MessageType.TimeoutNow => LeaderTransfer.OnTimeoutNow(_state, message, outputs),
            MessageType.Transfer => LeaderTransfer.OnTransfer(_state, message, outputs),
            _ => ReceiveResult.Malformed,
        };
    }

    /// <inheritdoc/>
    public void Persisted(ulong ticket, Outputs outputs) => Durability.OnPersisted(_state, ticket, outputs);

    /// <inheritdoc/>
    public void RoomNoted(bool hasRoom) => Abdication.NoteRoom(_state, hasRoom);

    /// <inheritdoc/>
    public void CreditNoted(int inflightBytes) => _state.InflightCreditBytes = inflightBytes;

    /// <inheritdoc/>
    public void Applied(ulong index, Outputs outputs) => _state.Frontiers.Apply(new ApplyResult(index));

    /// <inheritdoc/>
    public bool HoldsLease(long nowNs) => Lease.Holds(_state, nowNs);

    /// <inheritdoc/>
    public void Read(ulong readId, Outputs outputs, ReadKind kind = ReadKind.Barrier)
    {
        Quiescence.Touch(_state);
        if (kind == ReadKind.Lease)
        {
            Lease.Read(_state, readId, outputs);
        }
        else if (_state.Role == Role.Leader)
        {
            LeaderReads.Add(_state, readId, LeaderReads.Host, 0, outputs, isOfKey: kind == ReadKind.Key);
        }
        else
        {
            FollowerReads.Add(_state, readId, outputs);
        }
    }

    /// <inheritdoc/>
    public ChangeResult ChangeMembers(MemberChange change, Outputs outputs)
    {
        Quiescence.Touch(_state);
        return MembershipChange.Propose(_state, change, outputs);
    }

    /// <inheritdoc/>
    public ChangeResult ForceRecovery(Outputs outputs)
    {
        Quiescence.Touch(_state);
        return ForcedRecovery.Force(_state, outputs);
    }

    /// <inheritdoc/>
    public void Transfer(ulong transferId, uint target, long withinNs, Outputs outputs)
    {
        Quiescence.Touch(_state);
        LeaderTransfer.Ask(_state, transferId, target, withinNs, outputs);
    }

    /// <inheritdoc/>
    public void Loaded(uint peer, ulong first, ulong last, Outputs outputs)
    {
        int place = _state.Quorum.PlaceOf(peer);
        if (place >= 0 && place == _state.Self)
        {
            RepairServing.OnLoaded(_state, first, last, outputs);
        }
        else if (place >= 0)
        {
            // At rest it is for one whose node was silent: what was read is sent.
            Quiescence.TouchLeader(_state);
            Replication.OnLoaded(_state, place, first, last, outputs);
        }
    }

    /// <inheritdoc/>
    public bool Unreadable(ulong first, ulong last, Outputs outputs)
    {
        Quiescence.Touch(_state);
        return LateDamage.TryNote(_state, first, last, outputs);
    }

    /// <inheritdoc/>
    public bool IsCopying => _state.Repair.CopiesTicket != 0;

    /// <inheritdoc/>
    public ulong Rewrite(ulong first, ulong last, Outputs outputs) =>
        LateDamage.Rewrite(_state, first, last, outputs);

    /// <inheritdoc/>
    public ulong SnapshotPeers => SnapshotRule.Waiting(_state);

    /// <inheritdoc/>
    public int PlaceOf(uint replica) => _state.Quorum.PlaceOf(replica);

    /// <inheritdoc/>
    public uint ReplicaAt(int place) => _state.Quorum.VoterAt(place);

    /// <inheritdoc/>
    public ulong SlowestNeed() => SnapshotRule.SlowestNeed(_state);

    /// <inheritdoc/>
    public bool TryConfigurationAt(ulong index, out ReadOnlyMemory<byte> section) =>
        SnapshotRule.TryConfigurationAt(_state, index, out section);

    /// <inheritdoc/>
    public void Trim(in TrimCertificate proof, Outputs outputs) => SnapshotRule.Trim(_state, proof, outputs);

    /// <inheritdoc/>
    public bool TryFastForward(in TrimCertificate proof, Outputs outputs) =>
        SnapshotRule.TryFastForward(_state, proof, outputs);

    /// <inheritdoc/>
    public bool Install(in TrimCertificate proof, ReadOnlyMemory<byte> configuration, Outputs outputs) =>
        SnapshotRule.Install(_state, proof, configuration, outputs);

    /// <inheritdoc/>
    public void LinkChanged(uint peer, bool connected, Outputs outputs)
    {
        int place = _state.Quorum.PlaceOf(peer);
        if (place >= 0 && place != _state.Self && !_state.IsQuiescent)
        {
            Replication.OnLinkChanged(_state, place, connected, outputs);
            if (!connected)
            {
                LeaderTransfer.OnLinkLost(_state, peer, outputs);
            }
        }
    }

    /// <inheritdoc/>
    public void PeerChanged(uint peer, PeerLiveness level, bool wasLost) =>
        Quiescence.OnPeerChanged(_state, peer, level, wasLost);

    private void TickLeader(Outputs outputs)
    {
        if (Quiescence.Rests(_state))
        {
            return;
        }

        if (CheckQuorum.TryStepDown(_state, outputs) || Abdication.TryStepDown(_state, outputs))
        {
            return;
        }

        if (MembershipChange.Advance(_state, outputs))
        {
            return;
        }

        SlowFlush.TryYield(_state, outputs);
        LeaderReads.Expire(_state, outputs);
        Lease.Tick(_state, outputs);
        ClosedTime.Tick(_state, outputs);
        if (_state.NowNs >= _state.HeartbeatDeadlineNs)
        {
            _state.HeartbeatDeadlineNs = _state.NowNs + _state.Options.HeartbeatNs;
            if (!Quiescence.TryAsk(_state, outputs))
            {
                Replication.Heartbeat(_state, outputs);
            }
        }

        if (_state.IsNoticeOwed)
        {
            Replication.SendNotices(_state, outputs);
        }
    }

    private void TickFollower(Outputs outputs)
    {
        FollowerReads.Expire(_state, outputs);
        if (Founding.IsOpen(_state))
        {
            Founding.Tick(_state, outputs);
            return;
        }

        if (_state.IsQuiescent || _state.NowNs < _state.ElectionDeadlineNs)
        {
            return;
        }

        bool mayLead = ConfigurationRule.MayCampaign(_state) && Claims.MayLead(_state);
        if (mayLead && Abdication.MayCampaign(_state))
        {
            Election.StartPreVote(_state, outputs);
        }
        else
        {
            Election.Abstain(_state, outputs);
        }
    }

    private Mode ModeNow()
    {
        RaftOptions options = _state.Options;
        if (Claims.IsDamaged(_state))
        {
            return Mode.Recovery;
        }

        if (_state.Role == Role.Leader)
        {
            bool isFresh = _state.IsQuiescent || CheckQuorum.SilenceNs(_state) <= options.ElectionMaxNs / 2;
            return isFresh && _state.IsAnchored ? Mode.Target : Mode.Degraded;
        }

        if (_state.Role == Role.Follower && _state.Leader != 0)
        {
            bool isFresh = _state.IsQuiescent || _state.NowNs - _state.LeaderHeardNs <= 2 * options.HeartbeatNs;
            return isFresh ? Mode.Target : Mode.Degraded;
        }

        return _state.WasLed || _state.Role != Role.Follower ? Mode.Recovery : Mode.Floor;
    }
}
