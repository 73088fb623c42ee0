using System;
using System.Buffers;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Sessions;

/// <summary>A session table as bytes: canonical, so that equal tables are equal bytes on every replica.</summary>
/// <remarks>
/// Little endian: <c>u32 version (1) | u32 sessions | u32 keys | u32 zero | u64 keyTail</c>. A session: <c>u64 number
/// | u64 timeoutMs | u64 lastStamp | u64 highest | u64 tail | u64 taken</c>, then what it has taken by rising
/// sequence. Taken: <c>u64 sequence | u64 index | u64 term | u32 checksum | u32 replyChecksum | u64 position | u32
/// replyLength | u32 held | reply</c>, the reply only when held is 1. A key: <c>u64 high | u64 low | u64 forgetIndex |
/// u64 forgetMs</c>, then what it has taken; in the order of the log.
/// </remarks>
internal static class SessionTableCodec
{
    private const uint Version = 1;
    private const int HeadBytes = 24;
    private const int SessionBytes = 48;
    private const int KeyBytes = 32;
    private const int TakenBytes = 48;

    /// <summary>Writes the whole table. Only between two batches.</summary>
    internal static void Write(SessionTable table, IBufferWriter<byte> target)
    {
        Span<byte> head = target.GetSpan(HeadBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(head, Version);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], table.Count);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], table.Keys.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(head[12..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(head[16..], table.Keys.Replies.Tail);
        target.Advance(HeadBytes);
        for (int i = 0; i < table.Count; i++)
        {
            Write(table[i], target);
        }

        for (int i = 0; i < table.Keys.Count; i++)
        {
            TakenKey key = table.Keys.Oldest(i);
            Span<byte> fields = target.GetSpan(KeyBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(fields, key.High);
            BinaryPrimitives.WriteUInt64LittleEndian(fields[8..], key.Low);
            BinaryPrimitives.WriteUInt64LittleEndian(fields[16..], key.ForgetIndex);
            BinaryPrimitives.WriteUInt64LittleEndian(fields[24..], key.ForgetMs);
            target.Advance(KeyBytes);
            Write(key.Taken, table.Keys.Replies, target);
        }
    }

    /// <summary>Reads what <see cref="Write(SessionTable, IBufferWriter{byte})"/> wrote.</summary>
    /// <param name="reason">What is wrong; empty when the result is true.</param>
    /// <returns>False when the bytes are not exactly one table.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> source, out SessionTable table, out string reason)
    {
        table = new SessionTable();
        var reader = new Fields(source);
        bool isSound = reader.U32() == Version;
        int sessions = (int)uint.Min(reader.U32(), int.MaxValue);
        int keys = (int)uint.Min(reader.U32(), int.MaxValue);
        isSound &= reader.U32() == 0 && sessions <= Limits.SessionsMax && keys <= Limits.IdempotencyKeysMax;
        ulong keyTail = reader.U64();
        isSound &= reader.IsSound && keyTail <= long.MaxValue;
        for (int i = 0; i < sessions && isSound; i++)
        {
            isSound = TryReadSession(ref reader, table);
        }

        if (isSound)
        {
            table.Keys.Replies.Restore(keyTail);
        }

        for (int i = 0; i < keys && isSound; i++)
        {
            isSound = TryReadKey(ref reader, table);
        }

        isSound = isSound && reader.IsSound && reader.IsAtEnd;
        reason = isSound ? "" : "the session table in the snapshot is cut off or contradicts itself";
        return isSound;
    }

    private static void Write(ClientSession session, IBufferWriter<byte> target)
    {
        int count = 0;
        ulong first = session.Highest >= Limits.SessionWindow ? session.Highest - Limits.SessionWindow + 1 : 1;
        for (ulong sequence = first; sequence <= session.Highest; sequence++)
        {
            count += session.At(sequence).Sequence == sequence ? 1 : 0;
        }

        Span<byte> fields = target.GetSpan(SessionBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(fields, session.Number);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[8..], session.TimeoutMs);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[16..], session.LastStamp);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[24..], session.Highest);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[32..], session.Replies.Tail);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[40..], (ulong)count);
        target.Advance(SessionBytes);
        for (ulong sequence = first; sequence <= session.Highest; sequence++)
        {
            if (session.At(sequence).Sequence == sequence)
            {
                Write(session.At(sequence), session.Replies, target);
            }
        }
    }

    private static void Write(in TakenSequence taken, ReplyRing ring, IBufferWriter<byte> target)
    {
        bool isHeld = ring.Holds(taken.ReplyPosition);
        int size = TakenBytes + (isHeld ? taken.ReplyLength : 0);
        Span<byte> fields = target.GetSpan(size);
        BinaryPrimitives.WriteUInt64LittleEndian(fields, taken.Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[8..], taken.Index);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[16..], taken.Term);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[24..], taken.Checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[28..], taken.ReplyChecksum);
        BinaryPrimitives.WriteUInt64LittleEndian(fields[32..], taken.ReplyPosition);
        BinaryPrimitives.WriteInt32LittleEndian(fields[40..], taken.ReplyLength);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[44..], isHeld ? 1U : 0U);
        if (isHeld)
        {
            ring.CopyTo(taken.ReplyPosition, fields[TakenBytes..size]);
        }

        target.Advance(size);
    }

    private static bool TryReadSession(ref Fields reader, SessionTable table)
    {
        ulong number = reader.U64();
        ulong timeoutMs = reader.U64();
        ulong lastStamp = reader.U64();
        ulong highest = reader.U64();
        ulong tail = reader.U64();
        ulong count = reader.U64();
        bool isSound = reader.IsSound
            && timeoutMs is >= Limits.SessionTimeoutMsMin and <= Limits.SessionTimeoutMsMax
            && count <= Limits.SessionWindow
            && highest <= long.MaxValue
            && tail <= long.MaxValue;
        if (!isSound)
        {
            return false;
        }

        var session = new ClientSession(number, (uint)timeoutMs) { LastStamp = lastStamp };
        session.Restore(highest, tail);
        ulong before = 0;
        for (ulong i = 0; i < count; i++)
        {
            if (!TryReadTaken(ref reader, session.Replies, out TakenSequence taken)
                || taken.Sequence <= before || taken.Sequence > highest || session.IsForgotten(taken.Sequence))
            {
                return false;
            }

            before = taken.Sequence;
            session.Restore(taken);
        }

        return table.Restore(session);
    }

    private static bool TryReadKey(ref Fields reader, SessionTable table)
    {
        ulong high = reader.U64();
        ulong low = reader.U64();
        ulong forgetIndex = reader.U64();
        ulong forgetMs = reader.U64();
        return TryReadTaken(ref reader, table.Keys.Replies, out TakenSequence taken)
            && taken.Sequence == 1
            && !table.Keys.TryFind(high, low, out _)
            && table.Keys.TryAdd(new TakenKey(high, low, forgetIndex, forgetMs, taken));
    }

    private static bool TryReadTaken(ref Fields reader, ReplyRing ring, out TakenSequence taken)
    {
        ulong sequence = reader.U64();
        ulong index = reader.U64();
        ulong term = reader.U64();
        uint checksum = reader.U32();
        uint replyChecksum = reader.U32();
        ulong position = reader.U64();
        uint length = reader.U32();
        uint held = reader.U32();
        taken = default;
        bool isPlaced = position == ReplyRing.NotKept || position <= ring.Tail;
        if (!reader.IsSound || !isPlaced || length > Limits.ReplyBytesMax || held > 1
            || (held == 1) != ring.Holds(position))
        {
            return false;
        }

        taken = new TakenSequence(sequence, index, term, checksum, (int)length, position, replyChecksum);
        if (held == 0)
        {
            return true;
        }

        ReadOnlySpan<byte> reply = reader.Bytes((int)length);
        bool isSound = reader.IsSound && position + length <= ring.Tail && Crc32C.Compute(reply) == replyChecksum;
        if (isSound)
        {
            ring.Restore(position, reply);
        }

        return isSound;
    }

    /// <summary>Reads fields one after the other; past the end they are zero and the reader is not sound.</summary>
    private ref struct Fields(ReadOnlySpan<byte> source)
    {
        private ReadOnlySpan<byte> _rest = source;

        internal bool IsSound { get; private set; } = true;

        internal readonly bool IsAtEnd => _rest.IsEmpty;

        internal uint U32() =>
            BinaryPrimitives.TryReadUInt32LittleEndian(Bytes(sizeof(uint)), out uint value) ? value : 0;

        internal ulong U64() =>
            BinaryPrimitives.TryReadUInt64LittleEndian(Bytes(sizeof(ulong)), out ulong value) ? value : 0;

        internal ReadOnlySpan<byte> Bytes(int length)
        {
            if (_rest.Length < length)
            {
                IsSound = false;
                _rest = default;
                return default;
            }

            ReadOnlySpan<byte> taken = _rest[..length];
            _rest = _rest[length..];
            return taken;
        }
    }
}
