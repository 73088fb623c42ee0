using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Threading;
using CoreEngine.IO.Log;
using CoreEngine.IO.Ring;
using CoreEngine.IO.Snapshots;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Loop;

/// <summary>What a shard is made of.</summary>
/// <param name="Options">Checked.</param>
/// <param name="Life">Random at every start: a replayed entry of an earlier life must not answer for a proposal of
/// this one.</param>
/// <param name="Ring">The way to the disk.</param>
/// <param name="Transport">The way to the other replicas.</param>
/// <param name="Log">Open.</param>
/// <param name="Workers">Where work runs that is not the shard's.</param>
/// <param name="Peers">The incarnations met so far, from the log.</param>
internal sealed record LoopSetup(
    EngineOptions Options,
    uint Life,
    IIoRing Ring,
    ITransport Transport,
    SegmentedLog Log,
    IWorkers Workers,
    PeerMemory Peers)
{
    /// <summary>The snapshots in the data directory; null: none are there.</summary>
    internal SnapshotStore? Snapshots { get; init; }

    /// <summary>Room for one frame body, the loop's alone while it lives; null: made.</summary>
    internal byte[]? Scratch { get; init; }

    /// <summary>The monotonic clock as it is now, which goes on while the machine is suspended. Nanoseconds; what turns
    /// are given is read from the same one.</summary>
    internal Func<long> Clock { get; init; } = MonotonicClock.Now;

    /// <summary>Puts something between each new core and the loop, to watch or to trace it; null: nothing, at no
    /// cost.</summary>
    internal Func<RaftCore, IProtocolCore>? CoreTap { get; init; }
}

/// <summary>One shard: one thread, one ring, one log, any number of groups. Reads in the order of a turn.</summary>
/// <remarks>
/// <see cref="Turn"/> never blocks and can be stepped from outside; production wraps it in a thread that parks
/// between turns.
/// Nothing locks, awaits or allocates inside a turn.
/// </remarks>
internal sealed partial class EngineLoop
{
    private const int EventsMax = 256;

    private readonly ConcurrentQueue<Action> _requests = new();
    private readonly IoEvent[] _events = new IoEvent[EventsMax];
    private EngineFault? _fault;
    private readonly Lock _drainLock = new();
    private bool _stopped;
    private int _eventCount;
    private long _timersAt;
    private readonly Func<long> _clock;
    private bool _wasLogFull;

    internal EngineLoop(LoopSetup setup)
    {
        Options = setup.Options;
        Ring = setup.Ring;
        Transport = setup.Transport;
        Log = setup.Log;
        Snapshots = setup.Snapshots ?? new SnapshotStore(setup.Ring);
        Workers = setup.Workers;
        Completions = new Completions(setup.Workers);
        Peers = setup.Peers;
        Life = setup.Life;
        CoreTap = setup.CoreTap;
        _clock = setup.Clock;
        Scratch = setup.Scratch ?? new byte[Limits.FrameBytesMax];
        Invariant.Holds(Scratch.Length >= Limits.FrameBytesMax);
        ProposalTimeoutNs = Nanoseconds(setup.Options.ProposalTimeout);
        LeaderlessPatienceNs = 2 * Nanoseconds(setup.Options.ElectionMax);
        Liveness = new NodeLiveness(this);
        Scrubber = new Scrubber(this);
        Faulted = new FaultedGroups(this);
        Campaigns = new CampaignPace(Nanoseconds(setup.Options.Heartbeat));
    }

    internal EngineOptions Options { get; }

    internal IIoRing Ring { get; }

    internal ITransport Transport { get; }

    internal SegmentedLog Log { get; }

    internal SnapshotStore Snapshots { get; }

    internal IWorkers Workers { get; }

    internal Completions Completions { get; }

    /// <summary>Takes the times of writes and commits; null: nobody measures.</summary>
    internal LatencyTaps? Latencies { get; set; }

    internal PeerMemory Peers { get; }

    internal Func<RaftCore, IProtocolCore>? CoreTap { get; }

    internal LoopCounters Counters { get; } = new();

    /// <summary>The groups, and which of them have something to do.</summary>
    internal GroupSchedule Schedule { get; } = new();

    /// <summary>Who of the other nodes is alive.</summary>
    internal NodeLiveness Liveness { get; }

    /// <summary>Looks for rot.</summary>
    internal Scrubber Scrubber { get; }

    /// <summary>Groups that have stopped.</summary>
    internal FaultedGroups Faulted { get; }

    /// <summary>Which of the groups may campaign now.</summary>
    internal CampaignPace Campaigns { get; }

    /// <summary>Proposals that left their queue and are not decided, in all groups.</summary>
    internal UndecidedProposals Undecided { get; } = new();

    /// <summary>Proposals of sessions that wait to be queued again.</summary>
    internal UndecidedProposals Retrying { get; } = new();

    /// <summary>Memory of the machines' batches and replies.</summary>
    internal ApplyMemoryPool ApplyMemory { get; } = new();

