using System;
using System.Collections.Concurrent;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Sessions;
using CoreEngine.Protocol.Wire;
using CoreEngine.Snapshots;

namespace CoreEngine.Loop;

/// <summary>Everything that the loop keeps for one group. Plain state: the stages of the turn act on it.</summary>
/// <remarks>
/// The two <c>TryEnqueue</c> and what is marked so may be called from any thread; the rest belongs to the shard's.
/// </remarks>
internal sealed partial class GroupRuntime
{
    private const int ReadsMax = 32 * 1024;

    private readonly EngineLoop _loop;
    private EngineFault? _fault;
    private (ulong Life, ulong Sequence, ulong EarlierLife)[] _forwardsSeen = [];
    private LogWindow?[] _peerWindows = [];
    private readonly PeerPlaces _places = new();
    private Configuration _configuration;
    private ConcurrentQueue<IReadRequest>? _readQueue;
    private CoreStatus _lastStatus;
    private FrontierValues _lastFrontiers;
    private long _inlineSince;
    private Transfers? _transfers;
    private bool _closing;
    private int _readsQueued;
    private Outputs? _outputs;

    /// <summary>The group's part of the shard's schedule, which alone touches it.</summary>
    internal ScheduleEntry Schedule;

    internal GroupRuntime(EngineLoop loop, GroupSetup setup)
    {
        _loop = loop;
        Name = setup.Name;
        Number = setup.Options.Group;
        Machine = setup.Machine;
        Options = setup.Options;
        Contract = setup.Contract;
        Core = setup.Core;
        Suffix = setup.Suffix;
        Frontiers = setup.Frontiers;
        Queue = new ProposalQueue(setup.Options.QueueBytes, loop.RingMemory);
        Slots = new ProposalSlots(this, loop.Places, setup.Options.ProposalsMax);
        Pending = new PendingEntries(Slots);
        Digests = new StateDigests(this);
        Applier = new Applier(this);
        ApplyWindow = new LogWindow(loop, this, peer: 0);
        Reads = new Reads(
            setup.Options.Lease?.Clock ?? ClockBound.Default,
            loop.Options.Heartbeat.Ticks * 100,
            loop.ProposalTimeoutNs);
        _configuration = setup.Suffix.Configurations.Latest;
        Snapshots = new GroupSnapshots(loop, this);
    }

    internal string Name { get; }

    internal uint Number { get; }

    internal IStateMachine Machine { get; }

    internal GroupOptions Options { get; }

    internal Contract Contract { get; }

    internal IProtocolCore Core { get; }

    internal LogSuffix Suffix { get; }

    /// <summary>The core moves E, D and C; the applier moves A.</summary>
    internal Frontiers Frontiers { get; }

    /// <summary>What the core asked for in this turn. Lent by the shard while the group takes part in it: see
    /// <see cref="EngineLoop.Activate"/>.</summary>
    internal Outputs Outputs
    {
        get
        {
            Invariant.Holds(_outputs is not null);
            return _outputs;
        }

        set
        {
            Invariant.Holds(_outputs is null);
            _outputs = value;
        }
    }

    /// <summary>Any thread may add; the shard drains.</summary>
    internal ProposalQueue Queue { get; }

    internal ProposalSlots Slots { get; }

    internal PendingEntries Pending { get; }

    /// <summary>Proposals that were handed to another leader and are not decided.</summary>
    internal int Forwarded { get; set; }

    /// <summary>What waits to be staged to the log.</summary>
    internal PersistBacklog Backlog { get; } = new();

    /// <summary>Replies that wait for their ticket to be durable.</summary>
    internal HeldMessages Held { get; } = new();

    internal Reads Reads { get; }

    /// <summary>Any thread. Changes of leaders that hosts wait for; made when the first one asks.</summary>
    internal Transfers Transfers
    {
        get
        {
            if (Volatile.Read(ref _transfers) is { } made)
            {
                return made;
            }

            _ = Interlocked.CompareExchange(ref _transfers, new Transfers(), null);
            return _transfers;
        }
    }

    /// <summary>Any thread. The core was not asked for some of them yet.</summary>
    internal bool HasTransferUnasked => Volatile.Read(ref _transfers) is { HasUnasked: true };

