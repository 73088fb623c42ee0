using System;
using System.Buffers;

namespace CoreEngine.Cli.Tests.Resp;

/// <summary>Bytes cut into the segments of a sequence, an empty one among them.</summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    internal static ReadOnlySequence<byte> Cut(byte[] bytes, int size)
    {
        var first = new Segments { Memory = ReadOnlyMemory<byte>.Empty };
        Segments last = first;
        for (int at = 0; at < bytes.Length; at += size)
        {
            var next = new Segments
            {
                Memory = bytes.AsMemory(at, Math.Min(size, bytes.Length - at)),
                RunningIndex = last.RunningIndex + last.Memory.Length,
            };
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
