using System;
using System.Buffers;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>Memory outside the managed heap, aligned to 4 KiB as direct I/O wants it; zeroed but from a pool.</summary>
/// <remarks>
/// The owner frees it after the last operation on it was reaped: the kernel writes to the address until then. There is
/// no finalizer
/// on purpose: a forgotten slab is a leak, a finalized one would be memory that the kernel overwrites after it went to
/// somebody else.
/// </remarks>
internal sealed unsafe class AlignedSlab : MemoryManager<byte>
{
    /// <summary>Alignment of the first byte.</summary>
    internal const int Alignment = 4096;

    private readonly int _length;
    private readonly SlabPool? _pool;
    private byte* _memory;

    /// <param name="length">Bytes; a multiple of <see cref="Alignment"/>.</param>
    /// <param name="pool">
    /// Where the memory comes from and goes back to, and then it holds what its last user left; null: the system's, and
    /// zeroed.
    /// </param>
    internal AlignedSlab(int length, SlabPool? pool = null)
    {
        Invariant.Holds(length > 0);
        Invariant.Holds(length % Alignment == 0);
        _length = length;
        _pool = pool;
        _memory = (byte*)(pool?.Take(length) ?? SlabPool.Allocate(length));
    }

    /// <summary>Bytes of the slab.</summary>
    internal int Length => _length;

    /// <summary>Where the slab starts, for operations of a ring.</summary>
    internal nint Address
    {
        get
        {
            Invariant.Holds(_memory != null);
            return (nint)_memory;
        }
    }

    // In bounds: pointer and length are those of the one allocation, and a disposed slab is refused.
    public override Span<byte> GetSpan()
    {
        Invariant.Holds(_memory != null);
        return new Span<byte>(_memory, _length);
    }

    /// <summary>A part of the slab.</summary>
    internal Span<byte> Slice(int start, int length) => GetSpan().Slice(start, length);

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        Invariant.Holds(_memory != null);
        Invariant.Holds(elementIndex >= 0);
        Invariant.Holds(elementIndex <= _length);
        return new MemoryHandle(_memory + elementIndex);
    }

    public override void Unpin()
    {
    }

    /// <summary>Gives the memory back. Nothing may be in flight on it.</summary>
    internal void Free() => ((IDisposable)this).Dispose();

    protected override void Dispose(bool disposing)
    {
        if (_memory == null)
        {
            return;
        }

        if (_pool is null)
        {
            SlabPool.Free((nint)_memory);
        }
        else
        {
            _pool.Give((nint)_memory, _length);
        }

        _memory = null;
    }
}
