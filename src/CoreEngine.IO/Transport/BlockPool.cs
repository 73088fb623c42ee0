using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>
/// Blocks of one size for one pipe, cut from one slab that is allocated with the pool: no growth later.
/// </summary>
/// <remarks>
/// Every pipe has its own pool, and both die with their connection: a late reader of a closed connection can never see
/// bytes of another peer. The last block returned is the next one rented, so an idle pipe touches one or two blocks and
/// the rest of the slab never becomes resident. Thread-safe; taken once per block, not per frame.
/// </remarks>
internal sealed class BlockPool : MemoryPool<byte>
{
    /// <summary>
    /// A partly read block at the head, a partly written one at the tail, one just taken for a receive.
    /// </summary>
    private const int SpareBlocks = 3;

    private readonly Lock _gate = new();
    private readonly int _blockBytes;
    private readonly Block[] _free;
    private int _count;

    private BlockPool(int blockBytes, int blocks)
    {
        // Pinned heap: the garbage collector never moves what the kernel reads and writes.
        byte[] slab = GC.AllocateUninitializedArray<byte>(blockBytes * blocks, pinned: true);
        _blockBytes = blockBytes;
        _free = new Block[blocks];
        for (int i = blocks - 1; i >= 0; i--)
        {
            _free[_count++] = new Block(this, slab.AsMemory(i * blockBytes, blockBytes));
        }
    }

    /// <inheritdoc/>
    public override int MaxBufferSize => _blockBytes;

    /// <summary>A pipe whose ends run inline, with a pool of its own that holds the pipe's greatest content.</summary>
    /// <param name="bytesMax">Greatest content.</param>
    /// <param name="pauseAt">Unread bytes at which a flush waits; 0: never.</param>
    internal static Pipe NewPipe(int blockBytes, int bytesMax, int pauseAt)
    {
#pragma warning disable CA2000 // A pool holds memory only, and lives as long as its pipe.
        BlockPool pool = new(blockBytes, (bytesMax / blockBytes) + SpareBlocks);
#pragma warning restore CA2000
        return new Pipe(new PipeOptions(
            pool,
            PipeScheduler.Inline,
            PipeScheduler.Inline,
            pauseAt,
            pauseAt / 2,
            blockBytes,
            useSynchronizationContext: false));
    }

    /// <inheritdoc/>
    /// <remarks>Should the slab ever be used up, the block is an extra one that is not kept.</remarks>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, _blockBytes);
        lock (_gate)
        {
            if (_count > 0)
            {
                Block block = _free[--_count];
                block.Rented = true;
                return block;
            }
        }

        return new Block(this, GC.AllocateUninitializedArray<byte>(_blockBytes, pinned: true)) { Rented = true };
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }

    private void Return(Block block)
    {
        lock (_gate)
        {
            Invariant.Holds(block.Rented);
            block.Rented = false;
            if (_count < _free.Length)
            {
                _free[_count++] = block;
            }
        }
    }

    private sealed class Block(BlockPool pool, Memory<byte> memory) : IMemoryOwner<byte>
    {
        /// <summary>True from rent to return.</summary>
        internal bool Rented { get; set; }

        public Memory<byte> Memory => memory;

        public void Dispose() => pool.Return(this);
    }
}
