using System;
using System.Collections.Generic;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Recovery;

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

    /// <summary>What comes up to here was given up; its term.</summary>
    internal ulong BaseIndex { get; private set; }

    internal ulong BaseTerm { get; private set; }

    /// <summary>Last durable entry.</summary>
    internal ulong LastIndex => BaseIndex + (ulong)_records.Count;

    /// <summary>The newest durable snapshot; null before the first.</summary>
    internal SnapshotImage? Snapshot { get; private set; }

    /// <summary>Durable entries, from the base on.</summary>
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
                Invariant.Holds(item.Last >= BaseIndex);
                int kept = (int)(item.Last - BaseIndex);
                _records.RemoveRange(kept, int.Max(0, _records.Count - kept));
                break;
            case PersistKind.Snapshot:
                _records.Clear();
                (BaseIndex, BaseTerm) = (item.Last, item.Term);
                break;
            case PersistKind.Trim:
                TrimTo(item.Last, item.Term);
                break;
            default:
                Invariant.Holds(item.Kind == PersistKind.Entries);
                Invariant.Holds(write.Records.Count == 0 || LastIndex == item.First - 1);
                _records.AddRange(write.Records);
                break;
        }

        return item.Ticket;
    }

    /// <summary>What is left after a crash.</summary>
    /// <param name="forgetsVote">Plants a fault: see <see cref="ExplorerBounds.ForgetsVotes"/>.</param>
    internal Medium AfterCrash(bool forgetsVote = false)
    {
        var medium = new Medium
        {
            Term = Term,
            Vote = forgetsVote ? 0 : Vote,
            Commit = Commit,
            BaseIndex = BaseIndex,
            BaseTerm = BaseTerm,
            Snapshot = Snapshot,
        };
        medium._records.AddRange(_records);
        return medium;
    }

    /// <summary>A snapshot has its name.</summary>
    internal void Publish(SnapshotImage image) => Snapshot = image;

    /// <summary>The entries up to an index that was given up.</summary>
    internal ReadOnlySpan<LogItem> Trimmed(ulong index)
    {
        Invariant.Holds(index <= (Snapshot?.Index ?? 0));
        return Snapshot is null ? default : Snapshot.Items.AsSpan(0, (int)index);
    }

    /// <summary>What a core starts from: the engine's own recovery joins log and snapshot.</summary>
    internal RaftRecovery Recover(uint group)
    {
        var found = new RecoveredGroup(group, LogBytes, LogBytes) { Snapshot = Snapshot?.ToFile() };
        if (BaseIndex > 0)
        {
            found.NoteTrim(BaseIndex, BaseTerm);
        }

        foreach (byte[] record in _records)
        {
            Invariant.Holds(RecordHeader.TryRead(record, out RecordHeader header, out ReadOnlySpan<byte> whole));
            Invariant.Holds(found.Suffix.AppendRecord(header, whole));
            found.Suffix.ReleaseThrough(header.Index);
        }

        GroupRecovery.SetHardState(found, Term, Vote, Commit);
        SnapshotJoin.Join(found);
        Invariant.Holds(found.Complaint is null);
        if (found.IsBehindSnapshot)
        {
            // The group's opening marks the place before anything else is written.
            _records.Clear();
            (BaseIndex, BaseTerm) = (found.Suffix.BaseIndex, found.Suffix.TermAt(found.Suffix.BaseIndex));
        }

        TrimTo(found.Suffix.BaseIndex, found.Suffix.TermAt(found.Suffix.BaseIndex));
        (Term, Vote) = (found.Term, found.Vote);
        return new RaftRecovery(found.Term, found.Vote, found.Commit, found.Suffix) { Base = found.Base };
    }

    private void TrimTo(ulong index, ulong term)
    {
        if (index > BaseIndex)
        {
            Invariant.Holds(index <= LastIndex);
            _records.RemoveRange(0, (int)(index - BaseIndex));
            (BaseIndex, BaseTerm) = (index, term);
        }
    }
}

/// <summary>A write on its way to the medium.</summary>
/// <param name="Item">What was asked.</param>
/// <param name="Records">The entries, when it writes some.</param>
internal sealed record PendingWrite(PersistItem Item, List<byte[]> Records);
