using System;
using System.Buffers.Binary;
using CoreEngine.Model;

namespace CoreEngine.Protocol.Wire;

/// <summary>
/// Body of NodeBeat: <c>u64 incarnation | u64 echoLife | u64 echoRound</c>. The header's group is zero, its sequence
/// the sender's round, its correlation the sender's life.
/// </summary>
/// <param name="Incarnation">Of the sender's data directory.</param>
/// <param name="EchoLife">The life of the receiver that the sender heard last; 0 when none.</param>
/// <param name="EchoRound">The newest round of that life that it heard.</param>
internal readonly record struct NodeBeatBody(ulong Incarnation, ulong EchoLife, ulong EchoRound)
{
    internal const int Bytes = 24;

    internal void Write(Span<byte> target)
    {
        Invariant.Holds(target.Length >= Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, Incarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], EchoLife);
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], EchoRound);
    }

    /// <summary>False when the length is wrong.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out NodeBeatBody body)
    {
        body = default;
        if (source.Length != Bytes)
        {
            return false;
        }

        body = new NodeBeatBody(
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]));
        return true;
    }
}
