using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>Changes of leaders that hosts wait for. A cold path: it locks and allocates.</summary>
internal sealed class Transfers
{
    /// <summary>More are refused: operators ask, not programs.</summary>
    internal const int WaitingMax = 64;

    private readonly Lock _lock = new();
    private readonly List<Waiting> _waiting = [];
    private ulong _lastId;
    private int _unasked;

    /// <summary>Any thread. Somebody waits.</summary>
    internal bool IsPending
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Any thread. The core was not asked yet.</summary>
    internal bool HasUnasked => Volatile.Read(ref _unasked) > 0;

    /// <summary>Any thread. Null when too many wait.</summary>
    internal Task<TransferResult>? TryAdd(uint target, long withinNs)
    {
        lock (_lock)
        {
            if (_waiting.Count >= WaitingMax)
            {
                return null;
            }

            var waiting = new Waiting(++_lastId, target, withinNs);
            _waiting.Add(waiting);
            _unasked++;
            return waiting.Source.Task;
        }
    }

    /// <summary>The shard's thread: hands what is new to the core.</summary>
    internal bool Ask(GroupRuntime group)
    {
        if (!HasUnasked)
        {
            return false;
        }

        lock (_lock)
        {
            foreach (Waiting waiting in _waiting)
            {
                if (!waiting.IsAsked)
                {
                    waiting.IsAsked = true;
                    _unasked--;
                    group.Core.Transfer(waiting.Id, waiting.Target, waiting.WithinNs, group.Outputs);
                }
            }
        }

        return true;
    }

    /// <summary>The shard's thread: resumes those that the core has answered.</summary>
    internal void Answer(Outputs outputs)
    {
        foreach (ref readonly TransferOutcome outcome in outputs.Transfers)
        {
            lock (_lock)
            {
                ulong id = outcome.TransferId;
                int place = _waiting.FindIndex(waiting => waiting.Id == id);
                Invariant.Holds(place >= 0);
                _waiting[place].Source.SetResult(new TransferResult(outcome.Leader, outcome.Term, outcome.Refusal));
                _waiting.RemoveAt(place);
            }
        }
    }

    /// <summary>The group ends: nobody is kept waiting.</summary>
    internal void EndAll(Refusal refusal)
    {
        lock (_lock)
        {
            foreach (Waiting waiting in _waiting)
            {
                waiting.Source.SetResult(new TransferResult(0, 0, refusal));
            }

            _waiting.Clear();
            _unasked = 0;
        }
    }

    private sealed class Waiting(ulong id, uint target, long withinNs)
    {
        internal ulong Id { get; } = id;

        internal uint Target { get; } = target;

        internal long WithinNs { get; } = withinNs;

        internal bool IsAsked { get; set; }

        internal TaskCompletionSource<TransferResult> Source { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
