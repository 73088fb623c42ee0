// Goal: a snapshot of the store is the state at its capture, whatever is applied while it is written, and a store
// restored from it goes on as the first one does.
// Method: random commands by seed; the stream goes through a pipe that holds the writer back, so that commands are
// surely applied in the middle of it; states are compared key by key and by digest.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Pipelines;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Server;
using Xunit;

namespace CoreEngine.Cli.Tests.KeyValue;

public sealed class KeyValueSnapshotTests
{
    private const int Keys = 12_000;
    private const int ValueBytes = 700;

    [Fact]
    public async Task A_restored_store_is_the_captured_one_and_goes_on_alike()
    {
        KeyValueStore store = Filled(seed: 1);
        byte[] bytes = await WriteAsync(store, index: 77);
        KeyValueStore restored = Store();
        RunSet(restored, "left over", "gone after the restore");
        Assert.Equal(77UL, await ReadAsync(restored, bytes));
        Assert.Equal(Contents(store), Contents(restored));
        Assert.Equal(store.Count, restored.Count);
        Assert.Equal(store.ChargedBytes, restored.ChargedBytes);
        Assert.Equal(store.Digest, restored.Digest);

        Change(store, seed: 2);
        Change(restored, seed: 2);
        Assert.Equal(store.Digest, restored.Digest);
        Assert.Equal(Contents(store), Contents(restored));
    }

    [Fact]
    public async Task What_is_applied_while_the_snapshot_is_written_is_not_in_it()
    {
        KeyValueStore store = Filled(seed: 3);
        Dictionary<string, string?> before = Contents(store);
        ulong digest = store.Digest;
        BlockView view = store.Capture();

        // The writer stands after its first flush until somebody reads.
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 0));
        Task writing = WriteToAsync(view, 5, digest, pipe.Writer);
        Assert.False(writing.IsCompleted);
        Change(store, seed: 4);
        Assert.NotEqual(digest, store.Digest);
        Assert.True(view.PagesKept > 0);

        KeyValueStore restored = Store();
        ulong index = await KeyValueSnapshot.ReadAsync(restored, pipe.Reader, CancellationToken.None);
        await writing;
        Assert.Equal(5UL, index);
        Assert.Equal(digest, restored.Digest);
        Assert.Equal(before, Contents(restored));
        Assert.NotEqual(before, Contents(store));
    }

    [Fact]
    public async Task A_snapshot_that_ends_early_or_names_nonsense_is_refused()
    {
        byte[] bytes = await WriteAsync(Filled(seed: 5), index: 1);
        foreach (int length in new[] { 0, 15, 16, bytes.Length / 2, bytes.Length - 1 })
        {
            await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(Store(), bytes[..length]));
        }

        bytes[19] = 0x7f;
        InvalidDataException error = await Assert.ThrowsAsync<InvalidDataException>(() => ReadAsync(Store(), bytes));
        Assert.Contains("lengths", error.Message, StringComparison.Ordinal);
    }

    private static KeyValueStore Store() => new(new KeyValueStoreOptions { KeysExpected = 8 });

    /// <summary>Several slabs of keys, with holes.</summary>
    private static KeyValueStore Filled(int seed)
    {
        KeyValueStore store = Store();
        for (int i = 0; i < Keys; i++)
        {
            RunSet(store, KeyOf(i), new string((char)('a' + (i % 26)), ValueBytes));
        }

        Change(store, seed);
        return store;
    }

    /// <summary>Overwrites, resizes, deletes and adds, all over the store.</summary>
    private static void Change(KeyValueStore store, int seed)
    {
        var chances = new Random(seed);
        for (int i = 0; i < Keys; i++)
        {
            string key = KeyOf(chances.Next(Keys + (Keys / 8)));
            switch (chances.Next(4))
            {
                case 0:
                    Apply(store, Commands.Make(KeyValueOperation.Delete, Encoding.Latin1.GetBytes(key)));
                    break;
                case 1:
                    RunSet(store, key, new string('r', chances.Next(2 * ValueBytes)));
                    break;
                default:
                    RunSet(store, key, new string((char)('A' + chances.Next(26)), ValueBytes));
                    break;
            }
        }
    }

    private static string KeyOf(int number) => string.Create(CultureInfo.InvariantCulture, $"key-{number:D6}");

    private static void RunSet(KeyValueStore store, string key, string value) => Apply(
        store,
        Commands.Make(KeyValueOperation.Set, Encoding.Latin1.GetBytes(key), Encoding.Latin1.GetBytes(value)));

    private static void Apply(KeyValueStore store, byte[] command)
    {
        byte[] reply = new byte[KeyValueReply.CommandReplyBytesMax];
        _ = store.Apply(command, reply);
    }

    private static Dictionary<string, string?> Contents(KeyValueStore store)
    {
        var contents = new Dictionary<string, string?>();
        for (int i = 0; i < Keys + (Keys / 8); i++)
        {
            contents[KeyOf(i)] = store.TryGet(Encoding.Latin1.GetBytes(KeyOf(i)), out ReadOnlySpan<byte> value)
                ? Encoding.Latin1.GetString(value)
                : null;
        }

        contents["left over"] = store.TryGet("left over"u8, out _) ? "there" : null;
        return contents;
    }

    private static async Task<byte[]> WriteAsync(KeyValueStore store, ulong index)
    {
        using var target = new MemoryStream();
        var writer = PipeWriter.Create(target, new StreamPipeWriterOptions(leaveOpen: true));
        await WriteToAsync(store.Capture(), index, store.Digest, writer);
        return target.ToArray();
    }

    private static async Task WriteToAsync(BlockView view, ulong index, ulong digest, PipeWriter writer)
    {
        using var snapshot = new KeyValueSnapshot(view, index, digest);
        await snapshot.WriteAsync(writer, CancellationToken.None);
        await writer.CompleteAsync();
    }

    private static async Task<ulong> ReadAsync(KeyValueStore store, byte[] bytes)
    {
        using var source = new MemoryStream(bytes);
        return await KeyValueSnapshot.ReadAsync(store, PipeReader.Create(source), CancellationToken.None);
    }
}
