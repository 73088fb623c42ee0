using System;
using System.Collections.Generic;
using System.Threading;
using CoreEngine.Model;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>
/// Feeds committed entries to the machine in batches, runs queries between batches, and decides the proposals that
/// waited.
/// </summary>
/// <remarks>
/// An inline-safe machine runs on the shard's thread, in place. Any other runs on a worker, on a copy of the batch:
/// one job at a
/// time, so the machine never sees two threads.
/// </remarks>
internal sealed class Applier(GroupRuntime group) : IThreadPoolWorkItem
{
    private const int BatchBytesMax = 256 * 1024;
    private const int BatchesPerTurnMax = 8;
    private const int Idle = 0;
    private const int Running = 1;
    private const int Done = 2;

    private readonly BatchProgress _progress = new();
    private readonly List<ReadyRead> _queries = [];
    private EngineLoop? _loop;
    private ApplyMemory? _memory;
    private int _copyLength;
    private ulong _first;
    private int _count;
    private ulong _digest;
    private bool _repliesWanted;
    private int _state;
    private Exception? _error;

    /// <summary>The shard whose machine this thread is inside of, when it is a worker.</summary>
    [ThreadStatic]
    private static EngineLoop? _inside;

    /// <summary>Guards the two counts, which are equal when no worker is in here.</summary>
    private readonly object _out = new();
    private long _jobsStarted;
    private long _jobsEnded;

    /// <summary>
    /// Does what can be done now. Returns true when something was, or when more is left for the next turn.
    /// </summary>
    internal bool Step(EngineLoop loop)
    {
        if (group.Snapshots.HoldsApply)
        {
            return Volatile.Read(ref _state) == Done && FinishJob(loop);
        }

        return group.Machine.InlineSafe ? StepInline(loop) : StepOnWorker(loop);
    }

    /// <summary>A worker is in the machine.</summary>
    internal bool IsRunning => Volatile.Read(ref _state) == Running;

    /// <summary>Committed entries wait, and no worker is in the machine.</summary>
    internal bool HasMore =>
        Next <= Last && Volatile.Read(ref _state) != Running && !group.Snapshots.HoldsApply;

    private ulong Next => group.Frontiers.Applied + 1;

    /// <summary>What cannot be read is not passed over: the machine waits for the copy. A snapshot that is due waits
    /// for A to be durable: apply must not run away from D.</summary>
    private ulong Last => ulong.Min(
        ulong.Min(group.Frontiers.Committed, group.Suffix.Holes.ReadableLast),
        group.Snapshots.IsDue ? group.Frontiers.Durable : ulong.MaxValue);

    /// <summary>The group stopped: queries that a worker had in hand are answered once it is through.</summary>
    internal void Abandon(EngineLoop loop)
    {
        if (Volatile.Read(ref _state) == Done)
        {
            _state = Idle;
            ResumeQueries(loop);
            ReturnMemory(loop);
        }
    }

    /// <summary>The shard's thread: nobody is inside the machine, nor inside the session table.</summary>
    internal bool IsIdle => Volatile.Read(ref _state) == Idle;

    /// <summary>True on a worker that is inside a machine of this shard.</summary>
    internal static bool IsInside(EngineLoop loop) => _inside == loop;

    /// <summary>
    /// Blocks until no worker is in the machine, nor about to wake the ring. For the end of the shard.
    /// </summary>
    internal void WaitUntilIdle()
    {
        lock (_out)
        {
            while (_jobsEnded != _jobsStarted)
            {
                Monitor.Wait(_out);
            }
        }
    }

    /// <summary>The worker's part.</summary>
    public void Execute()
    {
        EngineLoop loop = _loop!;
        _inside = loop;
        try
        {
            RunQueries();
            Apply(_memory!.Copy.AsSpan(0, _copyLength));
        }
        catch (Exception error)
        {
            // Handed to the shard's thread, which stops the group and names the entry.
            _error = error;
        }

        _inside = null;
        Volatile.Write(ref _state, Done);
        loop.Schedule.Signal(group);
        loop.Ring.Wake();
        lock (_out)
        {
            _jobsEnded++;
            Monitor.PulseAll(_out);
        }
    }

