using System;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>Entries that cannot be read, and the copies that peers give of them.</summary>
internal sealed partial class LogSuffix
{
    private byte[] _copies = [];
    private int _copiesLength;

    /// <summary>Entries of the log that cannot be read; their terms are known all the same.</summary>
    internal LogHoles Holes { get; } = new();

    /// <summary>
    /// Recovery: the next entries were promised and cannot be read. Memory holds one piece: what stands behind them.
    /// </summary>
    internal void AppendLost(in Hole hole)
    {
        Invariant.Holds(hole.First == LastIndex + 1);
        while (_oldest <= _newest)
        {
            Drop(ref ChunkAt(_oldest));
            _oldest++;
        }

        for (ulong index = hole.First; index <= hole.Last; index++)
        {
            _terms.Append(hole.Term);
        }

        FirstCached = LastIndex + 1;
        _released = LastIndex;
        Holes.Add(hole);
    }

    /// <summary>Keeps copies of lost entries, with their marker before them, until they are written.</summary>
    internal void KeepCopies(ulong first, ulong last, ReadOnlySpan<byte> records)
    {
        int length = RecordHeader.Bytes + records.Length;
        if (_copies.Length < length)
        {
            _copies = new byte[length];
        }

        _copiesLength = length;
        Span<byte> marker = _copies.AsSpan(0, RecordHeader.Bytes);
        RecordHeader.Seal(marker, 0, RecordType.Repair, RepairFlags.Copies, _group, first, last);
        records.CopyTo(_copies.AsSpan(RecordHeader.Bytes));
    }

    /// <summary>The copies are on the medium: what they stand for can be read again.</summary>
    internal void FillFromCopies(ulong first, ulong last)
    {
        ReadOnlySpan<byte> rest = Copies[RecordHeader.Bytes..];
        while (RecordHeader.TryRead(rest, out RecordHeader header, out ReadOnlySpan<byte> record))
        {
            AdoptFromCopy(header, record);
            rest = rest[record.Length..];
        }

        Holes.Fill(first, last);
    }

    /// <summary>A copy may hold a configuration that was not known while it could not be read.</summary>
    internal void AdoptFromCopy(in RecordHeader header, ReadOnlySpan<byte> record)
    {
        bool mayHoldOne = (header.Flags & (ushort)EntryFlags.Configuration) != 0
            && header.Index <= LastIndex
            && header.Index >= BaseIndex
            && TermAt(header.Index) == header.Term;
        if (mayHoldOne
            && EntryCodec.TryRead(header, record, out Entry entry)
            && ConfigurationBody.TryRead(entry.Payload, header.Index, out Configuration configuration))
        {
            Configurations.Insert(configuration);
        }
    }

    /// <summary>What <see cref="KeepCopies"/> keeps: to be appended to the log in one piece.</summary>
    internal ReadOnlySpan<byte> Copies => _copies.AsSpan(0, _copiesLength);
}
