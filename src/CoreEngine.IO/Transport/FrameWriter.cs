using System;
using System.IO.Pipelines;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>Lays one frame, header and body in two parts, into a pipe or a span.</summary>
/// <remarks>Holds references into the caller's parts for the length of one call; allocates nothing.</remarks>
internal readonly ref struct FrameWriter
{
    private readonly ReadOnlySpan<byte> _body;
    private readonly ReadOnlySpan<byte> _records;

    /// <summary>
    /// A frame whose body is <paramref name="body"/> and then <paramref name="records"/>, without a gap.
    /// </summary>
    internal FrameWriter(ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        Invariant.Holds(body.Length <= Limits.FrameBytesMax - FrameCodec.HeaderBytes);
        Invariant.Holds(records.Length <= Limits.FrameBytesMax - FrameCodec.HeaderBytes - body.Length);
        _body = body;
        _records = records;
    }

    /// <summary>Bytes of the whole frame.</summary>
    internal int FrameBytes => FrameCodec.HeaderBytes + _body.Length + _records.Length;

    /// <summary>
    /// Writes the frame into <paramref name="target"/>, which holds at least <see cref="FrameBytes"/>.
    /// </summary>
    internal void WriteTo(Span<byte> target, in FrameHeader header, ulong clusterHash)
    {
        WriteHeader(target, header, clusterHash);
        _body.CopyTo(target[FrameCodec.HeaderBytes..]);
        _records.CopyTo(target[(FrameCodec.HeaderBytes + _body.Length)..]);
    }

    /// <summary>Writes the frame into the pipe; nothing is flushed.</summary>
    internal void WriteTo(PipeWriter target, in FrameHeader header, ulong clusterHash)
    {
        Span<byte> span = target.GetSpan(FrameCodec.HeaderBytes);
        if (span.Length >= FrameBytes)
        {
            WriteTo(span, header, clusterHash);
            target.Advance(FrameBytes);
            return;
        }

        WriteHeader(span, header, clusterHash);
        target.Advance(FrameCodec.HeaderBytes);
        WritePart(target, _body);
        WritePart(target, _records);
    }

    private static void WritePart(PipeWriter target, ReadOnlySpan<byte> part)
    {
        while (!part.IsEmpty)
        {
            Span<byte> span = target.GetSpan();
            int count = int.Min(span.Length, part.Length);
            part[..count].CopyTo(span);
            target.Advance(count);
            part = part[count..];
        }
    }

    private void WriteHeader(Span<byte> target, in FrameHeader header, ulong clusterHash)
    {
        uint checksum = Crc32C.Compute(_records, Crc32C.Compute(_body));
        FrameCodec.WriteHeader(target, header, _body.Length + _records.Length, checksum, clusterHash);
    }
}