    /// <summary>Any thread: the places for proposals, of all groups.</summary>
    internal ProposalPlaces Places { get; } = new();

    /// <summary>Any thread: the memory of the groups' queues.</summary>
    internal RingMemory RingMemory { get; } = new();

    /// <summary>Room for one frame body that is not made of entries.</summary>
    internal byte[] Scratch { get; }

    internal uint Replica => Options.Replica;

    /// <summary>Tells the proposals of this life of the process from those of an earlier one.</summary>
    internal uint Life { get; }

    internal long ProposalTimeoutNs { get; }

    internal long LeaderlessPatienceNs { get; }

    /// <summary>Monotonic nanoseconds, read once per turn.</summary>
    internal long Now { get; private set; }

    /// <summary>Wall clock of this turn, nanoseconds since 1970: for stamps only.</summary>
    internal long WallNs { get; private set; }

    /// <summary>Some link holds frames that <see cref="ITransport.Flush"/> has not pushed out.</summary>
    internal bool FlushNeeded { get; set; }

    /// <summary>Work was started in this turn that no event announces: turn once more before parking.</summary>
    internal bool TurnAgain { get; set; }

    /// <summary>Any thread. Why the shard stopped.</summary>
    internal EngineFault? Fault => Volatile.Read(ref _fault);

    /// <summary>Any thread. The shard's thread has ended: whoever enqueues now must drain himself.</summary>
    internal bool IsStopped
    {
        get => Volatile.Read(ref _stopped);
        set => Volatile.Write(ref _stopped, value);
    }

    internal bool IsLogFull => Log.IsFull;

    /// <summary>
    /// Largest piece handed to the log at once: half a batch, so that it fits into an empty one with its overheads.
    /// </summary>
    internal int StageBytesMax => Log.Options.BatchBytes / 2;

    /// <summary>
    /// One round of everything. Returns true when there was something to do: then turn again before parking.
    /// </summary>
    internal bool Turn(long monotonicNs, long wallNs)
    {
        Now = monotonicNs;
        WallNs = wallNs;
        Log.WallClockNs = wallNs;
        Counters.Turns++;
        Campaigns.Begin(Now);
        bool any = Requests();
        bool hasLogMoved = Reap();
        Latencies?.LogMoved(Log.DurableEnd, Now);
        any |= hasLogMoved;
        bool timersDue = Now >= _timersAt;
        Schedule.Gather(this, hasLogMoved);
        ActivateAllIfRoomChanged();
        List<GroupRuntime> groups = Schedule.Active;
        for (int i = 0; i < groups.Count; i++)
        {
            any |= Begin(groups[i]);
        }

        any |= Ingress.Receive(this);
        any |= Liveness.Turn();
        any |= Scrubber.Turn();
        for (int i = 0; i < groups.Count; i++)
        {
            any |= Decide(groups[i]);
        }

        any |= Write(groups);
        for (int i = 0; i < groups.Count; i++)
        {
            any |= Complete(groups[i]);
        }

        if (timersDue)
        {
            Timers.Expire(this);
        }

        Schedule.Settle(this);
        Completions.Flush(Now);
        if (timersDue && Log.IsOutOfSpace)
        {
            Log.RetrySpares();
        }

        _timersAt = timersDue ? Now + Timers.PeriodNs : _timersAt;
        if (Log.Fault is not null)
        {
            Stop(new EngineFault($"{Log.Fault}; the shard has stopped and acknowledges nothing more", null));
        }

        any |= TurnAgain;
        TurnAgain = false;
        Campaigns.End(any);
        return any;
    }

    /// <summary>The shard's thread: a group takes part from the next turn on.</summary>
    internal void Add(GroupRuntime group)
    {
        Invariant.Holds(Find(group.Number) is null);
        Schedule.Add(group);
        group.Publish(Options);
    }

    internal ReadOnlySpan<GroupRuntime> Groups => Schedule.All;

    internal GroupRuntime? Find(uint number) => Schedule.Find(number);

    /// <summary>Takes a group into this turn, if it is not part of it yet. Comes before any call of its core, and
    /// before its outputs are touched.</summary>
    internal void Activate(GroupRuntime group)
    {
        if (Schedule.Activate(group))
        {
            _ = Begin(group);
        }
    }

    /// <summary>
    /// Stops one group: what waits ends as Unknown, what is new is refused, the rest of the shard goes on.
    /// </summary>
    internal void Fail(GroupRuntime group, EngineFault fault)
    {
        if (group.Fault is not null)
        {
            return;
        }

        group.Fail(fault);
        Faulted.Add(group);
        Options.Log?.Invoke($"group {group.Number} '{group.Name}' stopped: {fault.Reason}");
        Timers.EndAll(this, group);
        group.MemberChanges.EndAll();
        Drain(group);
        group.Snapshots.Stop();
        group.Waiters.Fail(fault);
    }

    /// <summary>Stops the shard with all its groups.</summary>
    internal void Stop(EngineFault fault)
    {
        Interlocked.CompareExchange(ref _fault, fault, null);
        foreach (GroupRuntime group in Groups)
        {
            Fail(group, fault);
        }

        Completions.Flush(Now);
    }

