// Goal: the sample machine does what Redis does for its commands, is deterministic, bounded in memory and free of
// allocation.
// Method: each command's table of cases; random commands by seed against a plain dictionary; counters of allocation and
// memory.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Cli.Tests.KeyValue;

public sealed class KeyValueStoreTests
{
    [Fact]
    public void Set_HonoursItsConditions()
    {
        KeyValueStore store = Store();
        Assert.Equal("nil", Run(store, KeyValueOperation.SetIfPresent, "k", "a"));
        Assert.Equal("ok", Run(store, KeyValueOperation.SetIfAbsent, "k", "a"));
        Assert.Equal("nil", Run(store, KeyValueOperation.SetIfAbsent, "k", "b"));
        Assert.Equal("a", Get(store, "k"));
        Assert.Equal("ok", Run(store, KeyValueOperation.SetIfPresent, "k", "c"));
        Assert.Equal("c", Get(store, "k"));
        Assert.Equal("ok", Run(store, KeyValueOperation.Set, "k", ""));
        Assert.Equal("", Get(store, "k"));
        Assert.Equal("ok", Run(store, KeyValueOperation.Set, "", "empty key"));
        Assert.Equal("empty key", Get(store, ""));
    }

    [Fact]
    public void Delete_CountsTheKeysThatWereThere()
    {
        KeyValueStore store = Store();
        Run(store, KeyValueOperation.Set, "a", "1");
        Run(store, KeyValueOperation.Set, "b", "2");
        Assert.Equal("2", Run(store, KeyValueOperation.Delete, "a", "x", "b", "a"));
        Assert.Null(Get(store, "a"));
        Assert.Equal(0, store.Count);
        Assert.Equal(0, store.ChargedBytes);
    }

    [Theory]
    [InlineData(null, "1", "1")]
    [InlineData("41", "42", "42")]
    [InlineData("-1", "0", "0")]
    [InlineData("9", "10", "10")]
    [InlineData("-9223372036854775808", "-9223372036854775807", "-9223372036854775807")]
    [InlineData("9223372036854775806", "9223372036854775807", "9223372036854775807")]
    [InlineData("9223372036854775807", "Overflow", "9223372036854775807")]
    [InlineData("9223372036854775808", "NotAnInteger", "9223372036854775808")]
    [InlineData("", "NotAnInteger", "")]
    [InlineData("+1", "NotAnInteger", "+1")]
    [InlineData(" 1", "NotAnInteger", " 1")]
    [InlineData("01", "NotAnInteger", "01")]
    [InlineData("-0", "NotAnInteger", "-0")]
    [InlineData("1.0", "NotAnInteger", "1.0")]
    [InlineData("1\0", "NotAnInteger", "1\0")]
    public void Increment_FollowsRedis(string? before, string reply, string after)
    {
        KeyValueStore store = Store();
        if (before is not null)
        {
            Run(store, KeyValueOperation.Set, "n", before);
        }

        Assert.Equal(reply, Run(store, KeyValueOperation.Increment, "n"));
        Assert.Equal(after, Get(store, "n"));
    }

    [Fact]
    public void Append_ExtendsUpToTheLargestValue()
    {
        KeyValueStore store = Store();
        Assert.Equal("2", Run(store, KeyValueOperation.Append, "k", "ab"));
        Assert.Equal("5", Run(store, KeyValueOperation.Append, "k", "cde"));
        Assert.Equal("5", Run(store, KeyValueOperation.Append, "k", ""));
        Assert.Equal("abcde", Get(store, "k"));
        string most = new('x', KeyValueCommand.ValueBytesMax - 5);
        Assert.Equal($"{KeyValueCommand.ValueBytesMax}", Run(store, KeyValueOperation.Append, "k", most));
        Assert.Equal("ValueTooLarge", Run(store, KeyValueOperation.Append, "k", "y"));
        Assert.Equal("abcde" + most, Get(store, "k"));
    }

