using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>How entries go to a follower.</summary>
internal enum ProgressState : byte
{
    /// <summary>Where the logs agree is not known: one message at a time, until one fits.</summary>
    Probe = 0,

    /// <summary>They agree up to Match: messages are pipelined within the window.</summary>
    Replicate,

    /// <summary>The next entries left memory: the loop reads them from the log.</summary>
    Loading,

    /// <summary>The next entries are gone: the follower is given a snapshot, and heartbeats meanwhile.</summary>
    Snapshot,
}

/// <summary>What a leader knows of one follower (Raft paper, figure 2: nextIndex, matchIndex).</summary>
internal sealed class Progress(int messagesMax, int bytesMax)
{
    internal readonly Inflights Inflights = new(messagesMax, bytesMax);

    internal ProgressState State { get; private set; }

    /// <summary>Up to here the follower holds our log on its medium. Falls only by its own word.</summary>
    internal ulong Match { get; private set; }

    /// <summary>Next entry to send. Match &lt; Next.</summary>
    internal ulong Next { get; private set; }

    /// <summary>Up to here the follower said that it holds our log at all; may fall when it restarts.</summary>
    internal ulong Received { get; private set; }

    /// <summary>When <see cref="Received"/> last moved, or began to wait: what stands still for long was
    /// lost.</summary>
    internal long ReceivedMovedNs { get; private set; }

    /// <summary>Probe: the one message is on its way.</summary>
    internal bool IsProbeSent;

    /// <summary>When the follower last answered, in monotonic nanoseconds.</summary>
    internal long ContactNs;

    /// <summary>When anything was last heard of it, in whatever part. Monotonic nanoseconds.</summary>
    internal long HeardNs;

    /// <summary>Newest read round that it has echoed in our term.</summary>
    internal ulong RoundEchoed;

    /// <summary>Whose acknowledgements count; 0 before the first one in our term. Another life's do not (raft.md S30,
    /// S31).</summary>
    internal ulong Incarnation;

    /// <summary>How long its writes take, as it said last, in microseconds; 0: not known.</summary>
    internal uint FlushMicros;

    /// <summary>The newest formats that it speaks, as it said last in this term; 0: not known.</summary>
    internal int Level;

    /// <summary>The commit index that it was told last.</summary>
    internal ulong CommitSent;

    /// <summary>
    /// Last entry that came from this follower's hosts: they wait until it knows that it is committed.
    /// </summary>
    internal ulong Awaited;

    /// <summary>Learner: where the log ended when the round under way began, and when that was.</summary>
    internal ulong RoundEnd;
    internal long RoundStartNs;

    /// <summary>Learner: its last round was short.</summary>
    internal bool IsCaughtUp;

    /// <summary>The node of this follower is not alive: it is not waited for before the group rests.</summary>
    internal bool IsNodeSilent;

    /// <summary>The last index at which it agreed to let the group rest; 0 when it did not.</summary>
    internal ulong AgreedAt;

    /// <summary>The loop still owes an answer to a Load; another one would overwrite the window.</summary>
    internal bool IsLoadOwed;

    /// <summary>The term in which that Load was asked: what it brings belongs to that term's log.</summary>
    internal ulong LoadTerm;

    /// <summary>A new leadership: nothing is known, the guess is that the follower has all we have.</summary>
    internal void Reset(ulong next, long nowNs)
    {
        Invariant.Holds(next > 0);
        Match = 0;
        Received = 0;
        RoundEchoed = 0;
        Incarnation = 0;
        FlushMicros = 0;
        Level = 0;
        CommitSent = 0;
        Awaited = 0;
        RoundEnd = next - 1;
        RoundStartNs = nowNs;
        IsCaughtUp = false;
        AgreedAt = 0;
        ContactNs = nowNs;
        BecomeProbe(next, nowNs);
    }

    /// <summary>Starts again from <paramref name="next"/>, one message at a time.</summary>
    internal void BecomeProbe(ulong next, long nowNs)
    {
        Invariant.Holds(next > Match);
        State = ProgressState.Probe;
        Next = next;
        Received = ulong.Min(Received, next - 1);
        ReceivedMovedNs = nowNs;
        IsProbeSent = false;
        Inflights.Clear();
    }

    /// <summary>
    /// The follower says that damage took what it once acknowledged above <paramref name="last"/>: it is sent again,
    /// and counts no more.
    /// </summary>
    internal void ForgetAbove(ulong last, long nowNs)
    {
        if (last < Match)
        {
            Match = last;
            BecomeProbe(last + 1, nowNs);
        }
    }

    /// <summary>The logs agree up to <paramref name="next"/> - 1.</summary>
    internal void BecomeReplicate(ulong next)
    {
        Invariant.Holds(next > Match);
        State = ProgressState.Replicate;
        Next = next;
    }

    /// <summary>The next entries must come from the log.</summary>
    internal void BecomeLoading()
    {
        Invariant.Holds(State == ProgressState.Replicate);
        State = ProgressState.Loading;
    }

    /// <summary>The log no longer holds what the follower needs.</summary>
    internal void BecomeSnapshot()
    {
        State = ProgressState.Snapshot;
        IsProbeSent = false;
        Inflights.Clear();
    }

    /// <summary>Entries up to <paramref name="last"/> left; in Replicate the next message does not wait for the
    /// answer.</summary>
    internal void Sent(ulong last, int bytes, long nowNs)
    {
        if (Received + 1 >= Next)
        {
            ReceivedMovedNs = nowNs;
        }

        if (State == ProgressState.Probe)
        {
            IsProbeSent = true;
            return;
        }

        Invariant.Holds(last >= Next);
        Inflights.Add(last, bytes);
        Next = last + 1;
    }

    /// <summary>The follower acknowledged.</summary>
    /// <returns>True when Match rose.</returns>
    internal bool Acknowledged(ulong durable, ulong received, long nowNs)
    {
        Invariant.Holds(durable <= received);
        if (received != Received)
        {
            Received = received;
            ReceivedMovedNs = nowNs;
        }

        if (durable <= Match)
        {
            return false;
        }

        Match = durable;
        Next = ulong.Max(Next, durable + 1);
        Inflights.FreeThrough(durable);
        return true;
    }
}