    /// <summary>
    /// Refuses whatever reached a stopped group. After the shard's thread ended, disposal calls it once more.
    /// </summary>
    internal void Drain(GroupRuntime group)
    {
        RefusalCode code = group.IsClosing ? RefusalCode.Closing : RefusalCode.GroupFaulted;
        group.Applier.Abandon(this);
        Ingress.RefuseAll(this, group, new Refusal(code));
        group.Reads.DrainRefused(group, code, Completions);
        if (group.IsTransferPending)
        {
            group.Transfers.EndAll(new Refusal(code));
        }

        Completions.Flush(Now);
    }

    /// <summary>Any thread, after the shard's thread has ended: refuses what came too late.</summary>
    internal void DrainAll()
    {
        lock (_drainLock)
        {
            foreach (GroupRuntime group in Groups)
            {
                Drain(group);
            }

            Completions.HelpAll();
        }
    }

    /// <summary>Writes started so far.</summary>
    internal long Submissions { get; private set; }

    private bool Requests()
    {
        bool any = false;
        while (_requests.TryDequeue(out Action? request))
        {
            any = true;
            request();
        }

        return any;
    }

    private bool Reap()
    {
        int count = _eventCount > 0 ? _eventCount : Ring.SubmitAndReap(_events, 0);
        _eventCount = 0;
        for (int i = 0; i < count; i++)
        {
            IoEvent completion = _events[i];
            bool owned = Log.OnEvent(completion) || Snapshots.OnEvent(completion);
            Invariant.Holds(owned);
        }

        return count > 0;
    }

    /// <summary>A group's part of the turn begins: the core is told the time, and what the log has completed.</summary>
    private bool Begin(GroupRuntime group)
    {
        if (group.Schedule.BegunTurn == Counters.Turns || group.Fault is not null)
        {
            return false;
        }

        group.Schedule.BegunTurn = Counters.Turns;
        Campaigns.Judge(group.Core, Schedule.LedAwake, Now);
        group.Core.Tick(Now, WallNs, group.Outputs);
        group.Core.RoomNoted(!IsLogFull);
        GroupCredits.Give(this, group);
        bool any = Persister.Release(this, group);
        return LoadedWindows(group) || any;
    }

    private static bool LoadedWindows(GroupRuntime group)
    {
        bool any = group.ApplyWindow.TryFinish();
        foreach (LogWindow? window in group.PeerWindows)
        {
            bool ended = window is not null && window.TryFinish();
            any |= ended;
            if (ended && group.Fault is null)
            {
                group.Core.Loaded(window!.Peer, window.First, window.Last, group.Outputs);
            }
        }

        return any;
    }

    private bool Decide(GroupRuntime group)
    {
        if (group.Fault is not null)
        {
            Drain(group);
            return false;
        }

        group.MemberChanges.Advance(this, group);
        bool any = group.Reads.Drain(this, group);
        any |= SessionKeeper.Expire(this, group);
        group.ReleaseEarly(this);
        group.Reads.AskHeld(this, group);
        any |= group.HasTransferUnasked && group.Transfers.Ask(group);
        if (MayTakeProposals(group) || group.QueueHeldSince != 0)
        {
            any |= Ingress.Propose(this, group);
        }

        return any;
    }

    /// <summary>Frames leave before the write starts: the followers' way is the longer one.</summary>
    private bool Write(List<GroupRuntime> groups)
    {
        bool any = false;
        foreach (GroupRuntime group in groups)
        {
            if (group.Fault is null)
            {
                Persister.Collect(group);
                any |= Egress.Send(this, group);
                LogWindow.StartAsked(this, group);
            }
        }

        if (FlushNeeded)
        {
            FlushNeeded = false;
            Transport.Flush();
        }

        Peers.Stage(this);
        bool more = true;
        Log.InFlightCredit = Schedule.Awake > 1 ? GroupCredits.WritesShared : int.MaxValue;
        while (more && Log.Fault is null)
        {
            more = Persister.StageAll(this, groups);
            if (Log.TrySubmit())
            {
                Submissions++;
                Latencies?.Submitted(Log.StagedEnd, Now);
                any = true;
            }
            else
            {
                break;
            }
        }

        return any;
    }

    private bool Complete(GroupRuntime group)
    {
        if (group.Fault is not null)
        {
            return false;
        }

        if (group.Outputs.CommitProof.IsValid)
        {
            group.CommitProof = group.Outputs.CommitProof;
        }

        Latencies?.Completed(group, Now);
        group.Reads.Answer(this, group);
        if (!group.Outputs.Transfers.IsEmpty)
        {
            group.Transfers.Answer(group.Outputs);
        }

        group.Outputs.Clear();
        bool any = group.Applier.Step(this);
        any |= group.Snapshots.Step();
        group.Publish(Options);
        return any;
    }

    private static long Nanoseconds(TimeSpan span) => span.Ticks * 100;
}
