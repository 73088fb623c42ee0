using System;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Cli.KeyValue;

/// <summary>The slabs of an arena as they were at a capture, read by one thread while another goes on changing
/// them.</summary>
/// <remarks>
/// Copy-on-write by pages of <see cref="PageBytes"/>: before the arena changes a page for the first time it keeps a
/// copy
/// here. The reader copies a page, then looks whether a copy was kept meanwhile, and then takes that one: a change that
/// his copy may have caught was announced before it began. Memory: at most the pages that change while the view lives.
/// </remarks>
internal sealed class BlockView
{
    internal const int PageBytes = 64 * 1024;

    private const int PagesPerSlab = BlockArena.SlabBytes / PageBytes;

    private readonly byte[]?[] _slabs;
    private readonly int[] _ends;
    private readonly byte[]?[] _kept;
    private bool _isEnded;

    internal BlockView(ReadOnlySpan<byte[]?> slabs, ReadOnlySpan<int> ends)
    {
        _slabs = slabs.ToArray();
        _ends = ends.ToArray();
        _kept = new byte[_slabs.Length * PagesPerSlab][];
    }

    /// <summary>Slabs, some of them empty.</summary>
    internal int Slabs => _slabs.Length;

    /// <summary>Pages that were copied because they changed. Any thread, roughly.</summary>
    internal int PagesKept { get; private set; }

    /// <summary>Any thread: nobody reads any more, or nobody may.</summary>
    internal void End() => Volatile.Write(ref _isEnded, true);

    /// <summary>The arena's thread: bytes of a slab are about to change.</summary>
    internal void Keep(int slab, byte[] bytes, int offset, int length)
    {
        // A slab that was made since, under an old number, is not shown.
        if (slab >= _slabs.Length || _slabs[slab] != bytes || Volatile.Read(ref _isEnded))
        {
            return;
        }

        int last = int.Min(offset + length, _ends[slab]) - 1;
        for (int page = offset / PageBytes; page <= last / PageBytes && offset <= last; page++)
        {
            ref byte[]? kept = ref _kept[(slab * PagesPerSlab) + page];
            if (kept is null)
            {
                Volatile.Write(ref kept, bytes.AsSpan(page * PageBytes, PageBytes).ToArray());
                Interlocked.MemoryBarrier();
                PagesKept++;
            }
        }
    }

    /// <summary>The reader's thread: copies what of a slab was in use at the capture.</summary>
    /// <param name="target">At least <see cref="BlockArena.SlabBytes"/> bytes.</param>
    /// <returns>Bytes in use.</returns>
    /// <exception cref="OperationCanceledException">The view has ended.</exception>
    internal int Read(int slab, Span<byte> target)
    {
        int end = _slabs[slab] is null ? 0 : _ends[slab];
        for (int offset = 0; offset < end; offset += PageBytes)
        {
            _slabs[slab].AsSpan(offset, PageBytes).CopyTo(target[offset..]);
            Interlocked.MemoryBarrier();
            byte[]? kept = Volatile.Read(ref _kept[(slab * PagesPerSlab) + (offset / PageBytes)]);
            kept?.CopyTo(target[offset..]);
            if (Volatile.Read(ref _isEnded))
            {
                throw new OperationCanceledException("the view of the store has ended");
            }
        }

        Invariant.Holds(end <= BlockArena.SlabBytes);
        return end;
    }
}
