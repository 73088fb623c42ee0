namespace CoreEngine.Protocol.Raft;

/// <summary>Entries that lie side by side in memory.</summary>
/// <param name="First">First entry.</param>
/// <param name="Count">How many, at least one.</param>
/// <param name="Serial">Chunk that holds them.</param>
/// <param name="Offset">Where in the chunk they start.</param>
/// <param name="Length">Bytes of their records.</param>
internal readonly record struct SuffixRange(ulong First, int Count, int Serial, int Offset, int Length);

/// <summary>Where a cached entry lies.</summary>
/// <param name="Serial">Chunk that holds it.</param>
/// <param name="Offset">Where in the chunk it starts.</param>
internal readonly record struct SuffixPlace(int Serial, int Offset);

/// <summary>Entries' records one behind the other.</summary>
internal struct SuffixChunk
{
    public byte[] Bytes;

    /// <summary>Bytes used, from the start.</summary>
    public int Used;

    /// <summary>Index of the first entry in it.</summary>
    public ulong First;

    /// <summary>Bytes used in all earlier chunks: makes sizes of ranges a subtraction.</summary>
    public long Position;
}
