using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>What became of the unique writes. Thread-safe.</summary>
internal sealed class WriteBook
{
    private readonly ConcurrentQueue<(string Key, string Value)> _acknowledged = new();
    private readonly ConcurrentQueue<(string Key, string Reason)> _refused = new();
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _goalReached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _goal;
    private long _latest = Stopwatch.GetTimestamp();
    private int _unknown;
    private int _count;

    /// <param name="goal">So many acknowledgements complete <see cref="GoalReached"/>.</param>
    internal WriteBook(int goal = int.MaxValue) => _goal = goal;

    internal IReadOnlyCollection<(string Key, string Value)> Acknowledged => _acknowledged;

    /// <summary>Refused writes with what the server said.</summary>
    internal IReadOnlyCollection<(string Key, string Reason)> Refused => _refused;

    /// <summary>Writes that were answered with "nobody knows".</summary>
    internal int Unknown => Volatile.Read(ref _unknown);

    /// <summary>Writes that were answered, and not with an acknowledgement.</summary>
    internal int Denied => _refused.Count + Unknown;

    /// <summary>Completes with the acknowledgement that was named as the goal.</summary>
    internal Task GoalReached => _goalReached.Task;

    /// <summary>The longest time between two acknowledgements.</summary>
    internal TimeSpan LongestSilence { get; private set; }

    /// <summary>Notes a server's answer to a write.</summary>
    internal void Note(string key, string value, in RespReply reply)
    {
        if (reply.IsError("UNKNOWN"u8))
        {
            Interlocked.Increment(ref _unknown);
        }
        else if (reply.Type == RespReplyType.Error)
        {
            _refused.Enqueue((key, reply.String ?? string.Empty));
        }
        else
        {
            _acknowledged.Enqueue((key, value));
            NoteAcknowledgement();
        }
    }

    private void NoteAcknowledgement()
    {
        lock (_lock)
        {
            TimeSpan silence = Stopwatch.GetElapsedTime(_latest);
            LongestSilence = silence > LongestSilence ? silence : LongestSilence;
            _latest = Stopwatch.GetTimestamp();
            if (++_count == _goal)
            {
                _goalReached.SetResult();
            }
        }
    }
}
