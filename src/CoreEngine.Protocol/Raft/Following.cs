using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>What a follower does with AppendEntries (Raft paper, 5.3): matches, takes, commits, acknowledges.</summary>
internal static class Following
{
    /// <summary>AppendEntries arrived, with entries or as a heartbeat.</summary>
    internal static ReceiveResult OnAppendEntries(RaftState state, in Message message, Outputs outputs)
    {
        MessageHeader header = message.Header;
        uint group = state.Options.Group;
        if (!AppendEntriesBody.TryRead(message.Body, group, out AppendEntriesBody body, out ReadOnlySpan<byte> records)
            || body.PrevTerm > header.Term
            || !IsSound(state, header.Term, body.Proof))
        {
            return ReceiveResult.Malformed;
        }

        if (header.Term < state.Term)
        {
            Reply(state, header.From, AppendVerdict.OldTerm, 0, outputs);
            return ReceiveResult.Stale;
        }

        if (header.Term == state.Term && state.LeaderOfTerm != 0 && state.LeaderOfTerm != header.From)
        {
            // A stranger's word stops nobody.
            return state.Quorum.PlaceOf(header.From) < 0 ? ReceiveResult.Stranger : ReceiveResult.Contradiction;
        }

        Follow(state, header, outputs);
        if (body.PrevIndex > state.LastIndex || !state.Log.IsAt(body.PrevIndex, body.PrevTerm))
        {
            if (body.PrevIndex <= Floor(state))
            {
                return ReceiveResult.Contradiction;
            }

            Reply(state, header.From, AppendVerdict.Rejected, body.PrevIndex, outputs, body.PrevTerm);
            return ReceiveResult.Accepted;
        }

        ulong written = state.NextTicket;
        ulong firstNew = state.LastIndex + 1;
        ReceiveResult result = Take(state, header.Term, body, records, ref firstNew, outputs);
        if (firstNew <= state.LastIndex)
        {
            Durability.WriteEntries(state, firstNew, outputs);
            written = 0;
        }

        Commit(state, body.Proof, outputs);
        if (result == ReceiveResult.Accepted && written == state.NextTicket)
        {
            // Nothing to write: said at once. Else one acknowledgement follows the write.
            Reply(state, header.From, AppendVerdict.Fits, 0, outputs);
        }

        return result;
    }

    /// <summary>A piece of a snapshot arrived: its sender leads. The loop keeps the bytes when this is
    /// accepted.</summary>
    internal static ReceiveResult OnInstallSnapshot(RaftState state, in Message message, Outputs outputs)
    {
        MessageHeader header = message.Header;
        if (header.Term < state.Term)
        {
            Reply(state, header.From, AppendVerdict.OldTerm, 0, outputs);
            return ReceiveResult.Stale;
        }

        if (header.Term == state.Term && state.LeaderOfTerm != 0 && state.LeaderOfTerm != header.From)
        {
            return state.Quorum.PlaceOf(header.From) < 0 ? ReceiveResult.Stranger : ReceiveResult.Contradiction;
        }

        Follow(state, header, outputs);
        if (!InstallSnapshotBody.TryRead(message.Body, out InstallSnapshotBody body, out _)
            || body.Identity.Term > header.Term)
        {
            return ReceiveResult.Malformed;
        }

        if (body.Identity.Index > state.CommitIndex)
        {
            return ReceiveResult.Accepted;
        }

        // We hold it all (raft.md S40); what is committed is in every leader's log.
        state.Matched = ulong.Max(state.Matched, state.CommitIndex);
        Reply(state, header.From, AppendVerdict.Fits, 0, outputs);
        return ReceiveResult.Stale;
    }

    /// <summary>D rose: tells the leader, once for everything that it covers.</summary>
    internal static void AcknowledgeDurable(RaftState state, Outputs outputs)
    {
        bool isFollowing = state.Role == Role.Follower && state.Leader != 0;
        if (isFollowing && Claim(state) > state.Acknowledged)
        {
            Reply(state, state.Leader, AppendVerdict.Fits, 0, outputs);
        }
    }

    private static void Follow(RaftState state, in MessageHeader header, Outputs outputs)
    {
        if (header.Term > state.Term)
        {
            Election.AdoptTerm(state, header.Term, 0, outputs);
            Election.RestartTimer(state);
        }

        Invariant.Holds(state.Role != Role.Leader);
        state.Role = Role.Follower;
        state.Leader = header.From;
        state.LeaderOfTerm = header.From;
        state.WasLed = true;
        state.LeaderHeardNs = state.NowNs;
        state.IsQuiescent = false;
        state.MayBeTrusted = false;
        state.ElectionDeadlineNs = state.NowNs + state.ElectionTimeoutNs + state.PriorityDelayNs;
        state.RoundSeen = header.Type == MessageType.AppendEntries
            ? ulong.Max(state.RoundSeen, header.Sequence)
            : state.RoundSeen;
        LeaderTransfer.OnLeaderKnown(state, outputs);
    }

