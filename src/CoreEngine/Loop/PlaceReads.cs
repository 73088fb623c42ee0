using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Loop;

/// <summary>Reads that wait until a place of the line is applied here: AtLeast a token, AsOf an index.</summary>
/// <remarks>Bounded. Owned by the shard's thread.</remarks>
internal sealed class PlaceReads
{
    private const int WaitingMax = 4096;

    private readonly List<(IReadRequest Request, long DeadlineNs)> _waiting = [];
    private ulong _least = ulong.MaxValue;

    /// <summary>Reads that wait.</summary>
    internal int Count => _waiting.Count;

    /// <summary>When the next one is given up. Monotonic nanoseconds.</summary>
    internal long DeadlineNs { get; private set; } = long.MaxValue;

    /// <summary>Takes one in. False when as many wait as may.</summary>
    internal bool TryAdd(IReadRequest request, long deadlineNs)
    {
        if (_waiting.Count == WaitingMax)
        {
            return false;
        }

        _waiting.Add((request, deadlineNs));
        _least = ulong.Min(_least, request.Level.Amount);
        DeadlineNs = long.Min(DeadlineNs, deadlineNs);
        return true;
    }

    /// <summary>Moves the reads whose place is applied, or whose time is over.</summary>
    internal void TakeReady(GroupRuntime group, long nowNs, List<ReadyRead> ready)
    {
        ulong applied = group.Frontiers.Applied;
        if (applied < _least && nowNs < DeadlineNs)
        {
            return;
        }

        int kept = 0;
        _least = ulong.MaxValue;
        DeadlineNs = long.MaxValue;
        for (int i = 0; i < _waiting.Count; i++)
        {
            (IReadRequest request, long deadlineNs) = _waiting[i];
            ulong wanted = request.Level.Amount;
            if (wanted <= applied)
            {
                ready.Add(new ReadyRead(request, Judge(group, request.Level, applied)));
            }
            else if (deadlineNs <= nowNs)
            {
                var refusal = new Refusal(RefusalCode.NotReached, applied, wanted);
                ready.Add(new ReadyRead(request, ReadResult.Refused(refusal)));
            }
            else
            {
                _waiting[kept++] = _waiting[i];
                _least = ulong.Min(_least, wanted);
                DeadlineNs = long.Min(DeadlineNs, deadlineNs);
            }
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
    }

    /// <summary>The group stopped: all are refused.</summary>
    internal void Refuse(GroupRuntime group, in ReadResult point, Completions completions)
    {
        foreach ((IReadRequest request, _) in _waiting)
        {
            request.Run(group.Machine, point);
            completions.Add(request);
        }

        _waiting.Clear();
        _least = ulong.MaxValue;
        DeadlineNs = long.MaxValue;
    }

    /// <summary>The place is applied; it is another one if the entry there is of another term.</summary>
    private static ReadResult Judge(GroupRuntime group, in Read read, ulong applied)
    {
        ulong place = read.Amount;
        bool isKnown = place > group.Frontiers.Values.Trimmed;
        if (read.Term != 0 && isKnown && group.Suffix.TermAt(place) != read.Term)
        {
            return ReadResult.Refused(new Refusal(RefusalCode.NoHistory, place));
        }

        bool isAsOf = read.Level == ReadLevel.AsOf;
        ReadProof proof = isAsOf ? ReadProof.History : ReadProof.SessionToken;
        ulong index = isAsOf ? place : applied;
        ulong term = isAsOf && !isKnown ? read.Term : group.Suffix.TermAt(index);
        return new ReadResult
        {
            Index = index,
            Term = term,
            Certificate = ReadProofs.OfCommit(group, proof, index),
            Guarantee = read.Promise,
        };
    }
}
