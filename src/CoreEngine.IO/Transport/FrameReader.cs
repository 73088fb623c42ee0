using System;
using System.Buffers;
using System.Numerics;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>What a <see cref="FrameReader"/> found.</summary>
internal enum FrameStatus : byte
{
    /// <summary>A frame is not whole yet.</summary>
    NeedMore = 0,

    /// <summary>A whole, undamaged frame.</summary>
    Frame,

    /// <summary>The bytes are not a frame: the stream cannot be trusted any further.</summary>
    Bad,
}

/// <summary>Cuts frames from bytes that came from outside; the bytes may lie in any number of pieces.</summary>
/// <remarks>
/// A body in one piece is returned in place; only a body that straddles pieces is copied, into the caller's scratch,
/// which
/// grows to at most <see cref="FrameRules.BytesMax"/> and only once the whole body has arrived.
/// </remarks>
internal ref struct FrameReader
{
    private const int ScratchBytesMin = 16 * 1024;

    private readonly ref byte[] _scratch;
    private readonly FrameRules _rules;
    private ReadOnlySequence<byte> _rest;

    /// <summary>Reads <paramref name="bytes"/> from the start.</summary>
    internal FrameReader(in ReadOnlySequence<byte> bytes, in FrameRules rules, ref byte[] scratch)
    {
        _rest = bytes;
        _rules = rules;
        _scratch = ref scratch;
    }

    /// <summary>What was not yet cut into frames.</summary>
    internal readonly ReadOnlySequence<byte> Rest => _rest;

    /// <summary>Takes the next frame.</summary>
    /// <param name="body">Valid until the next call that uses the same scratch, and as long as the bytes stand.</param>
    /// <param name="fault">Set when the status is <see cref="FrameStatus.Bad"/>.</param>
    internal FrameStatus TryRead(out FrameHeader header, out ReadOnlySpan<byte> body, out FrameFault fault)
    {
        header = default;
        body = default;
        fault = FrameFault.None;
        Span<byte> copy = stackalloc byte[FrameCodec.HeaderBytes];
        scoped ReadOnlySpan<byte> head = _rest.FirstSpan;
        if (head.Length < FrameCodec.HeaderBytes)
        {
            if (_rest.Length < FrameCodec.HeaderBytes)
            {
                return FrameStatus.NeedMore;
            }

            _rest.Slice(0, FrameCodec.HeaderBytes).CopyTo(copy);
            head = copy;
        }

        fault = FrameCodec.ReadHeader(head, _rules, out header, out int bodyLength, out uint bodyChecksum);
        if (fault != FrameFault.None)
        {
            return FrameStatus.Bad;
        }

        if (_rest.Length - FrameCodec.HeaderBytes < bodyLength)
        {
            return FrameStatus.NeedMore;
        }

        body = BodyOf(bodyLength);
        if (Crc32C.Compute(body) != bodyChecksum)
        {
            body = default;
            fault = FrameFault.BodyChecksum;
            return FrameStatus.Bad;
        }

        _rest = _rest.Slice(FrameCodec.HeaderBytes + bodyLength);
        return FrameStatus.Frame;
    }

    private readonly ReadOnlySpan<byte> BodyOf(int length)
    {
        ReadOnlySpan<byte> first = _rest.FirstSpan;
        if (first.Length >= FrameCodec.HeaderBytes + length)
        {
            return first.Slice(FrameCodec.HeaderBytes, length);
        }

        Invariant.Holds(length <= _rules.BytesMax);
        if (_scratch.Length < length)
        {
            uint wanted = uint.Max(ScratchBytesMin, BitOperations.RoundUpToPowerOf2((uint)length));
            _scratch = GC.AllocateUninitializedArray<byte>((int)uint.Min(wanted, (uint)_rules.BytesMax));
        }

        Span<byte> target = _scratch.AsSpan(0, length);
        _rest.Slice(FrameCodec.HeaderBytes, length).CopyTo(target);
        return target;
    }
}
