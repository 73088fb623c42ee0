using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>
/// Gathers reads of one turn into few requests to the core, and runs them once their point is applied. What the levels
/// are and rest on: <see cref="Read"/>.
/// </summary>
/// <remarks>Bounded: batches in flight here, reads by the group's queue. Owned by the shard's thread.</remarks>
/// <param name="clock">How far clocks are trusted.</param>
/// <param name="heartbeatNs">How often the age of the state is kept known while somebody asks for it.</param>
/// <param name="patienceNs">After this a read whose point is not applied here is refused.</param>
internal sealed class Reads(ClockBound clock, long heartbeatNs, long patienceNs)
{
    private const int BatchesMax = 64;
    private const int PumpHeartbeats = 20;

    private static readonly int Classes = Enum.GetValues<ReadClass>().Length;

    private readonly List<ReadBatch> _batches = [];
    private readonly Stack<ReadBatch> _free = new();
    private readonly ReadBatch?[] _open = new ReadBatch?[Classes];
    private readonly List<(IReadRequest Request, Refusal Refusal)> _now = [];
    private readonly FreshPoints _points = new(clock);
    private readonly PlaceReads _places = new();
    private ulong _nextId;
    private long _pumpUntil = long.MinValue;
    private long _pumpAt = long.MaxValue;
    private bool _isPumping;

    /// <summary>True while some read waits for its point.</summary>
    internal bool IsWaiting => _batches.Count - (_isPumping ? 1 : 0) > 0 || _places.Count > 0 || _now.Count > 0;

    /// <summary>False while reads must stay in the queue: a loop that looked for them would spin.</summary>
    internal bool HasRoom => _batches.Count < BatchesMax;

    /// <summary>When something must be done at the latest. Monotonic nanoseconds.</summary>
    internal long Deadline =>
        long.Min(_places.DeadlineNs, long.Min(GivenUpNs, _isPumping ? long.MaxValue : _pumpAt));

