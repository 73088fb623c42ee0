using System;
using System.Buffers;
using System.Buffers.Binary;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.KeyValue;

namespace CoreEngine.Cli.Server;

/// <summary>The store at one index: <c>u64 index | u64 digest</c>, then <c>u32 key length | u32 value length | key |
/// value</c> per key, then eight bytes of ones.</summary>
/// <remarks>Little endian. In the order of the memory, which differs from replica to replica; the state does
/// not.</remarks>
internal sealed class KeyValueSnapshot(BlockView view, ulong index, ulong digest) : ISnapshot, IDisposable
{
    private const int HeadBytes = 16;
    private const int LengthsBytes = 8;
    private const int FlushBytes = 128 * 1024;

    public async ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken)
    {
        byte[] slab = new byte[BlockArena.SlabBytes];
        WriteWords(writer, index, digest);
        for (int i = 0; i < view.Slabs; i++)
        {
            int end = view.Read(i, slab);
            for (int at = 0; at < end;)
            {
                at = WritePart(writer, slab, at, end);
                FlushResult flushed = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (flushed.IsCompleted)
                {
                    return;
                }
            }
        }

        writer.Write((ReadOnlySpan<byte>)[255, 255, 255, 255, 255, 255, 255, 255]);
        _ = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Fills an empty store.</summary>
    /// <returns>The index of the snapshot.</returns>
    /// <exception cref="InvalidDataException">The bytes make no sense, or do not fit.</exception>
    internal static async ValueTask<ulong> ReadAsync(
        KeyValueStore store, PipeReader reader, CancellationToken cancellationToken)
    {
        store.Clear();
        (ulong Index, ulong Digest)? head = null;
        while (true)
        {
            System.IO.Pipelines.ReadResult read = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> rest = read.Buffer;
            bool isOver = Take(store, ref rest, ref head);
            reader.AdvanceTo(rest.Start, isOver ? rest.Start : read.Buffer.End);
            if (isOver && head is { } found)
            {
                store.Restored(found.Digest);
                return found.Index;
            }

            if (read.IsCompleted)
            {
                throw new InvalidDataException("the snapshot of the store ends early");
            }
        }
    }

    public void Dispose() => view.End();

    /// <summary>Writes the live blocks of a slab until enough is there for a flush.</summary>
    private static int WritePart(PipeWriter writer, byte[] slab, int from, int end)
    {
        int at = from;
        while (at < end && at - from < FlushBytes)
        {
            bool isLive = BlockArena.TryRead(
                slab.AsSpan(at), out int capacity, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value);
            at += capacity;
            if (isLive)
            {
                Span<byte> lengths = writer.GetSpan(LengthsBytes);
                BinaryPrimitives.WriteInt32LittleEndian(lengths, key.Length);
                BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], value.Length);
                writer.Advance(LengthsBytes);
                writer.Write(key);
                writer.Write(value);
            }
        }

        return at;
    }

    /// <summary>Takes in whole keys. True when the end was met.</summary>
    private static bool Take(KeyValueStore store, ref ReadOnlySequence<byte> rest, ref (ulong, ulong)? head)
    {
        Span<byte> words = stackalloc byte[HeadBytes];
        if (head is null)
        {
            if (rest.Length < HeadBytes)
            {
                return false;
            }

            rest.Slice(0, HeadBytes).CopyTo(words);
            head = (
                BinaryPrimitives.ReadUInt64LittleEndian(words),
                BinaryPrimitives.ReadUInt64LittleEndian(words[8..]));
            rest = rest.Slice(HeadBytes);
        }

        while (rest.Length >= LengthsBytes)
        {
            rest.Slice(0, LengthsBytes).CopyTo(words);
            int keyLength = BinaryPrimitives.ReadInt32LittleEndian(words);
            int valueLength = BinaryPrimitives.ReadInt32LittleEndian(words[4..]);
            if (keyLength == -1 && valueLength == -1)
            {
                rest = rest.Slice(LengthsBytes);
                return true;
            }

            if ((uint)keyLength > KeyValueCommand.KeyBytesMax || (uint)valueLength > KeyValueCommand.ValueBytesMax)
            {
                throw new InvalidDataException("the snapshot of the store names lengths that no command may have");
            }

            if (rest.Length < LengthsBytes + keyLength + valueLength)
            {
                return false;
            }

            Restore(store, rest.Slice(LengthsBytes, keyLength), rest.Slice(LengthsBytes + keyLength, valueLength));
            rest = rest.Slice(LengthsBytes + keyLength + valueLength);
        }

        return false;
    }

    private static void Restore(KeyValueStore store, in ReadOnlySequence<byte> key, in ReadOnlySequence<byte> value)
    {
        byte[]? rented = null;
        ReadOnlySpan<byte> keyBytes = key.FirstSpan;
        ReadOnlySpan<byte> valueBytes = value.FirstSpan;
        if (!key.IsSingleSegment || !value.IsSingleSegment)
        {
            int length = (int)(key.Length + value.Length);
            rented = ArrayPool<byte>.Shared.Rent(length);
            key.CopyTo(rented);
            value.CopyTo(rented.AsSpan((int)key.Length));
            keyBytes = rented.AsSpan(0, (int)key.Length);
            valueBytes = rented.AsSpan((int)key.Length, (int)value.Length);
        }

        bool isRestored = store.TryRestore(keyBytes, valueBytes);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        if (!isRestored)
        {
            throw new InvalidDataException("a key of the snapshot does not fit into this replica's store");
        }
    }

    private static void WriteWords(PipeWriter writer, ulong first, ulong second)
    {
        Span<byte> head = writer.GetSpan(HeadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(head, first);
        BinaryPrimitives.WriteUInt64LittleEndian(head[8..], second);
        writer.Advance(HeadBytes);
    }
}
