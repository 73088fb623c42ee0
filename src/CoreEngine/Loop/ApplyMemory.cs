using System;
using System.Collections.Generic;

namespace CoreEngine.Loop;

/// <summary>What a machine needs while it takes a batch in: lent for one batch at a time.</summary>
internal sealed class ApplyMemory
{
    /// <summary>The replies of the batch.</summary>
    internal ReplyBuffer Replies { get; } = new();

    /// <summary>The batch itself, when a worker takes it in.</summary>
    internal byte[] Copy { get; private set; } = [];

    /// <summary>Copies a batch.</summary>
    internal void Take(ReadOnlySpan<byte> records)
    {
        if (Copy.Length < records.Length)
        {
            Copy = new byte[int.Max(records.Length, 2 * Copy.Length)];
        }

        records.CopyTo(Copy);
    }
}

/// <summary>The apply memory of a shard: as much as was ever needed at a time, whatever the number of groups.</summary>
/// <remarks>Shard's thread only.</remarks>
internal sealed class ApplyMemoryPool
{
    private readonly Stack<ApplyMemory> _free = new();

    internal ApplyMemory Rent() => _free.TryPop(out ApplyMemory? memory) ? memory : new ApplyMemory();

    internal void Return(ApplyMemory memory) => _free.Push(memory);
}
