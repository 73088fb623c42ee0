using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>Blocks of one size for one pipe, each with its owner: nothing is allocated once the pipe has seen its peak.</summary>
/// <remarks>
/// Every pipe has its own pool, and both die with their connection: a late reader of a closed connection can never see bytes
/// of another peer. Thread-safe; taken once per block, not per frame. Keeps at most the given number of free blocks.
/// </remarks>
internal sealed class BlockPool(int blockBytes, int blocksMax) : MemoryPool<byte>
{
    private readonly Lock _gate = new();
    private readonly Block[] _free = new Block[blocksMax];
    private int _count;

    /// <summary>A pipe whose ends run inline, with a pool of its own that holds the pipe's greatest content.</summary>
    /// <param name="bytesMax">Greatest content.</param>
    /// <param name="pauseAt">Unread bytes at which a flush waits; 0: never.</param>
    internal static Pipe NewPipe(int blockBytes, int bytesMax, int pauseAt)
    {
#pragma warning disable CA2000 // A pool holds memory only, and lives as long as its pipe.
        BlockPool pool = new(blockBytes, (bytesMax / blockBytes) + 2);
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
    public override int MaxBufferSize => blockBytes;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, blockBytes);
        lock (_gate)
        {
            if (_count > 0)
            {
                Block block = _free[--_count];
                block.Rented = true;
                return block;
            }
        }

        return new Block(this, blockBytes) { Rented = true };
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

    private sealed class Block(BlockPool pool, int bytes) : IMemoryOwner<byte>
    {
        // Pinned heap: the garbage collector never moves what the kernel reads and writes.
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);

        /// <summary>True from rent to return.</summary>
        internal bool Rented { get; set; }

        public Memory<byte> Memory => _bytes;

        public void Dispose() => pool.Return(this);
    }
}
