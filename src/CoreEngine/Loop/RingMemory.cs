using System;
using System.Collections.Generic;
using System.Numerics;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.Loop;

/// <summary>The memory of a shard's proposal queues: lent to the groups that have proposals, kept in between.</summary>
/// <remarks>Any thread. What is lent and given back is all zero.</remarks>
internal sealed class RingMemory
{
    private const long KeptBytesMax = 64L * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Stack<byte[]>[] _kept = new Stack<byte[]>[32];
    private long _keptBytes;

    /// <param name="bytes">A power of two.</param>
    internal byte[] Rent(int bytes)
    {
        Invariant.Holds(BitOperations.IsPow2(bytes));
        lock (_lock)
        {
            if (_kept[BitOperations.Log2((uint)bytes)] is { Count: > 0 } kept)
            {
                _keptBytes -= bytes;
                return kept.Pop();
            }
        }

        return GC.AllocateArray<byte>(bytes, pinned: true);
    }

    internal void Return(byte[] memory)
    {
        lock (_lock)
        {
            if (_keptBytes + memory.Length <= KeptBytesMax)
            {
                _keptBytes += memory.Length;
                (_kept[BitOperations.Log2((uint)memory.Length)] ??= new Stack<byte[]>()).Push(memory);
            }
        }
    }
}
