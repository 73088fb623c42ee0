using System;

namespace CoreEngine.IO.Snapshots;

/// <summary>Compresses and restores the contents of chunks.</summary>
internal static class SnapshotCodecs
{
    /// <summary>Stores a chunk's contents as short as is known here.</summary>
    /// <param name="raw">At most <see cref="SnapshotFormat.ChunkBytesMax"/> bytes.</param>
    /// <param name="target">At least as long as <paramref name="raw"/>.</param>
    /// <param name="stored">Bytes written.</param>
    internal static SnapshotCodec Compress(ReadOnlySpan<byte> raw, Span<byte> target, out int stored)
    {
        raw.CopyTo(target);
        stored = raw.Length;
        return SnapshotCodec.None;
    }

    /// <summary>Restores a chunk's contents.</summary>
    /// <param name="raw">Exactly as many bytes as the chunk's header says.</param>
    /// <returns>False when the stored bytes are not what they say.</returns>
    internal static bool TryRestore(SnapshotCodec codec, ReadOnlySpan<byte> stored, Span<byte> raw)
    {
        if (codec != SnapshotCodec.None || stored.Length != raw.Length)
        {
            return false;
        }

        stored.CopyTo(raw);
        return true;
    }
}