    /// <summary>True while a batch waits for a leader to be asked: each turn looks whether there is one.</summary>
    internal bool IsHeld
    {
        get
        {
            foreach (ReadBatch batch in _batches)
            {
                if (!batch.IsAsked && !batch.IsAnswered)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>When the oldest read that knows its point is given up: a replica that is cut off, or was removed, may
    /// never apply it.</summary>
    private long GivenUpNs
    {
        get
        {
            foreach (ReadBatch batch in _batches)
            {
                if (batch.IsAnswered)
                {
                    return batch.WaitsSince + patienceNs;
                }
            }

            return long.MaxValue;
        }
    }

    /// <summary>Takes waiting reads in. Returns true when there were any.</summary>
    internal bool Drain(EngineLoop loop, GroupRuntime group)
    {
        if (!group.HasReadsQueued || !HasRoom)
        {
            return false;
        }

        while (group.TryDequeue(out IReadRequest? request))
        {
            Sort(loop, group, request!);
        }

        // Only reads that have waited in the same turn share a batch: a later one may need a later round.
        Array.Clear(_open);
        return true;
    }

    /// <summary>
    /// Asks the core for the points of new batches. Without a leader they are held, as proposals are: leaders come.
    /// </summary>
    /// <param name="loop">The shard.</param>
    /// <param name="group">The group.</param>
    internal void AskHeld(EngineLoop loop, GroupRuntime group)
    {
        PumpIfDue(loop, group);
        long givenUpBefore = loop.Now - loop.LeaderlessPatienceNs;
        for (int i = 0; i < _batches.Count; i++)
        {
            ReadBatch batch = _batches[i];
            if (!batch.IsAsked && !batch.IsAnswered
                && (group.Core.Status.Leader != 0 || batch.WaitsSince <= givenUpBefore))
            {
                batch.IsAsked = true;
                batch.AskedNs = loop.Now;
                group.Core.Read(batch.Id, group.Outputs, KindOf(batch.Class));
            }
        }
    }

    /// <summary>The core's answers of this turn.</summary>
    internal void Answer(EngineLoop loop, GroupRuntime group)
    {
        foreach (ref readonly ReadOutcome outcome in group.Outputs.Reads)
        {
            ReadBatch? batch = Find(outcome.ReadId);
            if (batch is null)
            {
                continue;
            }

            batch.IsAnswered = true;
            batch.Index = outcome.Index;
            batch.Proof = outcome.Proof;
            batch.Refusal = outcome.Refusal;
            if (batch.IsGranted && outcome.LimboLast > 0)
            {
                DeferTouched(loop, group, batch, outcome.LimboLast);
            }
            else if (batch.IsGranted && outcome.Proof.Proof == ReadProof.QuorumBarrier)
            {
                _points.Note(outcome.Proof, batch.AskedNs);
            }

            if (batch.Class == ReadClass.Pump)
            {
                _isPumping = false;
                _batches.Remove(batch);
                _free.Push(batch);
            }
        }
    }

    /// <summary>Moves the reads whose point is applied, or refused, to <paramref name="ready"/>.</summary>
    internal bool TryTakeReady(EngineLoop loop, GroupRuntime group, List<ReadyRead> ready)
    {
        foreach ((IReadRequest request, Refusal refusal) in _now)
        {
            ready.Add(refusal.Code != RefusalCode.None ? new ReadyRead(request, ReadResult.Refused(refusal))
                : request.Level.Level == ReadLevel.Stale ? AnswerStale(loop, group, request)
                : new ReadyRead(request, ReadProofs.Local(group, AgeOf(group, loop.Now))));
        }

        _now.Clear();
        _places.TakeReady(group, loop.Now, ready);
        ulong applied = group.Frontiers.Applied;
        for (int i = _batches.Count - 1; i >= 0; i--)
        {
            ReadBatch batch = _batches[i];
            bool isLate = batch.IsAnswered && batch.IsGranted && loop.Now - batch.WaitsSince >= patienceNs;
            if (isLate && batch.Index > applied + SlackOf(batch, applied))
            {
                batch.Refusal = new Refusal(RefusalCode.NotReached, applied, batch.Index);
            }

            bool isDue = batch.IsAnswered && batch.Class != ReadClass.Pump
                && (!batch.IsGranted || batch.Index <= applied + SlackOf(batch, applied));
            if (isDue)
            {
                MoveTo(ready, loop, group, batch);
                _batches.RemoveAt(i);
                batch.Requests.Clear();
                _free.Push(batch);
            }
        }

        return ready.Count > 0;
    }

    /// <summary>
    /// Looks at reads that have run with the clock as it is now: a process that stood still in between must not answer
    /// by a lease that is over, nor call an old state young (raft.md S50).
    /// </summary>
    internal void CheckAgain(EngineLoop loop, GroupRuntime group, in ReadyRead read)
    {
        if (!read.Point.IsGranted)
        {
            return;
        }

        switch (read.Point.Certificate.Proof)
        {
            case ReadProof.Lease when !group.Core.HoldsLease(loop.FreshNow()):
                read.Request.Run(group.Machine, LeaseLost(group));
                break;
            case ReadProof.ClosedTimestamp:
                long ageNs = _points.AgeNs(read.CurrentNs, loop.FreshNow());
                bool isYoung = (ulong)ageNs <= read.Request.Level.Amount;
                read.Request.Relabel(
                    isYoung ? ReadProofs.Aged(read.Point, ageNs) : ReadProofs.TooOld(ageNs, read.Request.Level));
                break;
            default:
                break;
        }
    }

    /// <summary>The group stopped: every read that waits here or in the queue is refused.</summary>
    internal void DrainRefused(GroupRuntime group, RefusalCode code, Completions completions)
    {
        var point = ReadResult.Refused(new Refusal(code));
        foreach (ReadBatch batch in _batches)
        {
            foreach (IReadRequest request in batch.Requests)
            {
                request.Run(group.Machine, point);
                completions.Add(request);
            }
        }

        foreach ((IReadRequest request, _) in _now)
        {
            request.Run(group.Machine, point);
            completions.Add(request);
        }

        _batches.Clear();
        _now.Clear();
        _isPumping = false;
        _pumpAt = long.MaxValue;
        _places.Refuse(group, point, completions);
        while (group.TryDequeue(out IReadRequest? request))
        {
            request!.Run(group.Machine, point);
            completions.Add(request);
        }
    }

    private static ReadKind KindOf(ReadClass kind) => kind switch
    {
        ReadClass.Lease => ReadKind.Lease,
        ReadClass.Key => ReadKind.Key,
        _ => ReadKind.Barrier,
    };

    private static ReadResult LeaseLost(GroupRuntime group) =>
        ReadResult.Refused(new Refusal(RefusalCode.LeaseNotHeld, group.Core.Status.Leader));

    private static ulong SlackOf(ReadBatch batch, ulong applied) =>
        batch.Class == ReadClass.Entries ? ulong.Min(batch.Slack, ulong.MaxValue - applied) : 0;

    private void Sort(EngineLoop loop, GroupRuntime group, IReadRequest request)
    {
        Read read = request.Level;
        switch (read.Level)
        {
            case ReadLevel.Local:
                _now.Add((request, default));
                break;
            case ReadLevel.AtLeast or ReadLevel.AsOf:
                long patience = read.PatienceNs != 0 ? read.PatienceNs : loop.LeaderlessPatienceNs;
                if (!_places.TryAdd(request, loop.Now + patience))
                {
                    _now.Add((request, new Refusal(RefusalCode.QueueFull, (ulong)_places.Count)));
                }

                break;
            case ReadLevel.Stale:
                SortStale(loop, group, request);
                break;
            case ReadLevel.StaleEntries:
                ReadBatch lax = Open(ReadClass.Entries, loop.Now);
                lax.Slack = ulong.Min(lax.Slack, read.Amount);
                lax.Requests.Add(request);
                break;
            default:
                Open(ClassOf(loop, group, read), loop.Now).Requests.Add(request);
                break;
        }
    }

    /// <summary>A leader that holds no lease answers for one key by a round, which is worth more.</summary>
    private static ReadClass ClassOf(EngineLoop loop, GroupRuntime group, in Read read)
    {
        bool isOfKey = read.HasKey && group.Machine is IKeyedMachine;
        return read.Level != ReadLevel.Lease ? isOfKey ? ReadClass.Key : ReadClass.Barrier
            : isOfKey && group.Core.Status.Role == Role.Leader && !group.Core.HoldsLease(loop.Now) ? ReadClass.Key
            : ReadClass.Lease;
    }

    private void SortStale(EngineLoop loop, GroupRuntime group, IReadRequest request)
    {
        if (_pumpUntil < loop.Now)
        {
            _pumpAt = loop.Now + heartbeatNs;
        }

        _pumpUntil = loop.Now + (PumpHeartbeats * heartbeatNs);
        if (TryStale(loop, group, request, out _))
        {
            _now.Add((request, default));
        }
        else
        {
            Open(ReadClass.Stale, loop.Now).Requests.Add(request);
        }
    }

    /// <summary>Served from what is known, if that is young enough.</summary>
    private bool TryStale(EngineLoop loop, GroupRuntime group, IReadRequest request, out ReadyRead ready)
    {
        ready = default;
        if (!_points.TryFind(group.Frontiers.Applied, out ReadCertificate proof, out long currentNs))
        {
            return false;
        }

        long ageNs = _points.AgeNs(currentNs, loop.Now);
        if ((ulong)ageNs > request.Level.Amount)
        {
            return false;
        }

        ready = new ReadyRead(request, ReadProofs.Stale(group, proof, ageNs), currentNs);
        return true;
    }

    private TimeSpan? AgeOf(GroupRuntime group, long nowNs) =>
        _points.TryFind(group.Frontiers.Applied, out _, out long currentNs)
            ? TimeSpan.FromTicks((_points.AgeNs(currentNs, nowNs) / 100) + 1)
            : null;

    /// <summary>While reads of bounded age come, their age is kept known: one request a heartbeat, however
    /// many.</summary>
    private void PumpIfDue(EngineLoop loop, GroupRuntime group)
    {
        if (loop.Now < _pumpAt || _isPumping)
        {
            return;
        }

        _pumpAt = loop.Now < _pumpUntil ? loop.Now + heartbeatNs : long.MaxValue;
        if (_pumpAt != long.MaxValue && group.Core.Status.Leader != 0 && HasRoom)
        {
            _isPumping = true;
            _ = Make(ReadClass.Pump, loop.Now);
        }
    }

    private void MoveTo(List<ReadyRead> ready, EngineLoop loop, GroupRuntime group, ReadBatch batch)
    {
        ulong applied = group.Frontiers.Applied;
        foreach (IReadRequest request in batch.Requests)
        {
            ready.Add(batch.Class == ReadClass.Stale ? AnswerStale(loop, group, request)
                : !batch.IsGranted ? new ReadyRead(request, ReadResult.Refused(batch.Refusal))
                : batch.Class == ReadClass.Lease && !group.Core.HoldsLease(loop.Now)
                    ? new ReadyRead(request, LeaseLost(group))
                    : new ReadyRead(request, ReadProofs.Granted(group, batch, request.Level, applied)));
        }
    }

    /// <summary>The barrier that it has waited for came, or did not: what is known now decides.</summary>
    private ReadyRead AnswerStale(EngineLoop loop, GroupRuntime group, IReadRequest request)
    {
        if (TryStale(loop, group, request, out ReadyRead ready))
        {
            return ready;
        }

        bool isKnown = _points.TryFind(group.Frontiers.Applied, out _, out long currentNs);
        long ageNs = isKnown ? _points.AgeNs(currentNs, loop.Now) : 0;
        return new ReadyRead(request, ReadProofs.TooOld(ageNs, request.Level));
    }

    /// <summary>Reads whose key an undecided entry may touch wait for the anchor like all others.</summary>
    private void DeferTouched(EngineLoop loop, GroupRuntime group, ReadBatch batch, ulong limboLast)
    {
        var machine = (IKeyedMachine)group.Machine;
        ReadBatch? deferred = null;
        int kept = 0;
        for (int i = 0; i < batch.Requests.Count; i++)
        {
            IReadRequest request = batch.Requests[i];
            if (LimboRegion.MayTouch(group.Suffix, batch.Index + 1, limboLast, machine, request.Level.Key))
            {
                deferred ??= Make(ReadClass.Barrier, loop.Now);
                deferred.Requests.Add(request);
            }
            else
            {
                batch.Requests[kept++] = request;
            }
        }

        batch.Requests.RemoveRange(kept, batch.Requests.Count - kept);
        batch.IsOfKeys = true;
    }

    private ReadBatch? Find(ulong id)
    {
        foreach (ReadBatch batch in _batches)
        {
            if (batch.Id == id)
            {
                return batch;
            }
        }

        return null;
    }

    private ReadBatch Open(ReadClass kind, long nowNs) => _open[(int)kind] ??= Make(kind, nowNs);

    private ReadBatch Make(ReadClass kind, long nowNs)
    {
        ReadBatch batch = _free.Count > 0 ? _free.Pop() : new ReadBatch();
        batch.Reset(++_nextId, kind, nowNs);
        _batches.Add(batch);
        return batch;
    }
}
