using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Tracing;

/// <summary>Says a message of ours in the words of the trace.</summary>
/// <remarks>Pre-votes and read requests are left out, as in etcd's trace: they change nothing that the specification
/// speaks of.</remarks>
internal static class MessageTracing
{
    /// <summary>False when the message is not traced, or does not parse.</summary>
    internal static bool TryRead(
        in MessageHeader header,
        ReadOnlySpan<byte> body,
        bool isSent,
        out string name,
        out TracedMessage message,
        out ulong[] terms)
    {
        terms = [];
        message = null!;
        name = string.Empty;
        switch (header.Type)
        {
            case MessageType.VoteRequest when VoteRequestBody.TryRead(body, out VoteRequestBody vote):
                name = isSent ? EventNames.SendVote : EventNames.ReceiveVote;
                message = Make("MsgVote", header) with { Index = vote.LastIndex, LogTerm = vote.LastTerm };
                return true;
            case MessageType.VoteReply when VoteReplyBody.TryRead(body, out VoteReplyBody reply):
                name = isSent ? EventNames.SendVoteReply : EventNames.ReceiveVoteReply;
                message = Make("MsgVoteResp", header) with { Reject = !reply.Granted };
                return true;
            case MessageType.AppendEntries when AppendEntriesBody.TryRead(
                body, header.Group, out AppendEntriesBody append, out ReadOnlySpan<byte> records):
                name = isSent ? EventNames.SendAppend : EventNames.ReceiveAppend;
                message = Make("MsgApp", header) with
                {
                    Index = append.PrevIndex,
                    LogTerm = append.PrevTerm,
                    Entries = append.EntryCount,
                    Commit = append.Proof.Index,
                };
                terms = TermsOf(records);
                return true;
            case MessageType.AppendReply when AppendReplyBody.TryRead(body, out AppendReplyBody answer):
                name = isSent ? EventNames.SendAppendReply : EventNames.ReceiveAppendReply;
                message = Make("MsgAppResp", header) with
                {
                    Reject = answer.Verdict != AppendVerdict.Fits,
                    Index = answer.Verdict == AppendVerdict.Rejected ? answer.RejectedPrev : answer.Durable,
                    RejectHint = answer.HintIndex,
                    LogTerm = answer.HintTerm,
                    Durable = answer.Durable,
                };
                return true;
            default:
                return false;
        }
    }

    private static TracedMessage Make(string type, in MessageHeader header) =>
        new(type, header.Term, header.From, header.To, 0, 0, 0, 0, false, 0, 0);

    private static ulong[] TermsOf(ReadOnlySpan<byte> records)
    {
        var terms = new List<ulong>();
        while (RecordHeader.TryRead(records, out RecordHeader header, out ReadOnlySpan<byte> record))
        {
            terms.Add(header.Term);
            records = records[record.Length..];
        }

        return [.. terms];
    }
}
