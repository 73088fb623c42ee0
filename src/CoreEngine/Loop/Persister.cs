using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Wire;
using CoreEngine.Recovery;

namespace CoreEngine.Loop;

/// <summary>Stages what cores ask to persist, and tells them what has become durable.</summary>
internal static class Persister
{
    private const int HardStateBodyBytes = 16;

    /// <summary>Moves the turn's items to the backlog.</summary>
    internal static void Collect(GroupRuntime group)
    {
        foreach (ref readonly PersistItem item in group.Outputs.Persist)
        {
            group.Backlog.Add(item);
        }
    }

    /// <summary>Stages as much of the groups' backlogs as the log takes: in rounds, one piece of entries of each, and
    /// another group first in every turn. Returns true when something was staged.</summary>
    internal static bool StageAll(EngineLoop loop, List<GroupRuntime> groups)
    {
        bool any = false;
        bool again = groups.Count > 0;
        int first = groups.Count == 0 ? 0 : (int)(loop.Counters.Turns % groups.Count);
        while (again)
        {
            again = false;
            for (int i = 0; i < groups.Count; i++)
            {
                GroupRuntime group = groups[i + first < groups.Count ? i + first : i + first - groups.Count];
                if (group.Fault is null && !group.Backlog.IsEmpty && Stage(loop, group))
                {
                    any = true;
                    again |= !group.Backlog.IsEmpty;
                }
            }
        }

        return any;
    }

    /// <summary>Stages one round of a group's backlog.</summary>
    private static bool Stage(EngineLoop loop, GroupRuntime group)
    {
        bool any = false;
        while (!group.Backlog.IsEmpty)
        {
            ref PersistItem item = ref group.Backlog.Next;
            ulong next = item.First;
            bool staged = item.Kind switch
            {
                PersistKind.Entries => StageEntries(loop, group, ref item),
                PersistKind.HardState => StageHardState(loop, group, item),
                PersistKind.Copies => loop.Log.TryAppend(group.Suffix.Copies),
                PersistKind.Settled => LostState.TryStageSettled(loop.Log, group.Number),
                PersistKind.Founding => StageFounding(loop, group),
                PersistKind.Truncate => StageMark(loop, group, item, RecordType.Truncate),
                PersistKind.Snapshot => StageMark(loop, group, item, RecordType.Snapshot),
                PersistKind.Trim => StageTrim(loop, group, item),
                _ => throw new InvariantException($"no such persist item: {item.Kind}"),
            };
            if (!staged)
            {
                return any || item.First != next;
            }

            any = true;
            group.Backlog.Fence(item.Ticket, loop.Log.StagedEnd, group.SubmissionsSeen == loop.Submissions);
            group.SubmissionsSeen = loop.Submissions;
            group.Backlog.Pop();
        }

        return any;
    }

    /// <summary>Tells the core what has become durable, and lets go the messages that waited for it.</summary>
    internal static bool Release(EngineLoop loop, GroupRuntime group)
    {
        if (!group.Backlog.TryRelease(loop.Log.DurableEnd, out ulong ticket))
        {
            return false;
        }

        group.Core.Persisted(ticket, group.Outputs);
        while (group.Held.TryRelease(ticket, out OutboundMessage message))
        {
            Egress.Send(loop, group, message);
        }

        return true;
    }

    /// <summary>Writes a hard-state record: <c>u32 vote | u32 zero | u64 commit</c>, its term in the header.</summary>
    internal static int WriteHardState(Span<byte> target, uint group, ulong term, uint vote, ulong commit)
    {
        Span<byte> record = target[..RecordHeader.SizeOf(HardStateBodyBytes)];
        Span<byte> body = record[RecordHeader.Bytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(body, vote);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(body[8..], commit);
        RecordHeader.Seal(record, HardStateBodyBytes, RecordType.HardState, 0, group, commit, term);
        return record.Length;
    }

    /// <summary>Reads what <see cref="WriteHardState"/> wrote.</summary>
    internal static bool TryReadHardState(ReadOnlySpan<byte> record, out uint vote, out ulong commit)
    {
        vote = 0;
        commit = 0;
        if (record.Length < RecordHeader.Bytes + HardStateBodyBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> body = record[RecordHeader.Bytes..];
        vote = BinaryPrimitives.ReadUInt32LittleEndian(body);
        commit = BinaryPrimitives.ReadUInt64LittleEndian(body[8..]);
        return true;
    }

    private static bool StageEntries(EngineLoop loop, GroupRuntime group, ref PersistItem item)
    {
        if (item.First <= item.Last)
        {
            // Half a batch and one term at a time: such a piece always fits into an empty batch and its run list.
            ulong last = group.Suffix.LastAtMost(item.Last, group.Suffix.TermAt(item.First));
            if (!group.Suffix.TryRange(item.First, last, int.MaxValue, loop.StageBytesMax, out SuffixRange range))
            {
                throw new InvariantException($"entry {item.First} left memory before it was staged");
            }

            if (!loop.Log.TryAppend(group.Suffix.Bytes(range)))
            {
                return false;
            }

            item = item with { First = item.First + (ulong)range.Count };
            group.Suffix.ReleaseThrough(item.First - 1);
        }

        return item.First > item.Last;
    }

    private static bool StageHardState(EngineLoop loop, GroupRuntime group, in PersistItem item)
    {
        Span<byte> record = stackalloc byte[64];
        int length = WriteHardState(record, group.Number, item.Term, item.Vote, item.Commit);
        return loop.Log.TryAppend(record[..length]);
    }

    private static bool StageFounding(EngineLoop loop, GroupRuntime group)
    {
        byte[] body = ConfigurationBody.ToBytes(group.Suffix.Configurations.Base);
        byte[] record = new byte[RecordHeader.SizeOf(body.Length)];
        body.CopyTo(record, RecordHeader.Bytes);
        RecordHeader.Seal(record, body.Length, RecordType.Founding, 0, group.Number, 0, 0);
        return loop.Log.TryAppend(record);
    }

    private static bool StageTrim(EngineLoop loop, GroupRuntime group, in PersistItem item)
    {
        bool staged = StageMark(loop, group, item, RecordType.Trim);
        if (staged)
        {
            loop.Log.NoteTrim();
        }

        return staged;
    }

    /// <summary>A record that is all header: a place on the group's line.</summary>
    private static bool StageMark(EngineLoop loop, GroupRuntime group, in PersistItem item, RecordType type)
    {
        Span<byte> record = stackalloc byte[RecordHeader.Bytes];
        RecordHeader.Seal(record, 0, type, 0, group.Number, item.Last, item.Term);
        return loop.Log.TryAppend(record);
    }
}
