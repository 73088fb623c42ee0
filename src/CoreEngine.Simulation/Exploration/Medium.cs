using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Simulation.Exploration;

/// <summary>A replica's medium: what is durable, and the writes on their way to it, which complete in order or are
/// lost.</summary>
internal sealed class Medium
{
    private const int LogBytes = 64 * 1024;

    private readonly List<byte[]> _records = [];
    private readonly List<PendingWrite> _pending = [];

    internal ulong Term { get; private set; }

    internal uint Vote { get; private set; }

    internal ulong Commit { get; private set; }

    /// <summary>Durable entries, from index 1.</summary>
    internal IReadOnlyList<byte[]> Records => _records;

    /// <summary>Not durable yet, oldest first.</summary>
    internal IReadOnlyList<PendingWrite> Pending => _pending;

    /// <summary>Takes a write in; its entries are copied, for the log may change before it completes.</summary>
    internal void Stage(in PersistItem item, LogSuffix log)
    {
        var records = new List<byte[]>();
        if (item.Kind == PersistKind.Entries)
        {
            for (ulong i = item.First; i <= item.Last; i++)
            {
                records.Add(log.Record(i).ToArray());
            }
        }

        _pending.Add(new PendingWrite(item, records));
    }

    /// <summary>The oldest write completes.</summary>
    /// <returns>Its ticket.</returns>
    internal ulong Complete()
    {
        PendingWrite write = _pending[0];
        _pending.RemoveAt(0);
        PersistItem item = write.Item;
        switch (item.Kind)
        {
            case PersistKind.HardState:
                (Term, Vote, Commit) = (item.Term, item.Vote, item.Commit);
                break;
            case PersistKind.Truncate:
                _records.RemoveRange((int)item.Last, int.Max(0, _records.Count - (int)item.Last));
                break;
            default:
                Invariant.Holds((ulong)_records.Count == item.First - 1);
                _records.AddRange(write.Records);
                break;
        }

        return item.Ticket;
    }

    /// <summary>What is left after a crash.</summary>
    /// <param name="forgetsVote">Plants a fault: see <see cref="ExplorerBounds.ForgetsVotes"/>.</param>
    internal Medium AfterCrash(bool forgetsVote = false)
    {
        var medium = new Medium { Term = Term, Vote = forgetsVote ? 0 : Vote, Commit = Commit };
        medium._records.AddRange(_records);
        return medium;
    }

    /// <summary>What a core starts from.</summary>
    internal RaftRecovery Recover(uint group)
    {
        var log = new LogSuffix(group, LogBytes, LogBytes);
        foreach (byte[] record in _records)
        {
            Invariant.Holds(RecordHeader.TryRead(record, out RecordHeader header, out ReadOnlySpan<byte> whole));
            Invariant.Holds(log.AppendRecord(header, whole));
            log.ReleaseThrough(header.Index);
        }

        return new RaftRecovery(Term, Vote, Commit, log);
    }
}

/// <summary>A write on its way to the medium.</summary>
/// <param name="Item">What was asked.</param>
/// <param name="Records">The entries, when it writes some.</param>
internal sealed record PendingWrite(PersistItem Item, List<byte[]> Records);
