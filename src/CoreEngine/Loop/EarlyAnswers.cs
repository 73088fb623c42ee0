using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;

namespace CoreEngine.Loop;

/// <summary>
/// Answers proposals that asked for less than a quorum: when the leader holds them in memory, or when its own medium
/// does. They are Acknowledged, never Committed; the commit rule knows nothing of it.
/// </summary>
/// <remarks>
/// A follower that had handed a proposal on hears of it in a ForwardAnswer: <c>u32 level | u32 zero |
/// (u64 correlation | u64 index | u64 term) ...</c>; the frame's correlation is the life of the
/// replica that asked. What is overwritten before the medium has it is not answered here.
/// </remarks>
internal sealed class EarlyAnswers
{
    private const int HeaderBytes = 8;
    private const int AnswerBytes = 24;

    /// <summary>What waits for this leader's medium, in the order of the log; bounded by its uncommitted
    /// entries.</summary>
    private readonly Queue<Waiting> _waiting = new();

    /// <summary>A leader has appended an entry.</summary>
    /// <param name="origin">Of the proposal: replica 0 is this one.</param>
    internal void Note(
        EngineLoop loop, GroupRuntime group, Durability level, in EntryOrigin origin, ulong index, ulong term)
    {
        if (level == Durability.QuorumDurable)
        {
            return;
        }

        var waiting = new Waiting(origin, index, term);
        if (level == Durability.Memory)
        {
            Answer(loop, group, waiting, level);
        }
        else
        {
            _waiting.Enqueue(waiting);
        }
    }

    /// <summary>The medium may have moved.</summary>
    internal void Release(EngineLoop loop, GroupRuntime group)
    {
        while (_waiting.TryPeek(out Waiting waiting))
        {
            bool isGone = waiting.Index > group.Suffix.LastIndex
                || waiting.Index < group.Suffix.BaseIndex
                || group.Suffix.TermAt(waiting.Index) != waiting.Term;
            if (!isGone && waiting.Index > group.Frontiers.Durable)
            {
                return;
            }

            _ = _waiting.Dequeue();
            if (!isGone)
            {
                Answer(loop, group, waiting, Durability.LocalDurable);
            }
        }
    }

    /// <summary>The leader's word for proposals that were handed on to it.</summary>
    internal static void Take(EngineLoop loop, GroupRuntime group, in FrameHeader header, ReadOnlySpan<byte> body)
    {
        bool isSound = body.Length > HeaderBytes
            && (body.Length - HeaderBytes) % AnswerBytes == 0
            && BinaryPrimitives.ReadUInt32LittleEndian(body) < (uint)Durability.QuorumDurable
            && BinaryPrimitives.ReadUInt32LittleEndian(body[4..]) == 0;
        if (!isSound || header.Correlation != loop.Life)
        {
            loop.Counters.Count(isSound ? ReceiveResult.Stale : ReceiveResult.Malformed);
            return;
        }

        var level = (Durability)BinaryPrimitives.ReadUInt32LittleEndian(body);
        for (body = body[HeaderBytes..]; !body.IsEmpty; body = body[AnswerBytes..])
        {
            ulong correlation = BinaryPrimitives.ReadUInt64LittleEndian(body);
            ulong index = BinaryPrimitives.ReadUInt64LittleEndian(body[8..]);
            ulong term = BinaryPrimitives.ReadUInt64LittleEndian(body[16..]);
            if (group.Slots.Find(correlation) is { Stage: ProposalStage.Forwarded })
            {
                loop.Decide(group, correlation, Receipts.Acknowledged(group, level, index, term), default);
            }
        }
    }

    private static void Answer(EngineLoop loop, GroupRuntime group, in Waiting waiting, Durability level)
    {
        EntryOrigin origin = waiting.Origin;
        if (origin.Replica == 0 || origin.Replica == loop.Replica)
        {
            Receipt receipt = Receipts.Acknowledged(group, level, waiting.Index, waiting.Term);
            loop.Decide(group, origin.Correlation, receipt, default);
            return;
        }

        Span<byte> body = stackalloc byte[HeaderBytes + AnswerBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(body, (uint)level);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], origin.Correlation);
        BinaryPrimitives.WriteUInt64LittleEndian(body[16..], waiting.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(body[24..], waiting.Term);
        var header = new FrameHeader(
            (byte)MessageType.ForwardAnswer,
            0,
            group.Number,
            loop.Replica,
            origin.Replica,
            waiting.Term,
            0,
            origin.Life);
        if (loop.Transport.TrySend(origin.Replica, Lane.Bulk, header, body, default))
        {
            loop.FlushNeeded = true;
        }
        else
        {
            // It will hear of the commit, later: weaker than the truth, never wrong.
            loop.Counters.FramesDropped++;
        }
    }

    private readonly record struct Waiting(EntryOrigin Origin, ulong Index, ulong Term);
}
