using System;
using CoreEngine.Model;
using CoreEngine.Model.Certificates;

namespace CoreEngine.Protocol;

/// <summary>What is to be written to the log, in this order.</summary>
internal enum PersistKind : byte
{
    /// <summary>Term, vote and commit index.</summary>
    HardState,

    /// <summary>Entries <c>First..Last</c>, to be taken from the log suffix.</summary>
    Entries,

    /// <summary>Everything above <c>Last</c> is void.</summary>
    Truncate,

    /// <summary>The group's first configuration: the base of those in the log.</summary>
    Founding,

    /// <summary>Copies of the lost entries <c>First..Last</c>: <see cref="Raft.LogSuffix.Copies"/>.</summary>
    Copies,

    /// <summary>Nothing that was lost before is missing any more.</summary>
    Settled,

    /// <summary>The whole log is void: it goes on behind <c>Last</c>, which has <c>Term</c>.</summary>
    Snapshot,

    /// <summary>Entries up to <c>Last</c>, which has <c>Term</c>, may be gone.</summary>
    Trim,
}

/// <summary>
/// One thing to write. The core is told by <see cref="IProtocolCore.Persisted"/> with the same ticket; tickets rise
/// by one.
/// </summary>
internal readonly record struct PersistItem(
    PersistKind Kind, ulong Ticket, ulong Term, uint Vote, ulong Commit, ulong First, ulong Last);

/// <summary>The answer to a read request.</summary>
/// <param name="ReadId">The request.</param>
/// <param name="Index">Reflects everything up to here; the read waits until this is applied.</param>
/// <param name="Proof">Default when refused.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="LimboLast">Not 0: entries above <paramref name="Index"/> up to here may be committed or not; the answer
/// holds for keys that none of them touches.</param>
internal readonly record struct ReadOutcome(
    ulong ReadId, ulong Index, ReadCertificate Proof, Refusal Refusal, ulong LimboLast = 0);

/// <summary>How a change of leaders ended that was asked for here.</summary>
/// <param name="TransferId">Which.</param>
/// <param name="Leader">Who leads now, as far as is known; 0: nobody.</param>
/// <param name="Term">In this term.</param>
/// <param name="Refusal">Why the wanted change did not happen; default when it did.</param>
internal readonly record struct TransferOutcome(ulong TransferId, uint Leader, ulong Term, Refusal Refusal);

/// <summary>Asks the loop to read entries from the log that are no longer in memory, for one peer.</summary>
internal readonly record struct LoadRequest(uint Peer, ulong First, ulong Last, int BytesMax);

/// <summary>What a turn asks for, in the order in which the loop must honour it (etcd's <c>Ready</c>).</summary>
/// <remarks>
/// 1 <see cref="Persist"/> is staged in order. 2 <see cref="SendNow"/> leaves, beside our own write. 3
/// <see cref="SendAfterDurable"/>
/// leaves once its ticket is durable. 4 <see cref="CommitProof"/> lets the applier go on. 5 <see cref="Reads"/>,
/// <see cref="Loads"/>, <see cref="Transfers"/>.
/// Not thread-safe; reused every turn, grows to the high-water mark of a turn and stays there, bounded by the core's
/// windows.
/// </remarks>
internal sealed class Outputs
{
    private PersistItem[] _persist = new PersistItem[16];
    private OutboundMessage[] _now = new OutboundMessage[16];
    private OutboundMessage[] _after = new OutboundMessage[4];
    private ulong[] _afterTickets = new ulong[4];
    private ReadOutcome[] _reads = new ReadOutcome[8];
    private LoadRequest[] _loads = new LoadRequest[2];
    private TransferOutcome[] _transfers = [];
    private int _transferCount;
    private int _persistCount;
    private int _nowCount;
    private int _afterCount;
    private int _readCount;
    private int _loadCount;

    internal ReadOnlySpan<PersistItem> Persist => _persist.AsSpan(0, _persistCount);

    internal ReadOnlySpan<OutboundMessage> SendNow => _now.AsSpan(0, _nowCount);

    internal ReadOnlySpan<OutboundMessage> SendAfterDurable => _after.AsSpan(0, _afterCount);

    /// <summary>The ticket that releases the message at the same place of <see cref="SendAfterDurable"/>.</summary>
    internal ReadOnlySpan<ulong> SendAfterDurableTickets => _afterTickets.AsSpan(0, _afterCount);

    /// <summary>The newest commit proof of the turn; default when C did not move.</summary>
    internal CommitCertificate CommitProof { get; private set; }

    internal ReadOnlySpan<ReadOutcome> Reads => _reads.AsSpan(0, _readCount);