    /// <summary>Any thread. Somebody waits for one.</summary>
    internal bool IsTransferPending => Volatile.Read(ref _transfers) is { IsPending: true };

    internal Applier Applier { get; }

    /// <summary>Compares this replica's state with the others'.</summary>
    internal StateDigests Digests { get; }

    /// <summary>What becomes of the machine's state beside the log.</summary>
    internal GroupSnapshots Snapshots { get; }

    /// <summary>Entries read back from the log for the machine, when they left memory.</summary>
    internal LogWindow ApplyWindow { get; }

    /// <summary>Entries read back from the log for followers that lag, by peer.</summary>
    internal ReadOnlySpan<LogWindow?> PeerWindows => _peerWindows;

    /// <summary>Some window is being read.</summary>
    internal bool IsLoading
    {
        get
        {
            bool any = ApplyWindow.IsLoading;
            foreach (LogWindow? window in PeerWindows)
            {
                any |= window is not null && window.IsLoading;
            }

            return any;
        }
    }

    /// <summary>Something of the group waits for the log.</summary>
    internal bool IsAwaitingLog => Fault is null && (!Backlog.IsEmpty || Backlog.IsAwaited || Queue.Bytes > 0);

    /// <summary>Newest proof of the committed boundary; covers every applied entry.</summary>
    internal Model.Certificates.CommitCertificate CommitProof { get; set; }

    /// <summary>Since when nobody could take the head of the queue; 0 when it moves. Monotonic nanoseconds.</summary>
    internal long QueueHeldSince { get; set; }

    /// <summary>Any thread. The members in effect, as of the last turn.</summary>
    internal Configuration Configuration => Volatile.Read(ref _configuration);

    /// <summary>Changes of members that callers wait for.</summary>
    internal MemberChanges MemberChanges { get; } = new();

    /// <summary>The loop's count of writes when this group staged last.</summary>
    internal long SubmissionsSeen { get; set; }

    /// <summary>Forward frames sent so far: the number of the last one.</summary>
    internal ulong ForwardsSent { get; set; }

    internal GroupView View { get; } = new();

    internal FrontierWaiters Waiters { get; } = new();

    /// <summary>Any thread. Why the group stopped.</summary>
    internal EngineFault? Fault => Volatile.Read(ref _fault);

    /// <summary>Any thread. Since when the shard's own thread is inside the machine; 0 while it is not. Monotonic
    /// nanoseconds.</summary>
    internal long InlineSince
    {
        get => Volatile.Read(ref _inlineSince);
        set => Volatile.Write(ref _inlineSince, value);
    }

    /// <summary>The loop that this group belongs to.</summary>
    internal EngineOptions EngineOptions => _loop.Options;

    /// <summary>This replica leads, as of the last turn.</summary>
    internal bool IsLeader => _lastStatus.Role == Role.Leader;

    /// <summary>Any thread. Set when the engine is being disposed.</summary>
    internal bool IsClosing
    {
        get => Volatile.Read(ref _closing);
        set => Volatile.Write(ref _closing, value);
    }

    /// <summary>Any thread. Reads wait to be taken in by the loop.</summary>
    internal bool HasReadsQueued => Volatile.Read(ref _readQueue) is { IsEmpty: false };

    /// <summary>The group leaves the turn.</summary>
    internal Outputs ReturnOutputs()
    {
        Outputs outputs = Outputs;
        outputs.Clear();
        _outputs = null;
        return outputs;
    }

    /// <summary>The first fault stays.</summary>
    internal void Fail(EngineFault fault) => Interlocked.CompareExchange(ref _fault, fault, null);