    [Fact]
    public void CompareAndSet_WritesOnlyOverTheExpectedValue()
    {
        KeyValueStore store = Store();
        Assert.Equal("0", Run(store, KeyValueOperation.CompareAndSet, "k", "", "a"));
        Assert.Null(Get(store, "k"));
        Run(store, KeyValueOperation.Set, "k", "a");
        Assert.Equal("0", Run(store, KeyValueOperation.CompareAndSet, "k", "b", "c"));
        Assert.Equal("1", Run(store, KeyValueOperation.CompareAndSet, "k", "a", "longer than before, by far"));
        Assert.Equal("longer than before, by far", Get(store, "k"));
    }

    [Fact]
    public void TheBoundOnMemory_RefusesGrowthAndNothingElse()
    {
        KeyValueStore store = Store(memoryBytesMax: 200);
        Assert.Equal("ok", Run(store, KeyValueOperation.Set, "k", "small"));
        long charged = store.ChargedBytes;
        string large = new('x', 200);
        foreach (string key in new[] { "k", "other" })
        {
            Assert.Equal("OutOfMemory", Run(store, KeyValueOperation.Set, key, large));
            Assert.Equal("OutOfMemory", Run(store, KeyValueOperation.Append, key, large));
        }

        Assert.Equal("OutOfMemory", Run(store, KeyValueOperation.CompareAndSet, "k", "small", large));
        Assert.Equal("ok", Run(store, KeyValueOperation.Set, "n", "9"));
        Assert.Equal("OutOfMemory", Run(store, KeyValueOperation.Increment, "m"));
        Assert.Equal("10", Run(store, KeyValueOperation.Increment, "n"));
        Assert.Equal("small", Get(store, "k"));
        Assert.Equal("1", Run(store, KeyValueOperation.Delete, "n"));
        Assert.Equal(charged, store.ChargedBytes);
    }

    [Fact]
    public void RandomCommands_DoWhatADictionaryDoes()
    {
        for (ulong seed = 0; seed < 60; seed++)
        {
            var prng = new Prng(seed);
            bool isTight = prng.Chance(1, 2);
            long memoryBytesMax = isTight ? prng.Between(500, 20_000) : 1 << 30;
            KeyValueStore store = Store(memoryBytesMax);
            KeyValueStore twin = Store(memoryBytesMax);
            var model = new KeyValueModel(memoryBytesMax);
            int sizes = prng.Chance(1, 4) ? 20_000 : 60;
            for (int step = 0; step < 3_000; step++)
            {
                byte[] bytes = model.Draw(prng, sizes, out string expected);
                Assert.Equal((seed, step, expected), (seed, step, Run(store, bytes)));
                Run(twin, bytes);
                Assert.Equal((seed, step, model.Values.Count), (seed, step, store.Count));
                Assert.Equal((seed, step, model.Charged), (seed, step, store.ChargedBytes));
                Assert.Equal((seed, step, store.Digest), (seed, step, twin.Digest));
            }

            for (int key = 0; key < KeyValueModel.Keys; key++)
            {
                string name = KeyValueModel.Name(key);
                Assert.Equal(model.Values.GetValueOrDefault(name), Get(store, name));
            }
        }
    }

    [Fact]
    public void TheDigest_SeesOrderEffectAndReply()
    {
        KeyValueStore one = Store();
        KeyValueStore two = Store();
        Run(one, KeyValueOperation.Set, "a", "1");
        Run(one, KeyValueOperation.Set, "b", "2");
        Run(two, KeyValueOperation.Set, "b", "2");
        Run(two, KeyValueOperation.Set, "a", "1");
        Assert.NotEqual(one.Digest, two.Digest);
        ulong before = one.Digest;
        Run(one, KeyValueOperation.CompareAndSet, "a", "x", "y");
        Assert.NotEqual(before, one.Digest);
        before = one.Digest;
        Run(one, []);
        Assert.NotEqual(before, one.Digest);
    }

