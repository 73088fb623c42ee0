using System;
using System.Buffers.Binary;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>Hands proposals made at a follower to the leader, once each.</summary>
/// <remarks>
/// A frame is numbered within its sender's life; one that is not newer than the last is dropped, so that no network
/// can make a proposal
/// take effect twice.
/// A Forward frame carries the queue's own layout with the origin filled in. The origin needs no reply for what was
/// accepted: it finds its
/// proposals by their origin when it applies them. What the leader refuses comes back in a ForwardReply:
/// <c>u64 code | u64 first | u64 second | u64 correlation ...</c>.
/// </remarks>
internal static class Forwarding
{
    private const int ReplyHeaderBytes = 24;

    /// <summary>
    /// Sends a batch of the queue to the leader. Returns the bytes that left; 0 when there is no leader or its link
    /// is full.
    /// </summary>
    internal static int Send(EngineLoop loop, GroupRuntime group, Span<byte> batch, uint leader)
    {
        if (leader == 0 || leader == loop.Replica || !group.Options.Forward)
        {
            return 0;
        }

        Rewrite(loop, batch);
        group.ForwardsSent++;
        ulong term = group.Core.Status.Term;
        var header = new FrameHeader(
            (byte)MessageType.Forward, 0, group.Number, loop.Replica, leader, term, group.ForwardsSent, loop.Life);
        if (!loop.Transport.TrySend(leader, Lane.Bulk, header, batch, default))
        {
            return 0;
        }

        loop.FlushNeeded = true;
        var reader = new ProposalReader(batch);
        while (reader.TryRead(out Proposal proposal))
        {
            if (Ingress.Departs(loop, group, proposal) is { } source)
            {
                loop.Leave(source, ProposalStage.Forwarded);
                group.Forwarded++;
            }
        }

        return batch.Length;
    }

    /// <summary>
    /// A Forward at the leader, or a ForwardReply at the origin. What makes no sense is counted and dropped.
    /// </summary>
    internal static void Receive(EngineLoop loop, GroupRuntime group, in FrameHeader header, ReadOnlySpan<byte> body)
    {
        if ((MessageType)header.Type == MessageType.ForwardReply)
        {
            TakeRefusals(loop, group, body);
            return;
        }

        if (!IsSound(body, header.From, out int count))
        {
            loop.Counters.Count(ReceiveResult.Malformed);
            return;
        }

        if (!group.IsNewForward(header))
        {
            loop.Counters.Count(ReceiveResult.Stale);
            return;
        }

        bool isFull = loop.IsLogFull && group.Core.Status.Role == Role.Leader;
        ProposeResult result = isFull || group.IsClosing
            ? new ProposeResult(0, 0, 0, new Refusal(group.IsClosing ? RefusalCode.Closing : RefusalCode.LogFull))
            : group.Core.Propose(new ProposalReader(body), group.Outputs);
        loop.Counters.Proposals += result.Accepted;
        NoteEarly(loop, group, body, result);
        if (result.Accepted < count)
        {
            Refuse(loop, header, body, result);
        }
    }

    private static void NoteEarly(
        EngineLoop loop, GroupRuntime group, ReadOnlySpan<byte> body, in ProposeResult result)
    {
        var reader = new ProposalReader(body);
        for (int i = 0; i < result.Accepted && reader.TryRead(out Proposal proposal); i++)
        {
            if (proposal.Level != Durability.QuorumDurable)
            {
                ulong index = result.FirstIndex + (ulong)i;
                group.Early.Note(loop, group, proposal.Level, proposal.Origin, index, result.Term);
            }
        }
    }

    /// <summary>An applied entry that this replica had forwarded.</summary>
    internal static bool IsOurs(EngineLoop loop, in EntryOrigin origin) =>
        origin.Replica == loop.Replica && origin.Life == loop.Life;

    private static void Rewrite(EngineLoop loop, Span<byte> batch)
    {
        while (!batch.IsEmpty)
        {
            int size = ProposalReader.SizeOf(BinaryPrimitives.ReadInt32LittleEndian(batch));
            BinaryPrimitives.WriteUInt32LittleEndian(batch[4..], loop.Replica);
            BinaryPrimitives.WriteUInt32LittleEndian(batch[8..], loop.Life);
            batch = batch[size..];
        }
    }

    private static bool IsSound(ReadOnlySpan<byte> body, uint from, out int count)
    {
        count = 0;
        var reader = new ProposalReader(body);
        while (reader.TryRead(out Proposal proposal))
        {
            if (proposal.Origin.Replica != from)
            {
                return false;
            }

            count++;
        }

        return reader.IsSound && count > 0;
    }

    private static void Refuse(EngineLoop loop, in FrameHeader header, ReadOnlySpan<byte> body, in ProposeResult result)
    {
        Span<byte> reply = loop.Scratch;
        BinaryPrimitives.WriteUInt64LittleEndian(reply, (ulong)result.Refusal.Code);
        BinaryPrimitives.WriteUInt64LittleEndian(reply[8..], result.Refusal.First);
        BinaryPrimitives.WriteUInt64LittleEndian(reply[16..], result.Refusal.Second);
        int length = ReplyHeaderBytes;
        int place = 0;
        var reader = new ProposalReader(body);
        while (reader.TryRead(out Proposal proposal))
        {
            if (place++ >= result.Accepted)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(reply[length..], proposal.Origin.Correlation);
                length += sizeof(ulong);
            }
        }

        var answer = new FrameHeader(
            (byte)MessageType.ForwardReply, 0, header.Group, loop.Replica, header.From, header.Term, 0, 0);
        if (loop.Transport.TrySend(header.From, Lane.Bulk, answer, reply[..length], default))
        {
            loop.FlushNeeded = true;
        }
        else
        {
            // The origin will end these as Unknown: weaker than the truth, never wrong.
            loop.Counters.FramesDropped++;
        }
    }

    private static void TakeRefusals(EngineLoop loop, GroupRuntime group, ReadOnlySpan<byte> body)
    {
        if (body.Length < ReplyHeaderBytes || (body.Length & 7) != 0)
        {
            loop.Counters.Count(ReceiveResult.Malformed);
            return;
        }

        var code = (RefusalCode)BinaryPrimitives.ReadUInt64LittleEndian(body);
        if (!Enum.IsDefined(code) || code == RefusalCode.None)
        {
            loop.Counters.Count(ReceiveResult.Malformed);
            return;
        }

        var refusal = new Refusal(
            code,
            BinaryPrimitives.ReadUInt64LittleEndian(body[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(body[16..]));
        for (body = body[ReplyHeaderBytes..]; !body.IsEmpty; body = body[sizeof(ulong)..])
        {
            ulong correlation = BinaryPrimitives.ReadUInt64LittleEndian(body);
            if (group.Slots.Find(correlation) is { Stage: ProposalStage.Forwarded })
            {
                loop.Decide(group, correlation, Receipts.Refused(refusal), default);
            }
        }
    }
}
