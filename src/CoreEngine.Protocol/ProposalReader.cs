using System;
using System.Buffers.Binary;
using CoreEngine.Model;

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
internal readonly ref struct Proposal(EntryOrigin origin, ReadOnlySpan<byte> payload)
{
    public readonly EntryOrigin Origin = origin;
    public readonly ReadOnlySpan<byte> Payload = payload;
}

/// <summary>Walks a batch of proposals in place: in a host's queue and in a Forward message alike.</summary>
/// <remarks>
/// Layout, little endian, 8-byte aligned: <c>u32 payloadLength | u32 originReplica | u32 originLife | u32 zero
/// | u64 correlation |
/// payload | padding</c>.
/// </remarks>
internal ref struct ProposalReader(ReadOnlySpan<byte> batch)
{
    internal const int HeaderBytes = 24;

    private ReadOnlySpan<byte> _rest = batch;

    /// <summary>Bytes that a proposal occupies in a batch.</summary>
    internal static int SizeOf(int payloadLength) => (HeaderBytes + payloadLength + 7) & ~7;

    /// <summary>Writes one proposal.</summary>
    /// <param name="target">Exactly <see cref="SizeOf"/> bytes.</param>
    internal static void Write(Span<byte> target, in EntryOrigin origin, ReadOnlySpan<byte> payload)
    {
        Invariant.Holds(target.Length == SizeOf(payload.Length));
        BinaryPrimitives.WriteInt32LittleEndian(target, payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], origin.Replica);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], origin.Life);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], origin.Correlation);
        payload.CopyTo(target[HeaderBytes..]);
        target[(HeaderBytes + payload.Length)..].Clear();
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
        if (length < 0 || length > Limits.EntryBytesMax || SizeOf(length) > _rest.Length)
        {
            IsSound = false;
            return false;
        }

        var origin = new EntryOrigin(
            BinaryPrimitives.ReadUInt32LittleEndian(_rest[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(_rest[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(_rest[16..]));
        proposal = new Proposal(origin, _rest.Slice(HeaderBytes, length));
        _rest = _rest[SizeOf(length)..];
        return true;
    }

    /// <summary>False once a proposal did not parse.</summary>
    internal bool IsSound { get; private set; } = true;
}