    /// <summary>Walks the records: those that we hold are skipped, the first that differs truncates, the rest is
    /// appended.</summary>
    private static ReceiveResult Take(
        RaftState state,
        ulong leaderTerm,
        in AppendEntriesBody body,
        ReadOnlySpan<byte> records,
        ref ulong firstNew,
        Outputs outputs)
    {
        LogSuffix log = state.Log;
        ulong index = body.PrevIndex;
        ulong term = body.PrevTerm;
        ulong stamp = 0;
        ReceiveResult result = ReceiveResult.Accepted;
        int count = 0;
        for (; !records.IsEmpty; count++)
        {
            if (!RecordHeader.TryRead(records, out RecordHeader header, out ReadOnlySpan<byte> record)
                || !EntryCodec.TryRead(header, record, out Entry entry)
                || !IsNext(state, header, index, term)
                || header.Term > leaderTerm)
            {
                result = ReceiveResult.Malformed;
                break;
            }

            result = LevelRule.Judge(state, header, entry);
            if (result != ReceiveResult.Accepted)
            {
                break;
            }

            if (header.Index <= log.LastIndex && !log.IsAt(header.Index, header.Term))
            {
                if (header.Index <= Floor(state))
                {
                    result = ReceiveResult.Contradiction;
                    break;
                }

                Durability.Truncate(state, header.Index - 1, outputs);
                firstNew = header.Index;
            }

            // Memory is full: the rest is dropped, the leader sees how far we got.
            if (header.Index > log.LastIndex && !log.AppendRecord(header, record))
            {
                break;
            }

            ConfigurationRule.Follow(state);

            index = header.Index;
            term = header.Term;
            stamp = entry.Stamp;
            records = records[record.Length..];
        }

        state.Clock.Observe(stamp);
        state.Matched = ulong.Max(state.Matched, index);
        bool isMiscounted = records.IsEmpty && count != body.EntryCount;
        return result == ReceiveResult.Accepted && isMiscounted ? ReceiveResult.Malformed : result;
    }

    private static bool IsNext(RaftState state, in RecordHeader header, ulong index, ulong term) =>
        header.Group == state.Options.Group
        && header.Codec == 0
        && header.Index == index + 1
        && header.Term >= term
        && header.Term > 0;

    /// <summary>C follows the leader's certificate, as far as our log is known to match the leader's.</summary>
    private static void Commit(RaftState state, CommitCertificate proof, Outputs outputs)
    {
        ulong index = ulong.Min(proof.Index, state.Matched);
        if (index <= state.CommitIndex)
        {
            return;
        }

        if (index != proof.Index)
        {
            ulong stamp = index >= state.Log.FirstCached ? state.Log.StampAt(index) : proof.Stamp;
            proof = proof with { Index = index, Stamp = stamp };
        }

        state.Frontiers.Commit(proof);
        state.CommitProof = proof;
        state.Log.Configurations.Commit(proof.Index);
        outputs.Committed(proof);
    }

    private static bool IsSound(RaftState state, ulong leaderTerm, in CommitCertificate proof) =>
        proof.Index == 0
        || (proof.IsValid
            && proof.Contract == state.Options.Contract
            && proof.Term <= leaderTerm
            && ConfigurationRule.IsQuorumOf(state, proof.ConfigEpoch, proof.Voters));

    // Below it nothing may change: committed, or taken from this very leader.
    private static ulong Floor(RaftState state) =>
        ulong.Max(ulong.Max(state.CommitIndex, state.CommitFloor), state.Matched);

    // What we may claim: durable and readable here, and the leader's.
    private static ulong Claim(RaftState state) =>
        ulong.Min(ulong.Min(state.Frontiers.Durable, state.Matched), Claims.Readable(state));

    private static void Reply(
        RaftState state,
        uint leader,
        AppendVerdict verdict,
        ulong rejectedPrev,
        Outputs outputs,
        ulong rejectedTerm = 0)
    {
        ulong hint = 0;
        ulong claim = 0;
        ulong received = 0;
        if (verdict == AppendVerdict.Rejected)
        {
            hint = state.Log.LastAtMost(ulong.Min(rejectedPrev, state.LastIndex), rejectedTerm);
        }

        if (verdict != AppendVerdict.OldTerm)
        {
            claim = Claim(state);
            received = state.Matched;
            state.Acknowledged = claim;
        }

        ref OutboundMessage message = ref Durability.Reply(state, outputs);
        ulong round = verdict == AppendVerdict.OldTerm ? 0 : state.RoundSeen;
        ulong hintTerm = state.Log.TermAt(hint);
        message.Header = state.HeaderTo(MessageType.AppendReply, leader, round, (ulong)state.Options.Level);
        uint flush = state.Flush.MedianMicros;
        new AppendReplyBody(state.Incarnation, claim, received, verdict, rejectedPrev, hint, hintTerm, flush)
            .Write(message.Body);
        message.BodyLength = AppendReplyBody.Bytes;
    }
}