    /// <summary>
    /// Any thread: rents a place, queues the command, wakes the shard. Null with a refusal when it cannot.
    /// </summary>
    internal ProposalSource? TryEnqueue(
        ReadOnlySpan<byte> command,
        Memory<byte> reply,
        in ProposalTerms terms,
        out Refusal refusal,
        out ValueTask<Receipt> result,
        CancellationToken cancellationToken)
    {
        result = default;
        if (IsStopped(out refusal) || IsTooLarge(command.Length, out refusal))
        {
            return null;
        }

        ProposalSource? source = Slots.Rent();
        if (source is null)
        {
            refusal = new Refusal(RefusalCode.QueueFull, (ulong)Slots.Capacity);
            return null;
        }

        source.Rent(reply, terms.IsTicket);
        if (terms.IsRetried)
        {
            source.Retry.Keep(terms.Owner, terms.Identity, command);
        }

        result = terms.IsTicket ? default : source.Await(cancellationToken);
        Model.Durability level = terms.Identity.Kind == EntryFlags.None
            ? terms.Level ?? Options.Durability
            : Model.Durability.QuorumDurable;
        if (!Queue.TryEnqueue(source.Correlation, terms.Identity, command, level))
        {
            source.Withdraw();
            refusal = new Refusal(RefusalCode.QueueFull, (ulong)Slots.InUse);
            return null;
        }

        _loop.ProposalArrived(this);
        return source;
    }

    /// <summary>Any thread: hands a read to the shard.</summary>
    internal bool TryEnqueue(IReadRequest request, out Refusal refusal)
    {
        if (IsStopped(out refusal) || IsWitness(out refusal))
        {
            return false;
        }

        if (Interlocked.Increment(ref _readsQueued) > ReadsMax)
        {
            Interlocked.Decrement(ref _readsQueued);
            refusal = new Refusal(RefusalCode.QueueFull, ReadsMax);
            return false;
        }

        ReadQueue().Enqueue(request);
        _loop.RequestArrived(this);
        return true;
    }

    /// <summary>Any thread: asks for another leader.</summary>
    internal ValueTask<TransferResult> TransferAsync(uint target, long withinNs)
    {
        if (IsStopped(out Refusal refusal))
        {
            return new ValueTask<TransferResult>(new TransferResult(0, 0, refusal));
        }

        Task<TransferResult>? result = Transfers.TryAdd(target, withinNs);
        if (result is null)
        {
            refusal = new Refusal(RefusalCode.QueueFull, Transfers.WaitingMax);
            return new ValueTask<TransferResult>(new TransferResult(0, 0, refusal));
        }

        _loop.RequestArrived(this);
        return new ValueTask<TransferResult>(result);
    }

    /// <summary>The shard takes the next read in.</summary>
    internal bool TryDequeue(out IReadRequest? request)
    {
        request = null;
        if (_readQueue is null || !_readQueue.TryDequeue(out request))
        {
            return false;
        }

        Interlocked.Decrement(ref _readsQueued);
        return true;
    }

    /// <summary>Where we keep what is a replica's; stays, whoever comes and goes.</summary>
    internal int PlaceOf(uint replica)
    {
        int place = _places.PlaceOf(replica, _configuration, out bool isReused);
        if (isReused && place < _peerWindows.Length)
        {
            _peerWindows[place] = null;
        }

        if (isReused && place < _forwardsSeen.Length)
        {
            _forwardsSeen[place] = default;
        }

        return place;
    }

    /// <summary>Any thread: has the shard do something with the group, in a turn of its own.</summary>
    internal void AskShard(
        Action<EngineLoop, TaskCompletionSource<MembershipOutcome>> start,
        TaskCompletionSource<MembershipOutcome> done)
    {
        if (IsStopped(out Refusal refusal))
        {
            done.SetResult(new MembershipOutcome(Outcome.Refused, 0, refusal));
            return;
        }

        _loop.Post(() =>
        {
            if (IsStopped(out Refusal late))
            {
                done.SetResult(new MembershipOutcome(Outcome.Refused, 0, late));
                return;
            }

            _loop.Activate(this);
            start(_loop, done);
        });
    }

    /// <summary>The window for a peer that lags; made on first use.</summary>
    internal LogWindow WindowOf(EngineLoop loop, uint peer)
    {
        int place = PlaceOf(peer);
        if (place >= _peerWindows.Length)
        {
            Array.Resize(ref _peerWindows, place + 1);
        }

        return _peerWindows[place] ??= new LogWindow(loop, this, peer);
    }

