using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Reads;

/// <summary>
/// ReadIndex at the leader (Raft thesis, 6.4): a read is answered when an entry of our own term is committed and a
/// quorum has echoed a round
/// that started after the read arrived. Older rounds never count.
/// </summary>
/// <remarks>One round is under way at a time; what arrives meanwhile shares the next one.</remarks>
internal static class LeaderReads
{
    /// <summary>Our own host.</summary>
    internal const uint Host = 0;

    /// <summary>A read arrived, from our host or from another replica.</summary>
    /// <param name="isOfKey">Of one key: it need not wait for the anchor.</param>
    internal static void Add(
        RaftState state, ulong readId, uint from, ulong sequence, Outputs outputs, bool isOfKey = false)
    {
        Invariant.Holds(state.Role == Role.Leader);

        // A round of this very turn has not left yet: it still starts after the read.
        bool isShared = state.RoundTurn == state.Turn;
        bool isUnderWay = Confirmed(state) < state.Round;
        ulong round = isShared ? state.Round : state.Round + 1;
        ulong index = state.IsAnchored ? state.CommitIndex : 0;
        var read = new PendingRead(readId, from, sequence, index, round, state.NowNs + state.Options.ElectionMaxNs);
        bool isOfLimbo = isOfKey && !state.IsAnchored;
        if (isOfLimbo && state.KeyReads == ReadQueue.None)
        {
            state.KeyReads = new ReadQueue(state.Options.ReadsMax);
        }

        ReadQueue queue = isOfLimbo ? state.KeyReads : state.Reads;
        if (!queue.TryAdd(read))
        {
            Refuse(state, read, new Refusal(RefusalCode.QueueFull, (ulong)queue.Count), outputs);
            return;
        }

        if (!isShared && !isUnderWay)
        {
            StartRound(state, outputs);
        }

        Confirm(state, outputs);
    }

    /// <summary>A follower asks for a read point.</summary>
    internal static ReceiveResult OnRequest(RaftState state, in Message message, Outputs outputs)
    {
        if (!message.Body.IsEmpty)
        {
            return ReceiveResult.Malformed;
        }

        MessageHeader header = message.Header;
        if (state.Role != Role.Leader)
        {
            var read = new PendingRead(header.Correlation, header.From, header.Sequence, 0, 0, 0);
            Refuse(state, read, new Refusal(RefusalCode.NotLeader, state.Leader), outputs);
            return ReceiveResult.Stale;
        }

        Add(state, header.Correlation, header.From, header.Sequence, outputs);
        return ReceiveResult.Accepted;
    }

    /// <summary>Answers what is confirmed, and starts the next round when somebody waits for it.</summary>
    internal static void Confirm(RaftState state, Outputs outputs)
    {
        if (state.Reads.Count == 0 && state.KeyReads.Count == 0)
        {
            return;
        }

        ulong confirmed = Confirmed(state);
        if (confirmed >= state.Round && NewestRound(state) > state.Round)
        {
            StartRound(state, outputs);
            confirmed = Confirmed(state);
        }

        while (state.IsAnchored && state.Reads.Count > 0 && state.Reads.Oldest.Round <= confirmed)
        {
            Answer(state, state.Reads.Take(), outputs);
        }

        while (state.KeyReads.Count > 0 && state.KeyReads.Oldest.Round <= confirmed)
        {
            AnswerKey(state, state.KeyReads.Take(), outputs);
        }
    }

    /// <summary>When the oldest read of a key is refused.</summary>
    internal static long KeyDeadline(RaftState state) =>
        state.KeyReads.Count > 0 ? state.KeyReads.Oldest.DeadlineNs : long.MaxValue;

    /// <summary>Refuses what has waited too long.</summary>
    internal static void Expire(RaftState state, Outputs outputs)
    {
        while (state.Reads.Count > 0 && state.Reads.Oldest.DeadlineNs <= state.NowNs)
        {
            ulong timeoutMs = (ulong)(state.Options.ElectionMaxNs / 1_000_000);
            Refusal refusal = state.IsAnchored
                ? new Refusal(RefusalCode.NoQuorum, timeoutMs)
                : new Refusal(RefusalCode.NoAnchor);
            Refuse(state, state.Reads.Take(), refusal, outputs);
        }

        while (KeyDeadline(state) <= state.NowNs)
        {
            ulong timeoutMs = (ulong)(state.Options.ElectionMaxNs / 1_000_000);
            Refuse(state, state.KeyReads.Take(), new Refusal(RefusalCode.NoQuorum, timeoutMs), outputs);
        }
    }

