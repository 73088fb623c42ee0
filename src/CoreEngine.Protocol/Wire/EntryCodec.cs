using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;

namespace CoreEngine.Protocol.Wire;

/// <summary>What the flags of an entry's record say.</summary>
[Flags]
internal enum EntryFlags : ushort
{
    None = 0,

    /// <summary>An origin stands between stamp and payload.</summary>
    Origin = 1,

    /// <summary>A leader's own entry, the first of its term or an empty one later: not shown to the state
    /// machine.</summary>
    Anchor = 2,

    /// <summary>The payload is a configuration, in effect from here on: not shown to the state machine.</summary>
    Configuration = 4,

    /// <summary>An operator has begun again with one survivor here: what only others held before it is
    /// lost.</summary>
    DataLoss = 32,

    /// <summary>The leader of this term reads by no lease from here on, and every earlier lease had ended.</summary>
    LeaseEnd = 64,

    /// <summary>Any of these: the entry belongs to the protocol, and no state machine sees it.</summary>
    OwnMask = Anchor | Configuration | DataLoss,

    /// <summary>The entry belongs to a client's session: its <see cref="EntryIdentity"/> stands before the
    /// payload.</summary>
    Session = 8,

    /// <summary>The entry speaks to the session table: its identity says what; not shown to the state
    /// machine.</summary>
    SessionControl = 16,

    /// <summary>Both bits together: the entry carries an idempotency key.</summary>
    Key = Session | SessionControl,
}

/// <summary>An entry as its record holds it.</summary>
internal readonly ref struct Entry(
    ulong stamp, EntryFlags flags, EntryOrigin origin, EntryIdentity identity, ReadOnlySpan<byte> payload)
{
    /// <summary>Hybrid clock of the leader that appended it.</summary>
    public readonly ulong Stamp = stamp;
    public readonly EntryFlags Flags = flags;
    public readonly EntryOrigin Origin = origin;

    /// <summary>Session, key or control; default when the flags name none.</summary>
    public readonly EntryIdentity Identity = identity;
    public readonly ReadOnlySpan<byte> Payload = payload;
}

/// <summary>
/// The body of an entry's record: <c>u64 stamp | [u32 replica | u32 life | u64 correlation] | [identity] |
/// payload</c>, little endian.
/// </summary>
internal static class EntryCodec
{
    internal const int StampBytes = 8;
    internal const int OriginBytes = 16;

    /// <summary>Bytes of the whole record, header and padding included.</summary>
    internal static int RecordSize(EntryFlags flags, int payloadLength) =>
        RecordHeader.SizeOf(BodyLength(flags, payloadLength));

    /// <summary>Writes a whole record.</summary>
    /// <param name="target">Exactly <see cref="RecordSize"/> bytes.</param>
    /// <param name="payload">Begins with the identity's bytes, when the flags name one.</param>
    internal static void Write(
        Span<byte> target,
        uint group,
        ulong index,
        ulong term,
        ulong stamp,
        EntryFlags flags,
        in EntryOrigin origin,
        ReadOnlySpan<byte> payload)
    {
        Span<byte> body = target[RecordHeader.Bytes..];
        BinaryPrimitives.WriteUInt64LittleEndian(body, stamp);
        body = body[StampBytes..];
        if ((flags & EntryFlags.Origin) != 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(body, origin.Replica);
            BinaryPrimitives.WriteUInt32LittleEndian(body[4..], origin.Life);
            BinaryPrimitives.WriteUInt64LittleEndian(body[8..], origin.Correlation);
            body = body[OriginBytes..];
        }

        payload.CopyTo(body);
        int bodyLength = BodyLength(flags, payload.Length);
        RecordHeader.Seal(target, bodyLength, RecordType.Entry, (ushort)flags, group, index, term);
    }

    /// <summary>Takes an entry's body apart. False when it is too short for what its flags claim.</summary>
    internal static bool TryRead(scoped in RecordHeader header, ReadOnlySpan<byte> record, out Entry entry)
    {
        entry = default;
        var flags = (EntryFlags)header.Flags;
        if (header.Type != RecordType.Entry || header.BodyLength < BodyLength(flags, EntryIdentity.BytesOf(flags)))
        {
            return false;
        }

        ReadOnlySpan<byte> body = record.Slice(RecordHeader.Bytes, header.BodyLength);
        ulong stamp = BinaryPrimitives.ReadUInt64LittleEndian(body);
        body = body[StampBytes..];
        EntryOrigin origin = default;
        if ((flags & EntryFlags.Origin) != 0)
        {
            origin = new EntryOrigin(
                BinaryPrimitives.ReadUInt32LittleEndian(body),
                BinaryPrimitives.ReadUInt32LittleEndian(body[4..]),
                BinaryPrimitives.ReadUInt64LittleEndian(body[8..]));
            body = body[OriginBytes..];
        }

        int identityBytes = EntryIdentity.BytesOf(flags);
        entry = new Entry(stamp, flags, origin, EntryIdentity.Read(flags, body), body[identityBytes..]);
        return true;
    }

    private static int BodyLength(EntryFlags flags, int payloadLength) =>
        StampBytes + ((flags & EntryFlags.Origin) != 0 ? OriginBytes : 0) + payloadLength;
}
