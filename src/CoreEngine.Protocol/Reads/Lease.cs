using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Reads;

/// <summary>
/// The log is the lease (LeaseGuard, arXiv 2512.15659): a leader reads from its own state while an entry of its own
/// term is committed that was appended surely less than a lease ago; a new leader commits nothing until every entry
/// before its own has surely been in the log for a lease.
/// </summary>
/// <remarks>
/// Why no two meet: a lease rests on a committed entry, every later leader has that entry in its log (leader
/// completeness), and it got it after the holder appended it. The holder counts from before it appended, by the longest
/// true time that its clock may hide; the successor from after it received, by the shortest. Nothing but elapsed
/// monotonic time is looked at, and no two clocks are compared. A restart forgets when an entry came: it counts from
/// the start.
/// </remarks>
internal static class Lease
{
    /// <summary>Comes before the turn's time is set: what changed since was done in the turn before.</summary>
    internal static void BeginTurn(RaftState state, long nowNs)
    {
        LeaseState lease = state.Lease;
        if (lease == LeaseState.None)
        {
            return;
        }

        if (state.LastIndex != lease.SeenIndex || state.Log.LastTerm != lease.SeenTerm)
        {
            if (state.Role == Role.Leader && state.Options.LeaseNs > 0)
            {
                // Appended in the turn before: its time was read before that.
                lease.Mark(state.LastIndex, state.NowNs);
            }

            // Received in the turn before, perhaps long after its time was read: only now is surely later.
            lease.SeenIndex = state.LastIndex;
            lease.SeenTerm = state.Log.LastTerm;
            lease.SeenNs = nowNs;
        }

        if (lease.IsInherited && lease.InheritedFromNs == LeaseState.Unknown)
        {
            lease.InheritedFromNs = nowNs;
        }
    }

    /// <summary>We lead from here on; the anchor is appended.</summary>
    internal static void OnElected(RaftState state, ulong anchor)
    {
        Invariant.Holds(state.Role == Role.Leader);
        LeaseState lease = state.Lease;
        if (lease == LeaseState.None)
        {
            return;
        }

        lease.Reset();
        ulong before = anchor - 1;
        lease.IsInherited = state.Options.LeaseNs > 0 && before > 0 && !EndsLease(state, before);
        bool isSeen = lease.SeenIndex == before && lease.SeenTerm == state.Log.TermAt(before);
        lease.InheritedFromNs = isSeen ? lease.SeenNs : LeaseState.Unknown;
    }

    /// <summary>False while a predecessor may still read by its lease: nothing may be committed, so nothing be
    /// acknowledged.</summary>
    internal static bool MayCommit(RaftState state)
    {
        LeaseState lease = state.Lease;
        if (!lease.IsInherited)
        {
            return true;
        }

        lease.IsInherited = lease.InheritedFromNs == LeaseState.Unknown || state.NowNs < InheritedEnd(state);
        return !lease.IsInherited;
    }

    /// <summary>True when this replica may answer from its own state at a time of its clock, not before the
    /// turn's.</summary>
    internal static bool Holds(RaftState state, long nowNs)
    {
        LeaseState lease = state.Lease;
        if (state.Role != Role.Leader || state.Options.LeaseNs == 0 || lease.IsRenounced || !state.IsAnchored)
        {
            return false;
        }

        lease.Commit(state.CommitIndex);
        return lease.FromNs != LeaseState.Unknown && nowNs < End(state);
    }

    /// <summary>A read by lease: answered at once, or when the lease is renewed.</summary>
    internal static void Read(RaftState state, ulong readId, Outputs outputs)
    {
        if (state.Options.LeaseNs == 0)
        {
            Refuse(readId, new Refusal(RefusalCode.LeaseOff), outputs);
            return;
        }

        LeaseState lease = state.Lease;
        if (state.Role != Role.Leader || lease.IsRenounced)
        {
            Refuse(readId, new Refusal(RefusalCode.LeaseNotHeld, state.Leader), outputs);
            return;
        }

        lease.WantedUntilNs = state.NowNs + (2 * state.Options.LeaseNs);
        if (Holds(state, state.NowNs))
        {
            Answer(state, readId, outputs);
            return;
        }

        var read = new PendingRead(readId, LeaderReads.Host, 0, 0, 0, state.NowNs + state.Options.ElectionMaxNs);
        if (!lease.Waiting.TryAdd(read))
        {
            Refuse(readId, new Refusal(RefusalCode.QueueFull, (ulong)lease.Waiting.Count), outputs);
            return;
        }

        RenewIfDue(state, outputs);
    }

    /// <summary>The leader's part of a tick.</summary>
    internal static void Tick(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        if (state.Options.LeaseNs == 0)
        {
            return;
        }

        LeaseState lease = state.Lease;
        if (lease.IsInherited && MayCommit(state))
        {
            Replication.AdvanceCommit(state, outputs);
        }

        Settle(state, outputs);
        while (lease.Waiting.Count > 0 && lease.Waiting.Oldest.DeadlineNs <= state.NowNs)
        {
            ulong timeoutMs = (ulong)(state.Options.ElectionMaxNs / 1_000_000);
            Refuse(lease.Waiting.Take().ReadId, new Refusal(RefusalCode.NoQuorum, timeoutMs), outputs);
        }

        RenewIfDue(state, outputs);
    }