    /// <summary>Nothing is under way in this group: it gives back the memory that it held for that.</summary>
    internal void Rest()
    {
        Queue.Rest();
        Pending.Rest();
        Backlog.Rest();
        Held.Rest();
        ApplyWindow.Rest();
        Suffix.Rest();
        foreach (LogWindow? window in _peerWindows)
        {
            window?.Rest();
        }
    }

    /// <summary>Shows other threads what this turn has changed.</summary>
    internal void Publish(EngineOptions options)
    {
        CoreStatus status = Core.Status;
        if (status.Role != _lastStatus.Role || status.Term != _lastStatus.Term || status.Leader != _lastStatus.Leader)
        {
            _loop.Counters.ViewChanges += status.Term != _lastStatus.Term ? 1 : 0;
            options.Log?.Invoke(
                $"group {Number} '{Name}': {status.Role} in term {status.Term}, leader {status.Leader}");
        }

        RepairStatus last = _lastStatus.Repair;
        bool isNews = status.Repair.IsWhole != last.IsWhole || status.Repair.IsStuck != last.IsStuck
            || status.Repair.Doubt != last.Doubt;
        if (isNews)
        {
            options.Log?.Invoke($"group {Number} '{Name}': {status.Repair}");
        }

        _lastStatus = status;
        Configuration latest = Suffix.Configurations.Latest;
        if (!ReferenceEquals(latest, _configuration))
        {
            _loop.MembersChanged(_configuration, latest, CommitProof.ConfigEpoch, status.Leader);
            Volatile.Write(ref _configuration, latest);
        }

        FrontierValues frontiers = Frontiers.Values;
        ProgressNotes notes = View.Notes.Next(_loop.Now, _lastFrontiers, this, _loop.IsLogFull);
        _lastFrontiers = frontiers;
        View.Publish(frontiers, status, notes);
        Waiters.Advance(Frontiers.Values);
    }

    /// <summary>
    /// Notes a Forward frame by its sender's life and number. False for one seen before, or overtaken.
    /// </summary>
    internal bool IsNewForward(in FrameHeader header)
    {
        if (Suffix.Configurations.Latest.PlaceOf(header.From) < 0)
        {
            return false;
        }

        int place = PlaceOf(header.From);
        if (place >= _forwardsSeen.Length)
        {
            Array.Resize(ref _forwardsSeen, place + 1);
        }

        ref (ulong Life, ulong Sequence, ulong EarlierLife) last = ref _forwardsSeen[place];
        bool isSameLife = last.Life == header.Correlation;
        if (isSameLife && header.Sequence <= last.Sequence)
        {
            return false;
        }

        // A late copy from the life before: its sender is dead and nobody waits, but taken again it would apply twice.
        if (!isSameLife && last.EarlierLife == header.Correlation)
        {
            return false;
        }

        last = (header.Correlation, header.Sequence, isSameLife ? last.EarlierLife : last.Life);
        return true;
    }

    /// <summary>Made by the first read: most groups of a large shard have none.</summary>
    private ConcurrentQueue<IReadRequest> ReadQueue()
    {
        ConcurrentQueue<IReadRequest>? queue = Volatile.Read(ref _readQueue);
        if (queue is null)
        {
            var made = new ConcurrentQueue<IReadRequest>();
            queue = Interlocked.CompareExchange(ref _readQueue, made, null) ?? made;
        }

        return queue;
    }

    private bool IsStopped(out Refusal refusal)
    {
        RefusalCode code = Fault is not null ? RefusalCode.GroupFaulted : RefusalCode.None;
        code = IsClosing ? RefusalCode.Closing : code;
        refusal = new Refusal(code);
        return code != RefusalCode.None;
    }

    private bool IsWitness(out Refusal refusal)
    {
        bool isWitness = Configuration.Find(_loop.Replica)?.Kind == MemberKind.Witness;
        refusal = new Refusal(isWitness ? RefusalCode.WitnessServesNothing : RefusalCode.None);
        return isWitness;
    }

    private bool IsTooLarge(int length, out Refusal refusal)
    {
        int limit = int.Min(Limits.EntryBytesMax, Queue.PayloadBytesMax - EntryIdentity.BytesMax);
        refusal = length > limit ? new Refusal(RefusalCode.EntryTooLarge, (ulong)length, (ulong)limit) : default;
        return length > limit;
    }
}
