using System;
using System.Collections.Generic;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>Pages of simulated files, by number: taken one by one, given back all at once.</summary>
/// <remarks>Not thread-safe. Number 0 is no page.</remarks>
internal sealed class PageArena
{
    internal const int PageBytes = 4096;
    private const int ChunkPages = 256;

    private readonly List<byte[]> _chunks = [];
    private int _taken = 1;

    /// <summary>Pages in use.</summary>
    internal int Taken => _taken - 1;

    /// <summary>A page with what its last user left in it.</summary>
    internal int Take()
    {
        Invariant.Holds(_taken < int.MaxValue);
        if (_taken / ChunkPages == _chunks.Count)
        {
            _chunks.Add(GC.AllocateUninitializedArray<byte>(ChunkPages * PageBytes));
        }

        return _taken++;
    }

    internal Span<byte> this[int page] =>
        _chunks[page / ChunkPages].AsSpan(page % ChunkPages * PageBytes, PageBytes);

    /// <summary>Every page is free again; nobody may hold one.</summary>
    internal void Reset() => _taken = 1;
}
