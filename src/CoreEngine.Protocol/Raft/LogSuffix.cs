using System;
using System.Buffers.Binary;
using System.Numerics;
using CoreEngine.Model;
using CoreEngine.Protocol.Membership;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Raft;

/// <summary>The end of one group's log in memory: the terms of the whole log, and the encoded records of its recent
/// entries, the same bytes that go to the disk and to the followers.</summary>
/// <remarks>
/// Records lie in chunks and never straddle one. Chunks grow from 4 KiB to the full size, so that an idle group stays
/// small, and full ones are recycled: in steady state nothing is allocated. Memory is bounded: when it is used up, the
/// oldest chunks are dropped, as far as their entries were released (the log still has them) and no message of this
/// turn names them. Not thread-safe.
/// </remarks>
internal sealed partial class LogSuffix
{
    internal const int DefaultCapacityBytes = 32 * 1024 * 1024;
    internal const int DefaultChunkBytes = 1024 * 1024;
    private const int FirstChunkBytes = 4096;
    private const int FirstPlaces = 4;
    private const int StampOffset = RecordHeader.Bytes;

    private readonly uint _group;
    private readonly long _capacityBytes;
    private long _limitBytes;
    private readonly int _chunkBytes;
    private readonly TermRuns _terms = new();

    /// <summary>By serial modulo the length; live are _oldest to _newest, none when _oldest &gt; _newest.</summary>
    private SuffixChunk[] _chunks = new SuffixChunk[1];
    private int _oldest;
    private int _newest = -1;
    private byte[][] _spares = [];
    private int _spareCount;

    /// <summary>Bytes of all chunks, live and spare. Held &lt;= capacity.</summary>
    private long _heldBytes;

    /// <summary>Where each cached entry lies, by index modulo the length, which is a power of two.</summary>
    private SuffixPlace[] _places = new SuffixPlace[FirstPlaces];
    private ulong _released;
    private ulong _pinned = ulong.MaxValue;

    /// <param name="group">The group whose records these are.</param>
    /// <param name="capacityBytes">Bound of the memory for records.</param>
    /// <param name="chunkBytes">Size of a full chunk.</param>
    internal LogSuffix(uint group, int capacityBytes = DefaultCapacityBytes, int chunkBytes = DefaultChunkBytes)
    {
        Invariant.Holds(chunkBytes >= RecordHeader.SizeOf(EntryCodec.StampBytes));
        Invariant.Holds(capacityBytes >= chunkBytes);
        _group = group;
        _capacityBytes = capacityBytes;
        _limitBytes = capacityBytes;
        _chunkBytes = chunkBytes;
    }

    /// <summary>The configurations in this log: in effect at append, gone at truncation.</summary>
    internal ConfigurationLog Configurations { get; } = new();

    /// <summary>The index just before the log's first entry. Its term is known.</summary>
    internal ulong BaseIndex => _terms.BaseIndex;

    /// <summary>Last index of the log; the base when it is empty.</summary>
    internal ulong LastIndex => _terms.LastIndex;

    /// <summary>Term of the last entry; 0 when the log is empty.</summary>
    internal ulong LastTerm => _terms.LastTerm;

    /// <summary>First entry whose record is in memory; LastIndex + 1 when none is.</summary>
    internal ulong FirstCached { get; private set; } = 1;

    /// <summary>Bytes of memory held for records, never above the capacity.</summary>
    internal long HeldBytes => _heldBytes;

    /// <summary>Bounds the memory below the capacity: what is held beyond goes with the next entries.</summary>
    internal void Limit(long bytes) => _limitBytes = long.Clamp(bytes, _chunkBytes, _capacityBytes);

    /// <summary>The term of any index of the log, cached or not, and of its base. TermAt(0) is 0.</summary>
    internal ulong TermAt(ulong index) => _terms.TermAt(index);

    /// <summary>True when an index has a term here. What was trimmed is committed, the same everywhere.</summary>
    internal bool IsAt(ulong index, ulong term) => index < BaseIndex || TermAt(index) == term;

    /// <summary>See <see cref="TermRuns.LastAtMost"/>.</summary>
    internal ulong LastAtMost(ulong index, ulong term) => _terms.LastAtMost(index, term);

    /// <summary>A new turn: what the messages of the last one named has been gathered.</summary>
    internal void BeginTurn() => _pinned = ulong.MaxValue;

