using System;

namespace CoreEngine.IO.Snapshots;

/// <summary>Compresses and restores the contents of chunks.</summary>
/// <remarks>Thread-safe: no state.</remarks>
internal static class SnapshotCodecs
{
    /// <summary>A chunk that does not shrink by one part of so many is stored as it is: it is read faster.</summary>
    private const int GainMin = 32;

    /// <summary>Why chunks are stored as they are though compression is asked for; empty when they are not.</summary>
    internal static string MissingReason => Lz4Block.MissingReason;

    /// <summary>Stores a chunk's contents.</summary>
    /// <param name="wanted">How, if it gains anything.</param>
    /// <param name="raw">At most <see cref="SnapshotFormat.ChunkBytesMax"/> bytes.</param>
    /// <param name="target">At least as long as <paramref name="raw"/>.</param>
    /// <param name="stored">Bytes written.</param>
    /// <returns>How they are stored.</returns>
    internal static SnapshotCodec Compress(
        SnapshotCodec wanted, ReadOnlySpan<byte> raw, Span<byte> target, out int stored)
    {
        if (wanted == SnapshotCodec.Lz4)
        {
            stored = Lz4Block.Compress(raw, target[..(raw.Length - (raw.Length / GainMin))]);
            if (stored > 0 && stored < raw.Length)
            {
                return SnapshotCodec.Lz4;
            }
        }

        raw.CopyTo(target);
        stored = raw.Length;
        return SnapshotCodec.None;
    }

    /// <summary>Restores a chunk's contents.</summary>
    /// <param name="raw">Exactly as many bytes as the chunk's header says.</param>
    /// <returns>False when the stored bytes are not what they say.</returns>
    internal static bool TryRestore(SnapshotCodec codec, ReadOnlySpan<byte> stored, Span<byte> raw)
    {
        switch (codec)
        {
            case SnapshotCodec.Lz4:
                return Lz4Block.TryRestore(stored, raw);
            case SnapshotCodec.None when stored.Length == raw.Length:
                stored.CopyTo(raw);
                return true;
            default:
                return false;
        }
    }
}
