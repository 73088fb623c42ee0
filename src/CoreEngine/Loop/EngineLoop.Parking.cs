using System;
using System.Threading;

namespace CoreEngine.Loop;

/// <summary>Parking and waking: when the shard sleeps, and who may end its sleep.</summary>
internal sealed partial class EngineLoop
{
    private const int ParkedForAll = 1;
    private const int ParkedForMuch = 2;

    private int _parked;

    /// <summary>Monotonic nanoseconds, read again: for what must not be believed of a process that stood still since
    /// the turn began.</summary>
    internal long FreshNow() => long.Max(Now, _clock());

    /// <summary>Sleeps until something may have happened: an event of the ring, a frame, a proposal, a timer.</summary>
    internal void Park()
    {
        long timeout = long.Max(0, NextDeadline() - Now);
        bool writing = Log.InFlight == 1;

        // Store the flag, full fence, look again, then sleep: whoever enqueues does the same in the other order.
        Interlocked.Exchange(ref _parked, writing ? ParkedForMuch : ParkedForAll);
        bool isCalled = !_requests.IsEmpty || Schedule.AnyArrival(this);
        for (int i = 0; i < Schedule.Active.Count && !isCalled; i++)
        {
            isCalled = HasWork(Schedule.Active[i]);
        }

        timeout = isCalled ? 0 : timeout;
        Counters.Parks++;
        _eventCount = Ring.SubmitAndReap(_events, timeout);
        Volatile.Write(ref _parked, 0);
    }

    /// <summary>
    /// Proposals wait while a write is in flight, unless many have come: started one by one they would cut the load
    /// into crumbs, for the disk and for the followers. The completion of the write takes them all. Where writes follow
    /// each other without a pause, for another group perhaps, a group waits for its own alone.
    /// </summary>
    internal bool MayTakeProposals(GroupRuntime group)
    {
        long bytes = group.Queue.Bytes;
        return bytes > 0 && group.QueueHeldSince == 0
            && (Log.InFlight == 0 || bytes >= Log.Options.SubmitBytesMin || IsOnlyBehindOthers(group));
    }

    private bool IsOnlyBehindOthers(GroupRuntime group) =>
        Log.InFlight > 1 && group.Backlog.IsEmpty && !group.Backlog.IsAwaited;

    /// <summary>Hosts have left something at this group that can be taken in now.</summary>
    internal bool HasWork(GroupRuntime group) =>
        (group.HasReadsQueued && group.Reads.HasRoom) || MayTakeProposals(group) || group.HasTransferUnasked;

    /// <summary>The turn is over and the group is not through: it takes part in the next one.</summary>
    internal bool HasUnfinished(GroupRuntime group) => group.Fault is null
        && (HasWork(group) || group.QueueHeldSince != 0 || group.Reads.IsHeld || group.Applier.HasMore
            || group.IsLoading || group.Snapshots.IsBusy || !group.Outputs.IsEmpty);

    /// <summary>The log has moved: the group, which waited for that, can go on.</summary>
    internal bool MayLogServe(GroupRuntime group) =>
        !group.Backlog.IsEmpty || group.Backlog.MayRelease(Log.DurableEnd) || MayTakeProposals(group);

    /// <summary>Any thread: a proposal was queued.</summary>
    internal void ProposalArrived(GroupRuntime group)
    {
        Schedule.Signal(group);
        if (IsStopped)
        {
            DrainAll();
            return;
        }

        int parked = Volatile.Read(ref _parked);
        if (parked == 0 || (parked == ParkedForMuch && group.Queue.Bytes < Log.Options.SubmitBytesMin))
        {
            return;
        }

        if (Interlocked.Exchange(ref _parked, 0) != 0)
        {
            Ring.Wake();
        }
    }

    /// <summary>Any thread: a read, or a wish for another leader, was queued.</summary>
    internal void RequestArrived(GroupRuntime group)
    {
        Schedule.Signal(group);
        if (IsStopped)
        {
            DrainAll();
        }
        else if (Volatile.Read(ref _parked) != 0 && Interlocked.Exchange(ref _parked, 0) != 0)
        {
            Ring.Wake();
        }
    }

    /// <summary>Any thread: runs an action on the shard's thread at the start of a turn. A cold path.</summary>
    internal void Post(Action request)
    {
        _requests.Enqueue(request);
        Ring.Wake();
    }

    /// <summary>When the loop must turn at the latest, if nothing happens before. Monotonic nanoseconds.</summary>
    internal long NextDeadline()
    {
        long deadline = long.Min(Now + 1_000_000_000, long.Min(Schedule.NextDeadline, Liveness.NextDeadline));
        deadline = long.Min(deadline, Scrubber.NextDeadline);
        bool isTimed = Undecided.Count + Retrying.Count > 0 || Schedule.Active.Count > 0;
        deadline = isTimed ? long.Min(deadline, _timersAt) : deadline;
        return Completions.IsWaiting ? long.Min(deadline, Now + Completions.RescuePeriodNs) : deadline;
    }
}