    /// <summary>A message of this turn names entries from <paramref name="index"/> on: they stay in memory until the
    /// next turn.</summary>
    internal void Pin(ulong index) => _pinned = ulong.Min(_pinned, index);

    /// <summary>Encodes the next entry in its place.</summary>
    /// <returns>False when memory is full and nothing may be dropped.</returns>
    internal bool Append(
        ulong term, ulong stamp, EntryFlags flags, in EntryOrigin origin, ReadOnlySpan<byte> payload)
    {
        int size = EntryCodec.RecordSize(flags, payload.Length);
        if (!TryReserve(size, out Span<byte> target))
        {
            return false;
        }

        EntryCodec.Write(target, _group, LastIndex + 1, term, stamp, flags, origin, payload);
        Take(term, size);
        if ((flags & EntryFlags.Configuration) != 0)
        {
            AdoptConfiguration(payload);
        }

        return true;
    }

    /// <summary>Takes over a record that was checked: from a leader's message, or from the log at recovery.</summary>
    /// <param name="header">Of <paramref name="record"/>: an entry of this group with the next index.</param>
    /// <param name="record">Header, body and padding; copied. A configuration in it was checked by <see
    /// cref="ConfigurationBody.TryRead"/>.</param>
    /// <returns>False when memory is full and nothing may be dropped.</returns>
    internal bool AppendRecord(in RecordHeader header, ReadOnlySpan<byte> record)
    {
        Invariant.Holds(header.Type == RecordType.Entry);
        Invariant.Holds(header.Index == LastIndex + 1);
        Invariant.Holds(record.Length == RecordHeader.SizeOf(header.BodyLength));
        if (!TryReserve(record.Length, out Span<byte> target))
        {
            return false;
        }

        record.CopyTo(target);
        Take(header.Term, record.Length);
        if ((header.Flags & (ushort)EntryFlags.Configuration) != 0)
        {
            bool isEntry = EntryCodec.TryRead(header, record, out Entry entry);
            Invariant.Holds(isEntry);
            AdoptConfiguration(entry.Payload);
        }

        return true;
    }

    /// <summary>Recovery: the entry is on the medium and stays there; only its term is kept. Comes before any record
    /// is taken in.</summary>
    internal void AppendUncached(ulong index, ulong term)
    {
        Invariant.Holds(index == LastIndex + 1);
        Invariant.Holds(_oldest > _newest);
        _terms.Append(term);
        FirstCached = index + 1;
        _released = index;
    }

    /// <summary>Everything up to <paramref name="index"/> was staged to the log: it may be dropped from memory when
    /// room is needed.</summary>
    internal void ReleaseThrough(ulong index)
    {
        Invariant.Holds(index <= LastIndex);
        _released = ulong.Max(_released, index);
    }

    /// <summary>Nothing is under way: gives back the memory of what was released, and of spare chunks.</summary>
    internal void Rest()
    {
        while (TryDropOldest())
        {
        }

        for (; _spareCount > 0; _spareCount--)
        {
            _heldBytes -= _chunkBytes;
        }

        _spares = [];
        if (_oldest > _newest)
        {
            Invariant.Holds(_heldBytes == 0);
            _places = new SuffixPlace[FirstPlaces];
            _chunks = new SuffixChunk[1];
        }
    }

    /// <summary>Forgets everything above <paramref name="index"/>.</summary>
    internal void TruncateTo(ulong index)
    {
        Invariant.Holds(index <= LastIndex);
        if (index == LastIndex)
        {
            return;
        }

        if (index + 1 < FirstCached)
        {
            FirstCached = index + 1;
        }
        else if (index + 1 <= LastIndex)
        {
            // The first entry to go marks where its chunk ends from now on; later chunks go as a whole.
            SuffixPlace place = PlaceOf(index + 1);
            ChunkAt(place.Serial).Used = place.Offset;
        }

        while (_oldest <= _newest && ChunkAt(_newest).First > index)
        {
            Drop(ref ChunkAt(_newest));
            _newest--;
        }

        _terms.TruncateTo(index);
        Configurations.TruncateTo(index);
        Holes.TruncateTo(index);
        _released = ulong.Min(_released, index);
        Invariant.Holds(FirstCached <= LastIndex + 1);
    }