    private bool StepInline(EngineLoop loop)
    {
        if (group.Frontiers.Applied == group.Frontiers.Committed && !group.Reads.IsWaiting)
        {
            return false;
        }

        group.InlineSince = loop.Now;
        _memory = loop.ApplyMemory.Rent();
        bool any = ApplyInline(loop);
        if (group.Fault is null && group.Reads.TryTakeReady(loop, group, _queries))
        {
            RunQueries();
            ResumeQueries(loop);
            any = true;
        }

        ReturnMemory(loop);
        group.InlineSince = 0;
        return any;
    }

    private bool ApplyInline(EngineLoop loop)
    {
        bool any = false;
        for (int i = 0; i < BatchesPerTurnMax && group.Fault is null; i++)
        {
            ReadOnlySpan<byte> records = NextPiece();
            if (records.IsEmpty)
            {
                break;
            }

            any = true;
            _repliesWanted = group.Pending.Count + group.Forwarded > 0;
            try
            {
                Apply(records);
            }
            catch (Exception error)
            {
                Fail(loop, error);
                return true;
            }

            Finish(loop, records);
        }

        return any;
    }

    private bool StepOnWorker(EngineLoop loop)
    {
        int state = Volatile.Read(ref _state);
        if (state == Running)
        {
            return false;
        }

        bool any = state == Done && FinishJob(loop);
        if (group.Fault is not null)
        {
            return any;
        }

        bool queries = group.Reads.TryTakeReady(loop, group, _queries);
        ReadOnlySpan<byte> records = NextPiece();
        if (records.IsEmpty && !queries)
        {
            return any;
        }

        _memory = loop.ApplyMemory.Rent();
        _memory.Take(records);
        _copyLength = records.Length;
        _repliesWanted = group.Pending.Count + group.Forwarded > 0;
        _loop = loop;
        _state = Running;
        lock (_out)
        {
            _jobsStarted++;
        }

        loop.Workers.Run(this);
        return true;
    }

    private bool FinishJob(EngineLoop loop)
    {
        _state = Idle;
        ResumeQueries(loop);
        if (_error is not null)
        {
            Fail(loop, _error);
        }
        else if (_copyLength > 0)
        {
            Finish(loop, _memory!.Copy.AsSpan(0, _copyLength));
        }

        ReturnMemory(loop);
        return true;
    }

    /// <summary>
    /// The next committed entries in one piece: from memory, or from the window read back from the log.
    /// </summary>
    private ReadOnlySpan<byte> NextPiece()
    {
        _count = 0;
        _copyLength = 0;
        ulong next = Next;
        ulong last = Last;
        if (next > last)
        {
            return default;
        }

        _first = next;
        ulong end = group.Digests.EndOf(next, last);
        if (next >= group.Suffix.FirstCached)
        {
            bool held = group.Suffix.TryRange(next, end, int.MaxValue, BatchBytesMax, out SuffixRange range);
            Invariant.Holds(held);
            _count = range.Count;
            return group.Suffix.Bytes(range);
        }

        if (group.ApplyWindow.TryRange(next, end, out ReadOnlySpan<byte> records, out int count))
        {
            _count = count;
            return records;
        }

        group.ApplyWindow.Start(next, last);
        return default;
    }

    private void Apply(ReadOnlySpan<byte> records)
    {
        if (records.IsEmpty)
        {
            return;
        }

        _memory!.Replies.Clear();
        _progress.Index = _first;
        group.Sessions.Apply(group.Machine, records, _progress, _memory!.Replies, _repliesWanted);
        if (group.Digests.IsPoint(_first + (ulong)_count - 1))
        {
            _digest = group.Digests.Now();
        }
    }

    private void ReturnMemory(EngineLoop loop)
    {
        loop.ApplyMemory.Return(_memory!);
        _memory = null;
    }