    /// <summary>We lead no more: nothing that waits can be confirmed.</summary>
    internal static void RefuseAll(RaftState state, Refusal refusal, Outputs outputs)
    {
        while (state.Reads.Count > 0)
        {
            Refuse(state, state.Reads.Take(), refusal, outputs);
        }

        while (state.KeyReads.Count > 0)
        {
            Refuse(state, state.KeyReads.Take(), refusal, outputs);
        }
    }

    private static ulong NewestRound(RaftState state)
    {
        ulong newest = state.Reads.Count > 0 ? state.Reads.Newest.Round : 0;
        return state.KeyReads.Count > 0 ? ulong.Max(newest, state.KeyReads.Newest.Round) : newest;
    }

    private static void StartRound(RaftState state, Outputs outputs)
    {
        state.Round++;
        state.RoundTurn = state.Turn;
        Replication.Heartbeat(state, outputs);
    }

    /// <summary>The newest round that a quorum, ourselves included, has echoed.</summary>
    private static ulong Confirmed(RaftState state)
    {
        Span<ulong> echoes = stackalloc ulong[Limits.ReplicasMax];
        echoes = echoes[..state.Quorum.Count];
        for (int i = 0; i < echoes.Length; i++)
        {
            echoes[i] = i == state.Self ? state.Round : state.Peers[i].RoundEchoed;
        }

        return state.Quorum.Reached(echoes);
    }

    private static void Answer(RaftState state, in PendingRead read, Outputs outputs)
    {
        ulong index = read.Index == 0 ? state.CommitIndex : read.Index;
        ReadCertificate proof = Certify(state, read.Round, index);
        if (read.From == Host)
        {
            outputs.AnswerRead(new ReadOutcome(read.ReadId, index, proof, default));
            return;
        }

        Reply(state, read, new ReadIndexReplyBody(default, proof), outputs);
    }

    /// <summary>A quorum follows us, so nobody after us has committed anything; what those before us may have committed
    /// beyond our C stands in our log, up to our anchor (LeaseGuard's limbo region).</summary>
    private static void AnswerKey(RaftState state, in PendingRead read, Outputs outputs)
    {
        ulong index = state.CommitIndex;
        ulong limboLast = state.IsAnchored ? 0 : state.Log.LastAtMost(state.LastIndex, state.Term - 1);
        ReadCertificate proof = Certify(state, read.Round, index);
        outputs.AnswerRead(new ReadOutcome(read.ReadId, index, proof, default, limboLast > index ? limboLast : 0));
    }

    private static ReadCertificate Certify(RaftState state, ulong round, ulong index)
    {
        ulong voters = 0;
        for (int i = 0; i < state.Quorum.Count; i++)
        {
            if (state.Quorum.IsVoter(i) && (i == state.Self || state.Peers[i].RoundEchoed >= round))
            {
                voters |= 1UL << i;
            }
        }

        Invariant.Holds(state.Quorum.IsQuorum(voters));
        return new ReadCertificate(
            state.Options.Contract,
            state.Options.Group,
            state.ConfigEpoch,
            state.Term,
            index,
            round,
            voters,
            ReadProof.QuorumBarrier);
    }

    private static void Refuse(RaftState state, in PendingRead read, Refusal refusal, Outputs outputs)
    {
        if (read.From == Host)
        {
            outputs.AnswerRead(new ReadOutcome(read.ReadId, 0, default, refusal));
            return;
        }

        Reply(state, read, new ReadIndexReplyBody(refusal, default), outputs);
    }

    private static void Reply(RaftState state, in PendingRead read, in ReadIndexReplyBody body, Outputs outputs)
    {
        ref OutboundMessage message = ref Raft.Durability.Reply(state, outputs);
        message.Header = state.HeaderTo(MessageType.ReadIndexReply, read.From, read.Sequence, read.ReadId);
        body.Write(message.Body);
        message.BodyLength = ReadIndexReplyBody.Bytes;
    }
}
