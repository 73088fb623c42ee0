using System;
using System.Buffers;
using System.Buffers.Binary;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Simulation.Demonstrators;

/// <summary>What became of one request for the lock.</summary>
/// <param name="Index">Where the request stands in the history: the fence of its grant.</param>
/// <param name="IsGranted">It got the lock.</param>
internal readonly record struct LockDecision(ulong Index, bool IsGranted);

/// <summary>A lock service at one index: <c>u64 count | u64 holder | u64 expires in ms | u64 digest</c>, then
/// <c>u64 index | u64 granted</c> each.</summary>
internal sealed class LockSnapshot(
    ReadOnlyMemory<LockDecision> decisions, uint holder, long expiresMs, ulong digest) : ISnapshot
{
    private const int PairBytes = 16;
    private const int PairsPerFlush = 256;

    internal ReadOnlyMemory<LockDecision> Decisions => decisions;

    internal uint Holder => holder;

    internal long ExpiresMs => expiresMs;

    internal ulong Digest => digest;

    /// <inheritdoc/>
    public async ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken)
    {
        Write(writer, (ulong)decisions.Length, holder);
        Write(writer, (ulong)expiresMs, digest);
        for (int i = 0; i < decisions.Length; i++)
        {
            LockDecision decision = decisions.Span[i];
            Write(writer, decision.Index, decision.IsGranted ? 1UL : 0);
            bool isDue = i % PairsPerFlush == PairsPerFlush - 1;
            if (isDue && (await writer.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCompleted)
            {
                return;
            }
        }

        _ = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads what <see cref="WriteAsync"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes end early, or make no sense.</exception>
    internal static async ValueTask<LockSnapshot> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        (ulong count, ulong holder) = await ReadPairAsync(reader, cancellationToken).ConfigureAwait(false);
        (ulong expiresMs, ulong digest) = await ReadPairAsync(reader, cancellationToken).ConfigureAwait(false);
        var decisions = new ArrayBufferWriter<LockDecision>();
        for (ulong i = 0; i < count; i++)
        {
            (ulong index, ulong granted) = await ReadPairAsync(reader, cancellationToken).ConfigureAwait(false);
            decisions.Write([new LockDecision(index, granted != 0)]);
        }

        return holder > uint.MaxValue || expiresMs > long.MaxValue
            ? throw new InvalidDataException("the lock's snapshot makes no sense")
            : new LockSnapshot(decisions.WrittenMemory, (uint)holder, (long)expiresMs, digest);
    }

    private static void Write(PipeWriter writer, ulong first, ulong second)
    {
        Span<byte> target = writer.GetSpan(PairBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, first);
        BinaryPrimitives.WriteUInt64LittleEndian(target[sizeof(ulong)..], second);
        writer.Advance(PairBytes);
    }

    private static async ValueTask<(ulong First, ulong Second)> ReadPairAsync(
        PipeReader reader, CancellationToken cancellationToken)
    {
        System.IO.Pipelines.ReadResult read =
            await reader.ReadAtLeastAsync(PairBytes, cancellationToken).ConfigureAwait(false);
        if (read.Buffer.Length < PairBytes)
        {
            throw new InvalidDataException("the lock's snapshot ends early");
        }

        ReadOnlySequence<byte> pair = read.Buffer.Slice(0, PairBytes);
        byte[] bytes = pair.ToArray();
        reader.AdvanceTo(pair.End);
        return (
            BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(sizeof(ulong))));
    }
}