    private void RunQueries()
    {
        foreach (ReadyRead read in _queries)
        {
            if (read.Point.IsGranted && read.Request.Level.Level == ReadLevel.AsOf)
            {
                VersionedReads.Run(group, read);
            }
            else
            {
                read.Request.Run(group.Machine, read.Point);
            }
        }
    }

    private void ResumeQueries(EngineLoop loop)
    {
        foreach (ReadyRead read in _queries)
        {
            group.Reads.CheckAgain(loop, group, read);
            loop.Completions.Add(read.Request);
        }

        _queries.Clear();
    }

    private void Finish(EngineLoop loop, ReadOnlySpan<byte> records)
    {
        ulong last = _first + (ulong)_count - 1;
        group.Core.Applied(last, group.Outputs);
        loop.Counters.Applied += _count;
        group.Snapshots.Applied(records.Length);
        while (group.Pending.TryTake(last, out PendingEntry entry))
        {
            ulong term = group.Suffix.TermAt(entry.Index);
            if (term == entry.Term)
            {
                ulong stamp = StampOf(records, entry.Index);
                loop.Decide(
                    group, entry.Correlation, ReceiptOf(entry.Index, term, stamp), ReplyOf(entry.Index));
            }
            else
            {
                loop.Counters.Superseded++;
                var refusal = new Refusal(RefusalCode.Superseded, entry.Index, term);
                loop.Decide(group, entry.Correlation, Receipts.Refused(refusal), default);
            }
        }

        if (group.Forwarded > 0)
        {
            DecideForwarded(loop, records);
        }

        if (group.Digests.IsPoint(last))
        {
            group.Digests.Taken(loop, last, _digest);
        }
    }

    /// <summary>Most entries are still in memory, where they are found by their index; else in the piece at
    /// hand.</summary>
    private ulong StampOf(ReadOnlySpan<byte> records, ulong index)
    {
        if (index >= group.Suffix.FirstCached)
        {
            return group.Suffix.StampAt(index);
        }

        while (true)
        {
            RecordHeader header = RecordHeader.Read(records);
            int size = RecordHeader.SizeOf(header.BodyLength);
            if (header.Index == index)
            {
                bool read = EntryCodec.TryRead(header, records[..size], out Entry entry);
                Invariant.Holds(read);
                return entry.Stamp;
            }

            records = records[size..];
        }
    }

    private void DecideForwarded(EngineLoop loop, ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            RecordHeader header = RecordHeader.Read(records);
            int size = RecordHeader.SizeOf(header.BodyLength);
            bool read = EntryCodec.TryRead(header, records[..size], out Entry entry);
            Invariant.Holds(read);
            records = records[size..];
            if (Forwarding.IsOurs(loop, entry.Origin)
                && group.Slots.Find(entry.Origin.Correlation) is { Stage: ProposalStage.Forwarded })
            {
                Receipt receipt = ReceiptOf(header.Index, header.Term, entry.Stamp);
                loop.Decide(group, entry.Origin.Correlation, receipt, ReplyOf(header.Index));
            }
        }
    }

    private Receipt ReceiptOf(ulong index, ulong term, ulong stamp)
    {
        if (!group.Sessions.TryFind(index, out SessionAnswer answer))
        {
            return Receipts.Committed(group, index, term) with { Stamp = stamp };
        }

        Receipt receipt = Receipts.Of(group, answer);
        ulong place = receipt.Coordinate.Index;
        return receipt with { Stamp = place == index ? stamp : ReadProofs.StampAt(group, place) };
    }

    private ReadOnlySpan<byte> ReplyOf(ulong index) =>
        group.Sessions.TryFind(index, out SessionAnswer answer)
            && answer.Decision.Verdict != Protocol.Sessions.SessionVerdict.Fresh
            ? group.Sessions.ReplyOf(index)
            : _memory!.Replies.Take(index);

    private void Fail(EngineLoop loop, Exception error) => loop.Fail(group, new EngineFault(
        $"the machine of group '{group.Name}' threw at index {_progress.Index}: {error.Message}; "
        + "the group has stopped here, since replicas that go on differently would diverge", error));
}
