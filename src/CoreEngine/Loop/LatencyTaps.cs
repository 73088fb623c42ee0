using System;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>Measures one write and one proposal at a time: honest samples at no cost per entry.</summary>
/// <remarks>Belongs to the shard's thread. Times are from turn to turn.</remarks>
/// <param name="flushed">Is given the nanoseconds from a write's start until everything up to it was durable.</param>
/// <param name="committed">Is given the nanoseconds from a proposal's entry into the log until it was
/// committed.</param>
internal sealed class LatencyTaps(Action<long> flushed, Action<long> committed)
{
    /// <summary>A proposal that was overwritten is never committed: given up after this.</summary>
    private const long PatienceNs = 10_000_000_000;

    private ulong _flushMark;
    private long _flushSince;
    private GroupRuntime? _group;
    private ulong _index;
    private long _commitSince;

    /// <summary>A write has started that makes everything up to a position durable.</summary>
    internal void Submitted(ulong position, long nowNs)
    {
        if (_flushMark == 0)
        {
            _flushMark = position;
            _flushSince = nowNs;
        }
    }

    /// <summary>The log has looked at its completions.</summary>
    internal void LogMoved(ulong durableEnd, long nowNs)
    {
        if (_flushMark != 0 && durableEnd >= _flushMark)
        {
            _flushMark = 0;
            flushed(nowNs - _flushSince);
        }
    }

    /// <summary>Proposals were taken into the log.</summary>
    internal void Accepted(GroupRuntime group, in ProposeResult result, long nowNs)
    {
        bool isFree = _group is null || nowNs - _commitSince >= PatienceNs;
        if (isFree && result.Accepted > 0)
        {
            _group = group;
            _index = result.FirstIndex;
            _commitSince = nowNs;
        }
    }

    /// <summary>A group's turn ends.</summary>
    internal void Completed(GroupRuntime group, long nowNs)
    {
        if (_group == group && group.Frontiers.Committed >= _index)
        {
            _group = null;
            committed(nowNs - _commitSince);
        }
    }
}
