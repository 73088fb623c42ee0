using System;
using CoreEngine.Loop;
using CoreEngine.Model;
using CoreEngine.Protocol.Wire;

namespace CoreEngine;

/// <summary>Committed entries in order, read in place from the log's memory.</summary>
public readonly ref struct CommittedBatch
{
    private readonly ReadOnlySpan<byte> _records;
    private readonly BatchProgress _progress;

    /// <summary>Wraps whole records.</summary>
    internal CommittedBatch(ReadOnlySpan<byte> records, ulong first, int count, BatchProgress progress)
    {
        _records = records;
        _progress = progress;
        First = first;
        Count = count;
    }

    /// <summary>Index of the first entry. Anchors of new leaders take an index but are not shown.</summary>
    public ulong First { get; }

    /// <summary>Entries covered, anchors included.</summary>
    public int Count { get; }

    /// <summary>Walks the host's entries.</summary>
    public Enumerator GetEnumerator() => new(_records, _progress);

    /// <summary>Reads entries one by one without copying.</summary>
    public ref struct Enumerator
    {
        private readonly BatchProgress _progress;
        private ReadOnlySpan<byte> _rest;

        internal Enumerator(ReadOnlySpan<byte> records, BatchProgress progress)
        {
            _rest = records;
            _progress = progress;
            Current = default;
        }

        /// <summary>The entry at hand.</summary>
        public CommittedEntry Current { get; private set; }

        /// <summary>Goes to the next entry that belongs to the host.</summary>
        public bool MoveNext()
        {
            while (!_rest.IsEmpty)
            {
                RecordHeader header = RecordHeader.Read(_rest);
                int size = RecordHeader.SizeOf(header.BodyLength);
                bool read = EntryCodec.TryRead(header, _rest[..size], out Entry entry);
                Invariant.Holds(read);
                _rest = _rest[size..];
                if ((entry.Flags & EntryFlags.OwnMask) == 0 && !_progress.Hides(entry.Flags, header.Index))
                {
                    _progress.Index = header.Index;
                    Current = new CommittedEntry(header.Index, header.Term, entry);
                    return true;
                }
            }

            return false;
        }
    }
}

/// <summary>One committed command.</summary>
public readonly ref struct CommittedEntry
{
    internal CommittedEntry(ulong index, ulong term, scoped in Entry entry)
    {
        Index = index;
        Term = term;
        Stamp = entry.Stamp;
        Command = entry.Payload;
        Origin = entry.Origin;
    }

    /// <summary>Position on the line.</summary>
    public ulong Index { get; }

    /// <summary>The leader epoch that appended it.</summary>
    public ulong Term { get; }

    /// <summary>
    /// The leader's hybrid clock: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16. Rises with
    /// the index.
    /// </summary>
    public ulong Stamp { get; }

    /// <summary>The command's bytes, as proposed. Valid while the batch is.</summary>
    public ReadOnlySpan<byte> Command { get; }

    internal Protocol.EntryOrigin Origin { get; }
}

/// <summary>How far a machine has come in a batch: names the entry when it throws.</summary>
internal sealed class BatchProgress
{
    /// <summary>Knows what the machine has seen before; null where there are no sessions.</summary>
    internal SessionStage? Stage { get; set; }

    internal ulong Index { get; set; }

    /// <summary>The machine must not see this entry.</summary>
    internal bool Hides(EntryFlags flags, ulong index) =>
        (flags & EntryFlags.Key) != 0 && Stage is not null && Stage.Hides(flags, index);
}
