using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Protocol.Tests.Harness;

/// <summary>A replica's medium: what was staged, in order, and how much of it is durable. A crash forgets the
/// rest.</summary>
internal sealed class Disk
{
    private readonly List<Write> _staged = [];

    /// <summary>Durable entries, from index 1.</summary>
    internal List<byte[]> Records { get; private set; } = [];

    /// <summary>Durable and staged entries: what a reader of the log sees.</summary>
    internal List<byte[]> Visible { get; private set; } = [];

    internal ulong Term { get; private set; }

    internal uint Vote { get; private set; }

    internal ulong Commit { get; private set; }

    internal ulong LastStaged { get; private set; }

    /// <summary>The first configuration, once founded.</summary>
    internal Configuration? First { get; private set; }

    internal bool HasStaged => _staged.Count > 0;

    internal ulong NextStaged => _staged[0].Item.Ticket;

    internal void Stage(in PersistItem item, LogSuffix log)
    {
        List<byte[]> records = [];
        if (item.Kind == PersistKind.Entries)
        {
            for (ulong i = item.First; i <= item.Last; i++)
            {
                records.Add(log.Record(i).ToArray());
            }
        }

        Invariant.Holds(item.Ticket > LastStaged);
        Configuration? first = item.Kind == PersistKind.Founding ? log.Configurations.Base : null;
        var write = new Write(item, records, first);
        _staged.Add(write);
        Put(Visible, write);
        LastStaged = item.Ticket;
    }

    /// <summary>Makes everything up to a ticket durable.</summary>
    internal void Complete(ulong ticket)
    {
        while (_staged.Count > 0 && _staged[0].Item.Ticket <= ticket)
        {
            Write write = _staged[0];
            _staged.RemoveAt(0);
            Put(Records, write);
            First = write.First ?? First;
            if (write.Item.Kind == PersistKind.HardState)
            {
                (Term, Vote, Commit) = (write.Item.Term, write.Item.Vote, write.Item.Commit);
            }
        }
    }

    internal void Crash()
    {
        _staged.Clear();
        Visible = [.. Records];
        LastStaged = 0;
    }

    internal ulong TermAt(ulong index) =>
        index >= 1 && index <= (ulong)Records.Count ? RecordHeader.Read(Records[(int)index - 1]).Term : 0;

    internal LogSuffix Recover(uint group, int capacityBytes, int chunkBytes)
    {
        var log = new LogSuffix(group, capacityBytes, chunkBytes);
        foreach (byte[] record in Records)
        {
            Invariant.Holds(RecordHeader.TryRead(record, out RecordHeader header, out ReadOnlySpan<byte> whole));
            Invariant.Holds(log.AppendRecord(header, whole));
            log.ReleaseThrough(header.Index);
        }

        return log;
    }

    /// <summary>Plants a log before the first start.</summary>
    internal void Plant(ulong term, uint vote, IEnumerable<byte[]> records)
    {
        (Term, Vote) = (term, vote);
        Records = [.. records];
        Visible = [.. Records];
    }

    private static void Put(List<byte[]> records, Write write)
    {
        if (write.Item.Kind == PersistKind.Truncate)
        {
            records.RemoveRange((int)write.Item.Last, Math.Max(0, records.Count - (int)write.Item.Last));
        }

        if (write.Item.Kind == PersistKind.Entries)
        {
            Invariant.Holds((ulong)records.Count == write.Item.First - 1);
            records.AddRange(write.Records);
        }
    }

    private sealed record Write(PersistItem Item, List<byte[]> Records, Configuration? First);
}
