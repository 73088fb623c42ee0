using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>What a Quiesce message says; the values on the wire.</summary>
internal enum QuiesceKind : uint
{
    /// <summary>Leader: nothing is under way; trust my node's life from here on, and expect no heartbeats.</summary>
    Ask = 1,

    /// <summary>Follower: I have all of the log and do so.</summary>
    Agree = 2,

    /// <summary>I lead no more, and know nobody who does: whoever trusts me must not.</summary>
    Wake = 3,
}

/// <summary>Body of Quiesce: <c>u64 incarnation | u32 kind | u32 zero</c>. The header's sequence is the last index of
/// the log, all of it committed; zero in a Wake.</summary>
/// <param name="Incarnation">The sender's.</param>
/// <param name="Kind">What is said.</param>
internal readonly record struct QuiesceBody(ulong Incarnation, QuiesceKind Kind)
{
    internal const int Bytes = 16;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, Incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], (uint)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], 0);
    }

    /// <summary>False when the length is wrong or the kind is unknown.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out QuiesceBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        var kind = (QuiesceKind)BinaryPrimitives.ReadUInt32LittleEndian(source[8..]);
        body = new QuiesceBody(BinaryPrimitives.ReadUInt64LittleEndian(source), kind);
        return kind is QuiesceKind.Ask or QuiesceKind.Agree or QuiesceKind.Wake
            && BinaryPrimitives.ReadUInt32LittleEndian(source[12..]) == 0;
    }
}