    internal ReadOnlySpan<LoadRequest> Loads => _loads.AsSpan(0, _loadCount);

    /// <summary>Nothing is asked for.</summary>
    internal bool IsEmpty =>
        _persistCount + _nowCount + _afterCount + _readCount + _loadCount + _transferCount == 0
        && !CommitProof.IsValid;

    internal ReadOnlySpan<TransferOutcome> Transfers => _transfers.AsSpan(0, _transferCount);

    internal void Write(in PersistItem item)
    {
        Grow(ref _persist, _persistCount);
        _persist[_persistCount++] = item;
    }

    /// <summary>
    /// Lets the last item reach further, when it names the entries just before: one write per contiguous append per
    /// turn.
    /// </summary>
    /// <returns>True when the entries <paramref name="first"/> to <paramref name="last"/> are covered by the last
    /// item's ticket.</returns>
    internal bool TryExtendEntries(ulong first, ulong last)
    {
        if (_persistCount == 0)
        {
            return false;
        }

        ref PersistItem item = ref _persist[_persistCount - 1];
        if (item.Kind != PersistKind.Entries || item.Last + 1 != first)
        {
            return false;
        }

        item = item with { Last = last };
        return true;
    }

    /// <summary>
    /// Cuts what this turn wanted to write down to <paramref name="index"/>. Must be called before the suffix is
    /// truncated: the loop takes the
    /// entries from there at the end of the turn, when other entries may stand at these indexes. Tickets stay as they
    /// are.
    /// </summary>
    internal void VoidEntries(ulong index)
    {
        for (int i = 0; i < _persistCount; i++)
        {
            ref PersistItem item = ref _persist[i];
            if (item.Kind == PersistKind.Entries && item.Last > index)
            {
                item = item.First > index
                    ? item with { Kind = PersistKind.Truncate, First = 0, Last = index }
                    : item with { Last = index };
            }
        }
    }

    /// <summary>
    /// Nothing that this turn wanted to write of the log is written: a snapshot replaces it. Tickets stay as they are.
    /// </summary>
    internal void VoidLog()
    {
        for (int i = 0; i < _persistCount; i++)
        {
            ref PersistItem item = ref _persist[i];
            if (item.Kind is PersistKind.Entries or PersistKind.Truncate)
            {
                item = item with { Kind = PersistKind.Entries, First = 1, Last = 0 };
            }
        }
    }

    /// <summary>Adds a message that may leave at once and returns its place, to be filled in.</summary>
    internal ref OutboundMessage Send()
    {
        Grow(ref _now, _nowCount);
        ref OutboundMessage message = ref _now[_nowCount++];
        message = default;
        return ref message;
    }

    /// <summary>
    /// Adds a message that must wait until <paramref name="ticket"/> is durable and returns its place, to be filled
    /// in.
    /// </summary>
    internal ref OutboundMessage SendAfter(ulong ticket)
    {
        Grow(ref _after, _afterCount);
        Grow(ref _afterTickets, _afterCount);
        _afterTickets[_afterCount] = ticket;
        ref OutboundMessage message = ref _after[_afterCount++];
        message = default;
        return ref message;
    }

    internal void Committed(in CommitCertificate proof)
    {
        Invariant.Holds(proof.IsValid);
        CommitProof = proof;
    }

    internal void AnswerRead(in ReadOutcome outcome)
    {
        Grow(ref _reads, _readCount);
        _reads[_readCount++] = outcome;
    }

    internal void AnswerTransfer(in TransferOutcome outcome)
    {
        if (_transfers.Length == 0)
        {
            _transfers = new TransferOutcome[1];
        }

        Grow(ref _transfers, _transferCount);
        _transfers[_transferCount++] = outcome;
    }

    internal void Load(in LoadRequest request)
    {
        Grow(ref _loads, _loadCount);
        _loads[_loadCount++] = request;
    }

    /// <summary>
    /// Drops messages of this turn that name entries of the suffix. A replica that stops leading must call it before
    /// it truncates:
    /// the names would mean other entries by the time the loop gathers them.
    /// </summary>
    internal void CancelEntries()
    {
        int kept = 0;
        for (int i = 0; i < _nowCount; i++)
        {
            if (_now[i].Source == EntrySource.None)
            {
                _now[kept++] = _now[i];
            }
        }

        _nowCount = kept;
    }

    internal void Clear()
    {
        _persistCount = 0;
        _nowCount = 0;
        _afterCount = 0;
        _readCount = 0;
        _loadCount = 0;
        _transferCount = 0;
        CommitProof = default;
    }

    private static void Grow<T>(ref T[] items, int count)
    {
        if (count == items.Length)
        {
            Array.Resize(ref items, items.Length * 2);
        }
    }
}
