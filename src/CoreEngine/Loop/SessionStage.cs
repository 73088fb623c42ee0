using System;
using System.Buffers;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Loop;

/// <summary>What the session table made of an applied entry.</summary>
internal readonly record struct SessionAnswer(
    SessionEntry Entry, SessionDecision Decision, bool IsReplyEvicted = false);

/// <summary>
/// Stands between the log and the machine: the machine sees each sequence and each key once, and what comes again is
/// answered from the table.
/// </summary>
/// <remarks>
/// A batch without sessions costs a look at each entry's flags. With them it is cut into runs: all of a run is judged,
/// the machine takes it in, its fresh entries are answered; a control that follows unanswered entries begins a run.
/// Used by whoever applies, shard or worker, one at a time.
/// </remarks>
internal sealed class SessionStage
{
    private const int ControlReplyBytes = 8;

    private ReplyBuffer? _kept;
    private SessionTable? _table;
    private SessionAnswer[] _answers = [];
    private int _count;

    /// <summary>The replicated table. Another one may be put in its place only while nobody applies.</summary>
    internal SessionTable Table
    {
        get => _table ??= new SessionTable();
        set => _table = value;
    }

    /// <summary>The table as a snapshot carries it; empty while the group has never had a session.</summary>
    internal ReadOnlyMemory<byte> Capture()
    {
        if (_table is null)
        {
            return default;
        }

        var section = new ArrayBufferWriter<byte>();
        SessionTableCodec.Write(_table, section);
        return section.WrittenMemory;
    }

    /// <summary>Replaces the table by what a snapshot carries.</summary>
    /// <returns>False when the bytes make no sense.</returns>
    internal bool TryRestore(ReadOnlySpan<byte> section)
    {
        if (section.IsEmpty)
        {
            _table = null;
            return true;
        }

        bool isSound = SessionTableCodec.TryRead(section, out SessionTable table, out _);
        _table = isSound ? table : _table;
        return isSound;
    }

    /// <summary>Sessions that are open. A group without any keeps no table.</summary>
    internal int Open => _table?.Count ?? 0;

    /// <summary>The table's digest, equal on all replicas at equal index.</summary>
    internal ulong Digest => _table?.Digest ?? EmptyDigest;

    private static ulong EmptyDigest { get; } = new SessionTable().Digest;

    /// <summary>Gives a batch to the machine, without what it has seen before.</summary>
    /// <param name="replies">Cleared; takes the machine's replies.</param>
    /// <param name="wanted">Somebody at this replica waits for replies.</param>
    internal void Apply(
        IStateMachine machine,
        ReadOnlySpan<byte> records,
        BatchProgress progress,
        ReplyBuffer replies,
        bool wanted)
    {
        _count = 0;
        _kept?.Clear();
        progress.Stage = this;
        while (!records.IsEmpty)
        {
            int from = _count;
            int length = Judge(records, out int entries, out bool isAnswered);
            var writer = new ReplyWriter(wanted || isAnswered ? replies : null);
            ulong first = RecordHeader.Read(records).Index;
            machine.Apply(new CommittedBatch(records[..length], first, entries, progress), ref writer);
            if (_count > from)
            {
                Answer(from, replies);
            }

            records = records[length..];
        }
    }

    /// <summary>The machine must not see the entry: it is a control, or was taken in before.</summary>
    internal bool Hides(EntryFlags flags, ulong index)
    {
        EntryFlags kind = flags & EntryFlags.Key;
        return kind == EntryFlags.SessionControl
            || (kind != EntryFlags.None && Find(index) is int place and >= 0
                && _answers[place].Decision.Verdict != SessionVerdict.Fresh);
    }

    /// <summary>What became of an entry of the last batch. False for one without session or key.</summary>
    internal bool TryFind(ulong index, out SessionAnswer answer)
    {
        int place = Find(index);
        answer = place < 0 ? default : _answers[place];
        return place >= 0;
    }

    /// <summary>The reply that the table gave for an entry of the last batch.</summary>
    internal ReadOnlySpan<byte> ReplyOf(ulong index) => _kept is null ? default : _kept.Take(index);

    /// <summary>Judges entries up to the next control that must wait for the machine.</summary>
    /// <returns>Bytes judged.</returns>
    private int Judge(ReadOnlySpan<byte> records, out int entries, out bool isAnswered)
    {
        entries = 0;
        isAnswered = false;
        int length = 0;
        while (length < records.Length)
        {
            RecordHeader header = RecordHeader.Read(records[length..]);
            int size = RecordHeader.SizeOf(header.BodyLength);
            EntryFlags kind = (EntryFlags)header.Flags & EntryFlags.Key;
            if (kind == EntryFlags.SessionControl && isAnswered)
            {
                break;
            }

            if (kind != EntryFlags.None)
            {
                isAnswered |= Judge(header, records.Slice(length, size)) == SessionVerdict.Fresh;
            }

            entries++;
            length += size;
        }

        return length;
    }

    private SessionVerdict Judge(in RecordHeader header, ReadOnlySpan<byte> record)
    {
        bool read = EntryCodec.TryRead(header, record, out Entry entry);
        Invariant.Holds(read);
        var seen = new SessionEntry(
            header.Index, header.Term, entry.Stamp, entry.Identity, Crc32C.Compute(entry.Payload));
        SessionDecision decision = Table.Take(seen);
        if (_count == _answers.Length)
        {
            Array.Resize(ref _answers, int.Max(64, _count * 2));
        }

        _answers[_count++] = new SessionAnswer(seen, decision);
        return decision.Verdict;
    }

    /// <summary>First the fresh ones, then the repeats: one may repeat an entry of the same run.</summary>
    private void Answer(int from, ReplyBuffer replies)
    {
        for (int i = from; i < _count; i++)
        {
            if (_answers[i].Decision.Verdict == SessionVerdict.Fresh)
            {
                Table.Answer(_answers[i].Entry, replies.Take(_answers[i].Entry.Index));
            }
        }

        for (int i = from; i < _count; i++)
        {
            Keep(ref _answers[i]);
        }
    }

    private void Keep(ref SessionAnswer answer)
    {
        _kept ??= new ReplyBuffer();
        ulong index = answer.Entry.Index;
        if (answer.Decision.Verdict == SessionVerdict.Done)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(
                _kept.Reserve(index, ControlReplyBytes), answer.Decision.Highest);
        }
        else if (answer.Decision.Verdict == SessionVerdict.Repeat)
        {
            EntryIdentity asked = answer.Entry.Identity;
            EntryIdentity identity = asked.Kind == EntryFlags.SessionControl
                ? EntryIdentity.OfSession(asked.Session, asked.Second)
                : asked;
            bool held = Table.TryFindReply(identity, out ReplyRing ring, out ulong position, out int length);
            answer = answer with { IsReplyEvicted = !held };
            if (held)
            {
                ring.CopyTo(position, _kept.Reserve(index, length));
            }
        }
    }

    private int Find(ulong index)
    {
        int low = 0;
        int high = _count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            ulong at = _answers[middle].Entry.Index;
            if (at == index)
            {
                return middle;
            }

            low = at < index ? middle + 1 : low;
            high = at < index ? high : middle - 1;
        }

        return -1;
    }
}
