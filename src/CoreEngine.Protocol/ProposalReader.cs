using System;
using System.Buffers.Binary;
using CoreEngine.Model;
using CoreEngine.Protocol.Sessions;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol;

/// <summary>
/// Who proposed an entry, when it was not the leader itself: the origin finds its waiting caller by this when it
/// applies the entry.
/// </summary>
/// <param name="Replica">The proposing replica; 0 means that the entry has no origin.</param>
/// <param name="Life">Random at each start of that replica: a later life must not answer for an earlier one.</param>
/// <param name="Correlation">The origin's own number for the proposal.</param>
internal readonly record struct EntryOrigin(uint Replica, uint Life, ulong Correlation);

/// <summary>One proposal of a batch.</summary>
internal readonly ref struct Proposal(
    EntryOrigin origin, EntryFlags kind, Durability level, ReadOnlySpan<byte> payload)
{
    /// <summary>When it is acknowledged.</summary>
    public readonly Durability Level = level;

    /// <summary>Session, key or control; none of them for a plain command.</summary>
    public readonly EntryFlags Kind = kind;

    public readonly EntryOrigin Origin = origin;

    /// <summary>The command, behind its identity when it has one.</summary>
    public readonly ReadOnlySpan<byte> Payload = payload;
}

/// <summary>Walks a batch of proposals in place: in a host's queue and in a Forward message alike.</summary>
/// <remarks>
/// Layout, little endian, 8-byte aligned: <c>u32 payloadLength | u32 originReplica | u32 originLife | u8 published |
/// u8 kind | u8 level below quorum | u8 zero | u64 correlation | payload | padding</c>. The byte <c>published</c> is
/// the queue's own; the kind is of <see cref="EntryFlags"/>; with one, the payload begins with an
/// <see cref="EntryIdentity"/>.
/// </remarks>
internal ref struct ProposalReader(ReadOnlySpan<byte> batch)
{
    internal const int HeaderBytes = 24;

    /// <summary>Largest payload: a command behind an identity.</summary>
    internal const int PayloadBytesMax = Limits.EntryBytesMax + EntryIdentity.BytesMax;

    private const int KindOffset = 13;
    private const int LevelOffset = 14;

    private ReadOnlySpan<byte> _rest = batch;

    /// <summary>Bytes that a proposal occupies in a batch.</summary>
    internal static int SizeOf(int payloadLength) => (HeaderBytes + payloadLength + 7) & ~7;

    /// <summary>Writes one proposal.</summary>
    /// <param name="target">Exactly <see cref="SizeOf"/> bytes.</param>
    internal static void Write(Span<byte> target, in EntryOrigin origin, ReadOnlySpan<byte> payload) =>
        Write(target, origin, default, payload);

    /// <summary>Writes one proposal with its identity.</summary>
    /// <param name="target">Exactly <see cref="SizeOf"/> bytes, the identity's counted.</param>
    internal static void Write(
        Span<byte> target,
        in EntryOrigin origin,
        in EntryIdentity identity,
        ReadOnlySpan<byte> command,
        Durability level = Durability.QuorumDurable)
    {
        int length = identity.Bytes + command.Length;
        Invariant.Holds(target.Length == SizeOf(length));
        BinaryPrimitives.WriteInt32LittleEndian(target, length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], origin.Replica);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], origin.Life);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], origin.Correlation);
        target[KindOffset] = (byte)identity.Kind;
        target[LevelOffset] = (byte)(Durability.QuorumDurable - level);
        identity.Write(target[HeaderBytes..]);
        command.CopyTo(target[(HeaderBytes + identity.Bytes)..]);
        target[(HeaderBytes + length)..].Clear();
    }

    /// <summary>
    /// The next proposal. False at the end, or when the bytes make no sense: then <see cref="IsSound"/> is false.
    /// </summary>
    internal bool TryRead(out Proposal proposal)
    {
        proposal = default;
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < HeaderBytes)
        {
            IsSound = false;
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(_rest);
        var kind = (EntryFlags)_rest[KindOffset];
        bool isLong = length >= EntryIdentity.BytesOf(kind) && length <= PayloadBytesMax;
        byte below = _rest[LevelOffset];
        if (!isLong || (kind & ~EntryFlags.Key) != 0 || below > (byte)Durability.QuorumDurable
            || SizeOf(length) > _rest.Length)
        {
            IsSound = false;
            return false;
        }

        var origin = new EntryOrigin(
            BinaryPrimitives.ReadUInt32LittleEndian(_rest[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(_rest[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(_rest[16..]));
        proposal = new Proposal(origin, kind, Durability.QuorumDurable - below, _rest.Slice(HeaderBytes, length));
        _rest = _rest[SizeOf(length)..];
        return true;
    }

    /// <summary>False once a proposal did not parse.</summary>
    internal bool IsSound { get; private set; } = true;
}
