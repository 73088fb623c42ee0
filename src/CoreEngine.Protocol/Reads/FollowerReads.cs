using CoreEngine.Model;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Reads;

/// <summary>Linearizable reads at a follower: it asks the leader for a read point and waits until it has applied that
/// far itself.</summary>
/// <remarks>Reads of one turn share one request. A reply answers every read asked up to its request: its round began
/// after all of them.</remarks>
internal static class FollowerReads
{
    /// <summary>Our host asks for a read point.</summary>
    internal static void Add(RaftState state, ulong readId, Outputs outputs)
    {
        Invariant.Holds(state.Role != Role.Leader);
        if (state.Leader == 0)
        {
            Refuse(readId, new Refusal(RefusalCode.NoLeader), outputs);
            return;
        }

        bool isShared = state.Asked.Count > 0 && state.RequestTurn == state.Turn;
        ulong request = isShared ? state.Request : state.Request + 1;
        var read = new PendingRead(readId, LeaderReads.Host, request, 0, 0, state.NowNs + state.Options.ElectionMaxNs);
        if (!state.Asked.TryAdd(read))
        {
            Refuse(readId, new Refusal(RefusalCode.QueueFull, (ulong)state.Asked.Count), outputs);
            return;
        }

        if (!isShared)
        {
            state.Request = request;
            state.RequestTurn = state.Turn;
            ref OutboundMessage message = ref outputs.Send();
            message.Header = state.HeaderTo(MessageType.ReadIndexRequest, state.Leader, request, readId);
        }
    }

    /// <summary>The leader's answer.</summary>
    internal static ReceiveResult OnReply(RaftState state, in Message message, Outputs outputs)
    {
        MessageHeader header = message.Header;
        if (!ReadIndexReplyBody.TryRead(message.Body, state.Options.Group, header.Term, out ReadIndexReplyBody body))
        {
            return ReceiveResult.Malformed;
        }

        bool isRefused = body.Refusal.Code != RefusalCode.None;
        if (!isRefused && !IsSound(state, body))
        {
            return ReceiveResult.Malformed;
        }

        // Only the leader that we follow in this term was asked; a request that was never made has no answer.
        bool isAsked = header.Term == state.Term && header.From == state.Leader && header.Sequence <= state.Request;
        if (!isAsked || state.Asked.Count == 0 || state.Asked.Oldest.Sequence > header.Sequence)
        {
            return ReceiveResult.Stale;
        }

        while (state.Asked.Count > 0 && state.Asked.Oldest.Sequence <= header.Sequence)
        {
            PendingRead read = state.Asked.Take();
            outputs.AnswerRead(new ReadOutcome(read.ReadId, body.Proof.Index, body.Proof, body.Refusal));
        }

        return ReceiveResult.Accepted;
    }

    /// <summary>Refuses what has waited too long.</summary>
    internal static void Expire(RaftState state, Outputs outputs)
    {
        while (state.Asked.Count > 0 && state.Asked.Oldest.DeadlineNs <= state.NowNs)
        {
            ulong timeoutMs = (ulong)(state.Options.ElectionMaxNs / 1_000_000);
            Refuse(state.Asked.Take().ReadId, new Refusal(RefusalCode.NoQuorum, timeoutMs), outputs);
        }
    }

    /// <summary>The leader that was asked is gone.</summary>
    internal static void RefuseAll(RaftState state, Refusal refusal, Outputs outputs)
    {
        while (state.Asked.Count > 0)
        {
            Refuse(state.Asked.Take().ReadId, refusal, outputs);
        }
    }

    private static bool IsSound(RaftState state, in ReadIndexReplyBody body) =>
        body.Proof.Contract == state.Options.Contract
        && ConfigurationRule.IsQuorumOf(state, body.Proof.ConfigEpoch, body.Proof.Voters);

    private static void Refuse(ulong readId, Refusal refusal, Outputs outputs) =>
        outputs.AnswerRead(new ReadOutcome(readId, 0, default, refusal));
}
