using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Model.Guarantees;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>
/// Gathers reads of one turn into one request to the core, and runs them once their point is applied.
/// </summary>
/// <remarks>Bounded: batches in flight here, reads by the group's queue. Owned by the shard's thread.</remarks>
internal sealed class Reads
{
    private const int BatchesMax = 64;

    private readonly List<ReadBatch> _batches = [];
    private readonly Stack<ReadBatch> _free = new();
    private ulong _nextId;

    /// <summary>True while some read waits for its point.</summary>
    internal bool IsWaiting => _batches.Count > 0;

    /// <summary>False while reads must stay in the queue: a loop that looked for them would spin.</summary>
    internal bool HasRoom => _batches.Count < BatchesMax;

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

    /// <summary>Takes waiting reads in. Returns true when there were any.</summary>
    internal bool Drain(GroupRuntime group, long now)
    {
        if (!group.HasReadsQueued || !HasRoom)
        {
            return false;
        }

        ReadBatch fresh = Take();
        ReadBatch local = Take();
        while (group.TryDequeue(out IReadRequest? request))
        {
            (request!.Level == Read.Local ? local : fresh).Requests.Add(request);
        }

        if (local.Requests.Count > 0)
        {
            local.Point = new ReadResult { Index = group.Frontiers.Applied, Guarantee = Guarantee.LocalRead };
            local.IsAnswered = true;
        }

        fresh.WaitsSince = now;
        Keep(local);
        Keep(fresh);
        return true;
    }

    /// <summary>
    /// Asks the core for the points of new batches. Without a leader they are held, as proposals are: leaders come.
    /// </summary>
    /// <param name="givenUpBefore">Batches that wait since before this are asked all the same, and refused.</param>
    internal void AskHeld(GroupRuntime group, long givenUpBefore)
    {
        foreach (ReadBatch batch in _batches)
        {
            if (!batch.IsAsked && !batch.IsAnswered
                && (group.Core.Status.Leader != 0 || batch.WaitsSince <= givenUpBefore))
            {
                batch.IsAsked = true;
                group.Core.Read(batch.Id, group.Outputs);
            }
        }
    }

    /// <summary>The core's answers of this turn.</summary>
    internal void Answer(GroupRuntime group)
    {
        foreach (ref readonly ReadOutcome outcome in group.Outputs.Reads)
        {
            ReadBatch? batch = Find(outcome.ReadId);
            if (batch is null)
            {
                continue;
            }

            batch.IsAnswered = true;
            batch.Point = outcome.Refusal.Code == RefusalCode.None
                ? new ReadResult
                {
                    Index = outcome.Index,
                    Certificate = outcome.Proof,
                    Guarantee = Guarantee.LinearizableRead,
                }
                : new ReadResult { Refusal = outcome.Refusal, Guarantee = Guarantee.Floor };
        }
    }

    /// <summary>Moves the reads whose point is applied, or refused, to <paramref name="ready"/>.</summary>
    internal bool TryTakeReady(ulong applied, List<(IReadRequest Request, ReadResult Point)> ready)
    {
        for (int i = _batches.Count - 1; i >= 0; i--)
        {
            ReadBatch batch = _batches[i];
            if (!batch.IsAnswered || (batch.Point.IsGranted && batch.Point.Index > applied))
            {
                continue;
            }

            MoveTo(ready, batch);
            _batches.RemoveAt(i);
            Recycle(batch);
        }

        return ready.Count > 0;
    }

    /// <summary>The group stopped: every read that waits here or in the queue is refused.</summary>
    internal void DrainRefused(GroupRuntime group, RefusalCode code, Completions completions)
    {
        var point = new ReadResult { Refusal = new Refusal(code), Guarantee = Guarantee.Floor };
        foreach (ReadBatch batch in _batches)
        {
            foreach (IReadRequest request in batch.Requests)
            {
                request.Run(group.Machine, point);
                completions.Add(request);
            }
        }

        _batches.Clear();
        while (group.TryDequeue(out IReadRequest? request))
        {
            request!.Run(group.Machine, point);
            completions.Add(request);
        }
    }

    private static void MoveTo(List<(IReadRequest Request, ReadResult Point)> ready, ReadBatch batch)
    {
        foreach (IReadRequest request in batch.Requests)
        {
            ready.Add((request, batch.Point));
        }
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

    private ReadBatch Take()
    {
        ReadBatch batch = _free.Count > 0 ? _free.Pop() : new ReadBatch();
        batch.Id = ++_nextId;
        batch.IsAnswered = false;
        batch.IsAsked = false;
        batch.Point = default;
        return batch;
    }

    private void Keep(ReadBatch batch)
    {
        if (batch.Requests.Count > 0)
        {
            _batches.Add(batch);
        }
        else
        {
            Recycle(batch);
        }
    }

    private void Recycle(ReadBatch batch)
    {
        batch.Requests.Clear();
        _free.Push(batch);
    }

    private sealed class ReadBatch
    {
        internal ulong Id { get; set; }

        internal bool IsAnswered { get; set; }

        internal bool IsAsked { get; set; }

        /// <summary>When the batch was taken in. Monotonic nanoseconds.</summary>
        internal long WaitsSince { get; set; }

        internal ReadResult Point { get; set; }

        internal List<IReadRequest> Requests { get; } = [];
    }
}