    /// <summary>C rose: the lease may be renewed.</summary>
    internal static void Settle(RaftState state, Outputs outputs)
    {
        LeaseState lease = state.Lease;
        while (lease.Waiting.Count > 0 && Holds(state, state.NowNs))
        {
            Answer(state, lease.Waiting.Take().ReadId, outputs);
        }
    }

    /// <summary>We lead no more, or renounce: whoever waits is refused.</summary>
    internal static void RefuseAll(RaftState state, Outputs outputs)
    {
        while (state.Lease.Waiting.Count > 0)
        {
            Refuse(state.Lease.Waiting.Take().ReadId, new Refusal(RefusalCode.LeaseNotHeld, state.Leader), outputs);
        }
    }

    /// <summary>
    /// Gives the lease up before leadership is handed over (raft.md S37): from now on no read is answered by it, and an
    /// entry says so, after which a successor need not wait. Call it when no more entries are to follow;
    /// <see cref="Resume"/> when the handing over has failed.
    /// </summary>
    /// <remarks>While a predecessor's lease may still run, no entry is written: it would end that one too.</remarks>
    internal static void Renounce(RaftState state, Outputs outputs)
    {
        Invariant.Holds(state.Role == Role.Leader);
        if (state.Options.LeaseNs == 0 || state.Lease.IsRenounced)
        {
            return;
        }

        state.Lease.IsRenounced = true;
        RefuseAll(state, outputs);
        if (MayCommit(state))
        {
            _ = EmptyEntry.TryAppend(state, EntryFlags.Anchor | EntryFlags.LeaseEnd, outputs);
        }
    }

    /// <summary>Leadership stays: entries from here on give a lease again.</summary>
    internal static void Resume(RaftState state)
    {
        if (state.Role == Role.Leader && state.Lease.IsRenounced)
        {
            state.Lease.IsRenounced = false;
            state.Lease.Forget(state.LastIndex);
        }
    }

    /// <summary>When the rule wants a tick next.</summary>
    internal static long Deadline(RaftState state)
    {
        LeaseState lease = state.Lease;
        if (state.Role != Role.Leader || state.Options.LeaseNs == 0)
        {
            return long.MaxValue;
        }

        long deadline = lease.Waiting.Count > 0 ? lease.Waiting.Oldest.DeadlineNs : long.MaxValue;
        if (lease.IsInherited)
        {
            return lease.InheritedFromNs == LeaseState.Unknown
                ? state.NowNs
                : long.Min(deadline, InheritedEnd(state));
        }

        bool isRenewed = IsWanted(state) && state.LastIndex == state.CommitIndex && lease.FromNs != LeaseState.Unknown;
        return isRenewed ? long.Min(deadline, lease.FromNs + (state.Options.LeaseNs / 2)) : deadline;
    }

    private static void RenewIfDue(RaftState state, Outputs outputs)
    {
        LeaseState lease = state.Lease;

        // An entry under way renews it by itself.
        if (!IsWanted(state) || state.LastIndex != state.CommitIndex)
        {
            return;
        }

        lease.Commit(state.CommitIndex);
        bool isDue = lease.FromNs == LeaseState.Unknown
            || state.NowNs >= lease.FromNs + (state.Options.LeaseNs / 2);
        if (isDue)
        {
            _ = EmptyEntry.TryAppend(state, EntryFlags.Anchor, outputs);
        }
    }

    private static bool IsWanted(RaftState state) =>
        !state.Lease.IsRenounced && (state.Lease.Waiting.Count > 0 || state.NowNs < state.Lease.WantedUntilNs);

    private static long End(RaftState state) =>
        state.Options.Clock.SurelyWithin(state.Lease.FromNs, state.Options.LeaseNs);

    private static long InheritedEnd(RaftState state) =>
        state.Options.Clock.SurelyOver(state.Lease.InheritedFromNs, state.Options.LeaseNs);

    private static bool EndsLease(RaftState state, ulong index)
    {
        if (index < state.Log.FirstCached)
        {
            return false;
        }

        var flags = (EntryFlags)RecordHeader.Read(state.Log.Record(index)).Flags;
        return (flags & EntryFlags.LeaseEnd) != 0;
    }

    private static void Answer(RaftState state, ulong readId, Outputs outputs)
    {
        CommitCertificate commit = state.CommitProof;
        Invariant.Holds(commit.Index == state.CommitIndex);
        Invariant.Holds(commit.Term == state.Term);
        var proof = new ReadCertificate(
            commit.Contract,
            commit.Group,
            commit.ConfigEpoch,
            commit.Term,
            commit.Index,
            0,
            commit.Voters,
            ReadProof.Lease,
            0,
            commit.Stamp);
        outputs.AnswerRead(new ReadOutcome(readId, commit.Index, proof, default));
    }

    private static void Refuse(ulong readId, Refusal refusal, Outputs outputs) =>
        outputs.AnswerRead(new ReadOutcome(readId, 0, default, refusal));
}