    [Fact]
    public void Sweeping_KeepsMemoryNearTheStateAndTheStateIntact()
    {
        // Values of every size overwrite each other until many times the memory bound has been written.
        KeyValueStore store = Store(memoryBytesMax: 100_000_000);
        var prng = new Prng(7);
        int[] sizes = new int[3_000];
        byte[] value = new byte[300_000];
        long held = 0;
        for (int step = 0; step < 60_000; step++)
        {
            int key = (int)prng.Between(0, sizes.Length);
            int size = (int)(prng.Chance(1, 50) ? prng.Between(0, value.Length) : prng.Between(0, 9_000));
            value.AsSpan(0, size).Fill(unchecked((byte)key));
            byte[] bytes = Commands.Make(KeyValueOperation.Set, Encoding.ASCII.GetBytes($"{key}"), value[..size]);
            Assert.Equal("ok", Run(store, bytes));
            sizes[key] = size;
            held = Math.Max(held, store.HeldBytes - (store.ChargedBytes * 3 / 2));
        }

        Assert.InRange(held, 0, 6L * BlockArena.SlabBytes);
        for (int key = 0; key < sizes.Length; key++)
        {
            bool isThere = store.TryGet(Encoding.ASCII.GetBytes($"{key}"), out ReadOnlySpan<byte> found);
            Assert.True(!isThere || (found.Length == sizes[key] && found.IndexOfAnyExcept(unchecked((byte)key)) < 0));
            Assert.Equal(sizes[key] > 0, isThere && found.Length > 0);
        }

        for (int key = 0; key < sizes.Length; key++)
        {
            Run(store, KeyValueOperation.Delete, $"{key}");
        }

        Assert.Equal(0, store.ChargedBytes);
        Assert.True(store.HeldBytes < 6L * BlockArena.SlabBytes);
    }

    [Fact]
    public void OverwritingValuesOfSimilarSize_AllocatesNothing()
    {
        KeyValueStore store = Store();
        var commands = new List<byte[]>();
        var prng = new Prng(3);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] key = Encoding.ASCII.GetBytes($"key{prng.Between(0, 2_000)}");
            byte[] value = new byte[prng.Between(100, 400)];
            commands.Add(Commands.Make(KeyValueOperation.Set, key, value));
        }

        for (int i = 0; i < 2_000; i++)
        {
            commands.Add(Commands.Make(KeyValueOperation.Increment, Encoding.ASCII.GetBytes($"n{i % 10}")));
            byte[] zero = "0"u8.ToArray();
            commands.Add(Commands.Make(KeyValueOperation.CompareAndSet, "c"u8.ToArray(), zero, zero));
            commands.Add(Commands.Make(KeyValueOperation.Delete, "gone"u8.ToArray(), "c"u8.ToArray()));
            commands.Add(Commands.Make(KeyValueOperation.Append, "c"u8.ToArray(), "0"u8.ToArray()));
        }

        ApplyAll(store, commands);
        ApplyAll(store, commands);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ApplyAll(store, commands);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void ApplyAll(KeyValueStore store, List<byte[]> commands)
    {
        Span<byte> reply = stackalloc byte[KeyValueReply.CommandReplyBytesMax];
        for (int i = 0; i < commands.Count; i++)
        {
            store.Apply(commands[i], reply);
        }
    }

    private static KeyValueStore Store(long memoryBytesMax = 1 << 30) =>
        new(new KeyValueStoreOptions { MemoryBytesMax = memoryBytesMax, KeysExpected = 8 });

    private static string Run(KeyValueStore store, KeyValueOperation operation, params string[] parts) =>
        Run(store, Commands.Make(operation, Array.ConvertAll(parts, Encoding.Latin1.GetBytes)));

    private static string Run(KeyValueStore store, byte[] command)
    {
        byte[] bytes = new byte[KeyValueReply.CommandReplyBytesMax];
        int written = store.Apply(command, bytes);
        Assert.True(KeyValueReply.TryRead(bytes.AsSpan(0, written), out KeyValueReply reply));
        return reply.Type switch
        {
            KeyValueReplyType.Ok => "ok",
            KeyValueReplyType.Nil => "nil",
            KeyValueReplyType.Integer => reply.Integer.ToString(CultureInfo.InvariantCulture),
            _ => reply.Error.ToString(),
        };
    }

    private static string? Get(KeyValueStore store, string key) =>
        store.TryGet(Encoding.Latin1.GetBytes(key), out ReadOnlySpan<byte> value)
            ? Encoding.Latin1.GetString(value)
            : null;
}
