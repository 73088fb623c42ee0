using CoreEngine.IO.Snapshots;
using CoreEngine.Loop;

namespace CoreEngine.Snapshots;

/// <summary>How a group's chunks are stored: as its options say, where this machine can.</summary>
internal static class ChunkCodec
{
    /// <summary>What this machine can do, for people.</summary>
    internal static string Description => SnapshotCodecs.MissingReason.Length == 0
        ? "snapshots by LZ4"
        : $"snapshots uncompressed ({SnapshotCodecs.MissingReason})";

    /// <summary>Says once for all groups of the shard when it cannot be as the options say.</summary>
    internal static SnapshotCodec Choose(EngineLoop loop, GroupRuntime group)
    {
        if (group.Options.Snapshots.Compression == SnapshotCompression.None)
        {
            return SnapshotCodec.None;
        }

        if (SnapshotCodecs.MissingReason.Length == 0)
        {
            return SnapshotCodec.Lz4;
        }

        if (!loop.Snapshots.IsCompressionMissed)
        {
            loop.Snapshots.IsCompressionMissed = true;
            loop.Options.Log?.Invoke($"snapshots are stored uncompressed: {SnapshotCodecs.MissingReason}");
        }

        return SnapshotCodec.None;
    }
}