    // Once a turn's messages were gathered: up to the index, the new base, all is given up.
    internal void TrimTo(ulong index)
    {
        _terms.TrimTo(index);
        Holes.Fill(1, index);
        while (_oldest <= _newest && ChunkLast(_oldest) <= index)
        {
            Drop(ref ChunkAt(_oldest));
            _oldest++;
        }

        FirstCached = ulong.Max(FirstCached, index + 1);
        _released = ulong.Max(_released, index);
        _pinned = ulong.MaxValue;
    }

    internal void SetBaseTerm(ulong term) => _terms.SetBaseTerm(term);

    internal void Reset(ulong index, ulong term)
    {
        while (_oldest <= _newest)
        {
            Drop(ref ChunkAt(_newest));
            _newest--;
        }

        _terms.Reset(index, term);
        Holes.TruncateTo(0);
        Configurations.TruncateTo(0);
        FirstCached = index + 1;
        _released = index;
        _pinned = ulong.MaxValue;
    }

    /// <summary>The whole record of a cached entry; valid until the log changes.</summary>
    internal ReadOnlySpan<byte> Record(ulong index)
    {
        SuffixPlace place = PlaceOf(index);
        return ChunkAt(place.Serial).Bytes.AsSpan(place.Offset, EndOf(index, place.Serial) - place.Offset);
    }

    /// <summary>The stamp of a cached entry.</summary>
    internal ulong StampAt(ulong index) => BinaryPrimitives.ReadUInt64LittleEndian(Record(index)[StampOffset..]);

    /// <summary>Bytes of the cached records above <paramref name="index"/>.</summary>
    internal long BytesAfter(ulong index)
    {
        ulong next = ulong.Max(index + 1, FirstCached);
        if (next > LastIndex)
        {
            return 0;
        }

        SuffixPlace place = PlaceOf(next);
        ref SuffixChunk newest = ref ChunkAt(_newest);
        return newest.Position + newest.Used - ChunkAt(place.Serial).Position - place.Offset;
    }

    /// <summary>The longest piece from <paramref name="from"/> on that lies in one chunk, within the bounds but at
    /// least one entry.</summary>
    /// <returns>False when <paramref name="from"/> is not in memory.</returns>
    internal bool TryRange(ulong from, ulong last, int entriesMax, int bytesMax, out SuffixRange range)
    {
        Invariant.Holds(entriesMax > 0);
        range = default;
        if (from < FirstCached || from > LastIndex || from > last)
        {
            return false;
        }

        SuffixPlace place = PlaceOf(from);
        ulong high = ulong.Min(ulong.Min(last, ChunkLast(place.Serial)), from + (ulong)entriesMax - 1);
        if (EndOf(high, place.Serial) - place.Offset > bytesMax)
        {
            high = LastWithin(from, high, place, bytesMax);
        }

        int length = EndOf(high, place.Serial) - place.Offset;
        range = new SuffixRange(from, (int)(high - from) + 1, place.Serial, place.Offset, length);
        return true;
    }

    /// <summary>The bytes of a range; valid until the log changes.</summary>
    internal ReadOnlySpan<byte> Bytes(scoped in SuffixRange range) =>
        ChunkAt(range.Serial).Bytes.AsSpan(range.Offset, range.Length);

    /// <summary>The bytes of entries that an outbound message names; valid until the log changes.</summary>
    internal ReadOnlySpan<byte> Bytes(ulong first, int count)
    {
        ulong last = first + (ulong)count - 1;
        SuffixPlace place = PlaceOf(first);
        Invariant.Holds(PlaceOf(last).Serial == place.Serial);
        return ChunkAt(place.Serial).Bytes.AsSpan(place.Offset, EndOf(last, place.Serial) - place.Offset);
    }

    private void AdoptConfiguration(ReadOnlySpan<byte> payload)
    {
        bool isSound = ConfigurationBody.TryRead(payload, LastIndex, out Configuration configuration);
        Invariant.Holds(isSound);
        Configurations.Append(configuration);
    }

