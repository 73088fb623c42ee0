using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using CoreEngine.Model;

namespace CoreEngine.IO.Ring;

/// <summary>Keeps the memory of slabs for the next one of the same size, across the lives of logs.</summary>
/// <remarks>
/// For whoever opens logs by the thousand: a process that opens one has no use for it. Not thread-safe. Memory comes
/// back as its last user left it. Unsafe: addresses only, never read or written here; each is of one allocation and in
/// one place, a slab or the pool.
/// </remarks>
internal sealed unsafe class SlabPool : IDisposable
{
    private readonly Dictionary<int, Stack<nint>> _free = [];
    private bool _isDisposed;

    public void Dispose()
    {
        _isDisposed = true;
        foreach (Stack<nint> stack in _free.Values)
        {
            while (stack.TryPop(out nint memory))
            {
                Free(memory);
            }
        }
    }

    /// <summary>Zeroed memory of the system.</summary>
    internal static nint Allocate(int length)
    {
        void* memory = NativeMemory.AlignedAlloc((nuint)length, AlignedSlab.Alignment);
        NativeMemory.Clear(memory, (nuint)length);
        return (nint)memory;
    }

    internal static void Free(nint memory) => NativeMemory.AlignedFree((void*)memory);

    internal nint Take(int length)
    {
        Invariant.Holds(!_isDisposed);
        return _free.TryGetValue(length, out Stack<nint>? stack) && stack.TryPop(out nint memory)
            ? memory
            : Allocate(length);
    }

    internal void Give(nint memory, int length)
    {
        if (_isDisposed)
        {
            Free(memory);
            return;
        }

        if (!_free.TryGetValue(length, out Stack<nint>? stack))
        {
            stack = new Stack<nint>();
            _free.Add(length, stack);
        }

        stack.Push(memory);
    }
}
