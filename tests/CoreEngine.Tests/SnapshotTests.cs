// Goal: a snapshot on a real disk, compressed or not, brings a machine back exactly, and the engine says what it does.
// Method: one engine with a machine whose state compresses well; a snapshot, more entries, a restart.
using System;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using CoreEngine.IO.Snapshots;
using CoreEngine.Tests.Support;
using Xunit;

namespace CoreEngine.Tests;

public sealed class SnapshotTests
{
    private const int Commands = 300;

    [Theory]
    [InlineData(SnapshotCompression.None)]
    [InlineData(SnapshotCompression.Lz4)]
    public async Task A_restart_restores_what_was_captured_and_applies_what_followed(SnapshotCompression compression)
    {
        await using Cluster cluster = await OpenAsync(compression);
        SnapshotResult taken = await FillAsync(cluster);
        ulong digest = cluster.Machine(1).StateDigest;
        var heads = cluster.Machine(1).Heads.ToDictionary();

        // 300 heads of 16 bytes, nearly all of them equal but for a few bits.
        const int RawBytes = Commands * 16;
        bool isShorter = compression == SnapshotCompression.Lz4 && SnapshotCodecs.MissingReason.Length == 0;
        Assert.Equal(isShorter, taken.Bytes < SnapshotFormat.FirstChunk + (RawBytes * 3 / 4));
        FileInfo file = Assert.Single(new DirectoryInfo(cluster.Directory(1)).GetFiles("snap-*"));
        Assert.Equal(taken.Bytes, file.Length);

        await cluster.StopAsync(1);
        await cluster.StartAsync(1);
        await cluster.CommitAsync(9);
        Assert.Equal(1, cluster.Runtime(1).Snapshots.Restored);
        Assert.All(heads, head => Assert.Equal(head.Value, cluster.Machine(1).Heads[head.Key]));
        Assert.NotEqual(digest, cluster.Machine(1).StateDigest);
    }

    [Fact]
    public async Task The_engine_says_how_snapshots_are_stored_here()
    {
        await using Cluster cluster = await OpenAsync(SnapshotCompression.Lz4);
        string expected = SnapshotCodecs.MissingReason.Length == 0
            ? "; snapshots by LZ4"
            : $"; snapshots uncompressed ({SnapshotCodecs.MissingReason})";
        Assert.EndsWith(expected, cluster.Engine(1).Backends, StringComparison.Ordinal);
    }

    private static Task<Cluster> OpenAsync(SnapshotCompression compression) => Cluster.OpenAsync(
        1,
        group: GroupOptions.Raft() with
        {
            Snapshots = new SnapshotOptions { Compression = compression, KeptLogBytes = 0 },
        });

    /// <summary>Entries, a snapshot of them, and some entries more.</summary>
    private static async Task<SnapshotResult> FillAsync(Cluster cluster)
    {
        await cluster.LeaderAsync();
        for (ulong i = 0; i < Commands; i++)
        {
            await cluster.CommitAsync(i);
        }

        SnapshotResult taken = await cluster.Group(1).SnapshotAsync();
        Assert.True(taken.IsTaken, $"{taken.Refusal}");
        for (ulong i = 0; i < 10; i++)
        {
            await cluster.CommitAsync(i);
        }

        return taken;
    }
}