    private ulong LastWithin(ulong from, ulong high, SuffixPlace start, int bytesMax)
    {
        ulong low = from;
        while (low < high)
        {
            ulong middle = low + ((high - low + 1) / 2);
            if (EndOf(middle, start.Serial) - start.Offset <= bytesMax)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    private SuffixPlace PlaceOf(ulong index)
    {
        Invariant.Holds(index >= FirstCached);
        Invariant.Holds(index <= LastIndex);
        return _places[index & (ulong)(_places.Length - 1)];
    }

    private int EndOf(ulong index, int serial) =>
        index == ChunkLast(serial) ? ChunkAt(serial).Used : PlaceOf(index + 1).Offset;

    private ulong ChunkLast(int serial) => serial == _newest ? LastIndex : ChunkAt(serial + 1).First - 1;

    private ref SuffixChunk ChunkAt(int serial) => ref _chunks[serial & (_chunks.Length - 1)];

    private bool TryReserve(int size, out Span<byte> target)
    {
        target = default;
        if ((_oldest > _newest || ChunkAt(_newest).Used + size > ChunkAt(_newest).Bytes.Length) && !TryOpenChunk(size))
        {
            return false;
        }

        if (LastIndex + 1 - FirstCached == (ulong)_places.Length)
        {
            GrowPlaces();
        }

        ref SuffixChunk chunk = ref ChunkAt(_newest);
        target = chunk.Bytes.AsSpan(chunk.Used, size);
        return true;
    }

    private void Take(ulong term, int size)
    {
        ref SuffixChunk chunk = ref ChunkAt(_newest);
        _terms.Append(term);
        _places[LastIndex & (ulong)(_places.Length - 1)] = new SuffixPlace(_newest, chunk.Used);
        chunk.Used += size;
    }

    private bool TryOpenChunk(int size)
    {
        if (!TryTakeBuffer(size, out byte[] bytes))
        {
            return false;
        }

        bool any = _oldest <= _newest;
        long position = any ? ChunkAt(_newest).Position + ChunkAt(_newest).Used : 0;
        if (_newest + 1 - _oldest == _chunks.Length)
        {
            GrowChunks();
        }

        _newest++;
        ChunkAt(_newest) = new SuffixChunk { Bytes = bytes, First = LastIndex + 1, Position = position };
        return true;
    }

    private bool TryTakeBuffer(int size, out byte[] bytes)
    {
        int wanted = SizeOfNextChunk(size);
        while (true)
        {
            if (_spareCount > 0 && size <= _chunkBytes && _heldBytes <= _limitBytes)
            {
                bytes = _spares[--_spareCount];
                return true;
            }

            if (_heldBytes + wanted <= _limitBytes)
            {
                _heldBytes += wanted;
                bytes = new byte[wanted];
                return true;
            }

            if (_spareCount > 0)
            {
                _spares[--_spareCount] = [];
                _heldBytes -= _chunkBytes;
            }
            else if (!TryDropOldest())
            {
                bytes = [];
                return false;
            }
        }
    }

    /// <summary>Twice the last chunk, so that a small group stays small and a busy one soon has full chunks.</summary>
    private int SizeOfNextChunk(int size)
    {
        if (size > _chunkBytes)
        {
            return size;
        }

        long grown = _oldest <= _newest ? ChunkAt(_newest).Bytes.Length * 2L : FirstChunkBytes;
        return (int)long.Min(long.Max(grown, BitOperations.RoundUpToPowerOf2((uint)size)), _chunkBytes);
    }

    private bool TryDropOldest()
    {
        if (_oldest > _newest)
        {
            return false;
        }

        ulong last = ChunkLast(_oldest);
        if (last > _released || last >= _pinned)
        {
            return false;
        }

        Drop(ref ChunkAt(_oldest));
        _oldest++;
        FirstCached = last + 1;
        return true;
    }

    private void Drop(ref SuffixChunk chunk)
    {
        if (chunk.Bytes.Length == _chunkBytes)
        {
            if (_spareCount == _spares.Length)
            {
                Array.Resize(ref _spares, int.Max(4, _spares.Length * 2));
            }

            _spares[_spareCount++] = chunk.Bytes;
        }
        else
        {
            _heldBytes -= chunk.Bytes.Length;
        }

        chunk = default;
    }

    private void GrowPlaces()
    {
        var grown = new SuffixPlace[_places.Length * 2];
        for (ulong i = FirstCached; i <= LastIndex; i++)
        {
            grown[i & (ulong)(grown.Length - 1)] = _places[i & (ulong)(_places.Length - 1)];
        }

        _places = grown;
    }

    private void GrowChunks()
    {
        var grown = new SuffixChunk[_chunks.Length * 2];
        for (int i = _oldest; i <= _newest; i++)
        {
            grown[i & (grown.Length - 1)] = ChunkAt(i);
        }

        _chunks = grown;
    }
}
