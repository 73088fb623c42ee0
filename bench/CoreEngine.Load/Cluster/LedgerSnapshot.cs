using System;
using System.Buffers;
using System.Buffers.Binary;
using System.IO;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Load.Cluster;

/// <summary>The ledger at one index: five words (count, digest, places, index, pages), then the pages.</summary>
internal sealed class LedgerSnapshot(PagedState.View view, LedgerState state) : ISnapshot, IDisposable
{
    private const int HeadBytes = 5 * sizeof(ulong);
    private const int PagesPerFlush = 32;

    public async ValueTask WriteAsync(PipeWriter writer, CancellationToken cancellationToken)
    {
        WriteHead(writer);
        for (int from = 0; from < view.Pages.Length; from += PagesPerFlush)
        {
            int to = int.Min(from + PagesPerFlush, view.Pages.Length);
            for (int i = from; i < to; i++)
            {
                writer.Write(view.Pages[i]);
            }

            if ((await writer.FlushAsync(cancellationToken).ConfigureAwait(false)).IsCompleted)
            {
                return;
            }
        }

        _ = await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => view.End();

    /// <summary>Reads a whole state into the pages.</summary>
    /// <returns>What the ledger is then.</returns>
    /// <exception cref="InvalidDataException">The bytes end early.</exception>
    internal static async ValueTask<LedgerState> ReadAsync(
        PagedState target, PipeReader reader, CancellationToken cancellationToken)
    {
        byte[] head = new byte[HeadBytes];
        await FillAsync(reader, head, cancellationToken).ConfigureAwait(false);
        var state = new LedgerState(WordOf(head, 0), WordOf(head, 1), WordOf(head, 2), WordOf(head, 3));
        byte[][] pages = new byte[WordOf(head, 4)][];
        for (int i = 0; i < pages.Length; i++)
        {
            pages[i] = new byte[PagedState.PageBytes];
            await FillAsync(reader, pages[i], cancellationToken).ConfigureAwait(false);
        }

        target.Replace(pages);
        return state;
    }

    private static ulong WordOf(byte[] head, int word) =>
        BinaryPrimitives.ReadUInt64LittleEndian(head.AsSpan(word * sizeof(ulong)));

    private static async ValueTask FillAsync(PipeReader reader, byte[] target, CancellationToken cancellationToken)
    {
        System.IO.Pipelines.ReadResult read =
            await reader.ReadAtLeastAsync(target.Length, cancellationToken).ConfigureAwait(false);
        if (read.Buffer.Length < target.Length)
        {
            throw new InvalidDataException("the snapshot of the ledger ends early");
        }

        ReadOnlySequence<byte> taken = read.Buffer.Slice(0, target.Length);
        taken.CopyTo(target);
        reader.AdvanceTo(taken.End);
    }

    private void WriteHead(PipeWriter writer)
    {
        Span<byte> head = writer.GetSpan(HeadBytes);
        ulong[] words = [state.Count, state.Digest, state.Places, state.Index, (ulong)view.Pages.Length];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(head[(i * sizeof(ulong))..], words[i]);
        }

        writer.Advance(HeadBytes);
    }
}
