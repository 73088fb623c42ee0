using System;
using System.Collections.Generic;
using CoreEngine.IO.Ring;
using CoreEngine.Model;

namespace CoreEngine.Simulation;

/// <summary>
/// The memory of worlds, kept from one to the next: making and clearing it for every start of a replica would cost more
/// than what the replica does.
/// </summary>
/// <remarks>One world at a time; not thread-safe. What it holds has no influence on what happens.</remarks>
internal sealed class SimulationMemory : IDisposable
{
    private readonly List<byte[]> _scratch = [];

    /// <summary>Buffers of the logs.</summary>
    internal SlabPool Slabs { get; } = new();

    /// <summary>Pages of the simulated disks.</summary>
    internal PageArena Pages { get; } = new();

    /// <summary>Room for a frame body of one replica's loop; a replica has one loop at a time.</summary>
    internal byte[] ScratchOf(uint replica)
    {
        while (_scratch.Count < replica)
        {
            _scratch.Add(new byte[Limits.FrameBytesMax]);
        }

        return _scratch[(int)replica - 1];
    }

    /// <summary>Forgets the pages of the world that has ended.</summary>
    internal void Reset() => Pages.Reset();

    public void Dispose() => Slabs.Dispose();
}
