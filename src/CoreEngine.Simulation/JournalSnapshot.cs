using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Simulation;

/// <summary>A journal up to a length: <c>u64 count | u64 digest | (u64 index, u64 value) ...</c>, then a host's
/// machine's own snapshot.</summary>
/// <remarks>The entries before the length never change while a view lives; a restore puts others in their place only
/// when the machine is replaced, which ends the view's use.</remarks>
internal sealed class JournalSnapshot(
    List<(ulong Index, ulong Value)> entries, int count, ulong digest, ISnapshot? hosted) : ISnapshot
{
    private const int EntryBytes = 16;
    private const int FlushEntries = 256;

    public async ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken)
    {
        Write(writer, (ulong)count, digest);
        for (int i = 0; i < count; i++)
        {
            (ulong index, ulong value) = entries[i];
            Write(writer, index, value);
            if (i % FlushEntries == FlushEntries - 1)
            {
                FlushResult flushed = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (flushed.IsCompleted)
                {
                    return;
                }
            }
        }

        _ = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (hosted is not null)
        {
            await hosted.WriteAsync(writer, cancellationToken).ConfigureAwait(false);
        }
    }

    internal static async ValueTask<(List<(ulong Index, ulong Value)> Entries, ulong Digest)> ReadAsync(
        PipeReader reader, CancellationToken cancellationToken)
    {
        (ulong count, ulong digest) = await ReadPairAsync(reader, cancellationToken).ConfigureAwait(false);
        var entries = new List<(ulong, ulong)>();
        for (ulong i = 0; i < count; i++)
        {
            entries.Add(await ReadPairAsync(reader, cancellationToken).ConfigureAwait(false));
        }

        return (entries, digest);
    }

    private static async ValueTask<(ulong First, ulong Second)> ReadPairAsync(
        PipeReader reader, CancellationToken cancellationToken)
    {
        System.IO.Pipelines.ReadResult read =
            await reader.ReadAtLeastAsync(EntryBytes, cancellationToken).ConfigureAwait(false);
        if (read.Buffer.Length < EntryBytes)
        {
            throw new InvalidDataException("the journal ends early");
        }

        ReadOnlySequence<byte> pair = read.Buffer.Slice(0, EntryBytes);
        (ulong, ulong) result = Decode(pair);
        reader.AdvanceTo(pair.End);
        return result;
    }

    private static (ulong First, ulong Second) Decode(in ReadOnlySequence<byte> pair)
    {
        Span<byte> bytes = stackalloc byte[EntryBytes];
        pair.CopyTo(bytes);
        return (BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
    }

    private static void Write(PipeWriter writer, ulong first, ulong second)
    {
        Span<byte> target = writer.GetSpan(EntryBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(target, first);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], second);
        writer.Advance(EntryBytes);
    }
}
