// Goal: commands and replies survive the log, and no bytes whatever make their readers throw or guess.
// Method: round trips at every length where the encoding changes; cuts, flips and random bytes by seed.
using System;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.Cli.Tests.KeyValue;

public sealed class KeyValueCodecTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(KeyValueCommand.ValueBytesMax)]
    public void ASet_ComesBackAsItWas(int length)
    {
        byte[] value = new byte[length];
        new Random(length).NextBytes(value);
        byte[] key = value.AsSpan(0, Math.Min(length, KeyValueCommand.KeyBytesMax)).ToArray();
        byte[] bytes = Commands.Make(KeyValueOperation.Set, key, value);
        Assert.Equal(1 + KeyValueCommandWriter.SizeOf(key.Length) + KeyValueCommandWriter.SizeOf(length), bytes.Length);
        Assert.True(bytes.Length <= Limits.EntryBytesMax);
        Assert.True(KeyValueCommand.TryRead(bytes, out KeyValueCommand command));
        Assert.Equal(KeyValueOperation.Set, command.Operation);
        Assert.True(command.Key.SequenceEqual(key));
        Assert.True(command.Second.SequenceEqual(value));
    }

    [Fact]
    public void TheWriter_RefusesWhatDoesNotFit()
    {
        byte[] target = new byte[4];
        var writer = new KeyValueCommandWriter(target, KeyValueOperation.Set);
        Assert.True(writer.TryAdd("a"u8));
        Assert.False(writer.TryAdd("b"u8));
        Assert.Equal(3, writer.Written);
        Assert.True(writer.TryAdd(default));
    }

    [Theory]
    [InlineData((byte)KeyValueOperation.Set, 1)]
    [InlineData((byte)KeyValueOperation.Set, 3)]
    [InlineData((byte)KeyValueOperation.SetIfAbsent, 1)]
    [InlineData((byte)KeyValueOperation.SetIfPresent, 3)]
    [InlineData((byte)KeyValueOperation.Delete, 0)]
    [InlineData((byte)KeyValueOperation.Delete, KeyValueCommand.KeysMax + 1)]
    [InlineData((byte)KeyValueOperation.Increment, 2)]
    [InlineData((byte)KeyValueOperation.Append, 1)]
    [InlineData((byte)KeyValueOperation.CompareAndSet, 2)]
    [InlineData((byte)KeyValueOperation.CompareAndSet, 4)]
    [InlineData((byte)0, 1)]
    [InlineData((byte)8, 2)]
    public void AWrongNumberOfParts_IsRefused(byte operation, int parts)
    {
        byte[][] all = new byte[parts][];
        Array.Fill(all, "x"u8.ToArray());
        Assert.False(KeyValueCommand.TryRead(Commands.Make((KeyValueOperation)operation, all), out _));
    }

    [Fact]
    public void TooLongAKeyOrValue_IsRefused()
    {
        byte[] key = new byte[KeyValueCommand.KeyBytesMax + 1];
        byte[] value = new byte[KeyValueCommand.ValueBytesMax + 1];
        Assert.False(KeyValueCommand.TryRead(Commands.Make(KeyValueOperation.Increment, key), out _));
        Assert.False(KeyValueCommand.TryRead(Commands.Make(KeyValueOperation.Set, "k"u8.ToArray(), value), out _));
        Assert.False(KeyValueCommand.TryRead(Commands.Make(KeyValueOperation.Delete, "k"u8.ToArray(), key), out _));
        Assert.True(KeyValueCommand.TryRead(Commands.Make(KeyValueOperation.Set, key[1..], value[1..]), out _));
    }

    [Fact]
    public void EveryCutOfACommand_IsRefused()
    {
        byte[] bytes = Commands.Make(KeyValueOperation.CompareAndSet, "key"u8.ToArray(), new byte[200], new byte[3]);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(KeyValueCommand.TryRead(bytes.AsSpan(0, length), out _));
        }

        Assert.False(KeyValueCommand.TryRead([.. bytes, 0], out _));
    }

    [Fact]
    public void HostileBytes_NeverThrowAndNeverHarmTheStore()
    {
        var store = new KeyValueStore(new KeyValueStoreOptions { MemoryBytesMax = 64 * 1024, KeysExpected = 16 });
        Span<byte> reply = stackalloc byte[KeyValueReply.CommandReplyBytesMax];
        int accepted = 0;
        for (int seed = 0; seed < 200_000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(0, 24)];
            random.NextBytes(bytes);
            if (bytes.Length > 2)
            {
                bytes[0] = (byte)random.Next(0, 9);
                bytes[1] = (byte)random.Next(0, bytes.Length);
            }

            int written = store.Apply(bytes, reply);
            Assert.True(KeyValueReply.TryRead(reply[..written], out KeyValueReply result), $"seed {seed}");
            accepted += result.Error == KeyValueError.BadCommand ? 0 : 1;
        }

        Assert.InRange(accepted, 1_000, 199_000);
    }

    [Fact]
    public void Replies_ComeBackAsTheyWere()
    {
        byte[] target = new byte[64];
        Assert.True(KeyValueReply.TryRead(target.AsSpan(0, KeyValueReply.Ok.Write(target)), out KeyValueReply reply));
        Assert.Equal(KeyValueReplyType.Ok, reply.Type);
        Assert.True(KeyValueReply.TryRead(target.AsSpan(0, KeyValueReply.Nil.Write(target)), out reply));
        Assert.Equal(KeyValueReplyType.Nil, reply.Type);
        foreach (long number in new[] { long.MinValue, -1, 0, long.MaxValue })
        {
            Assert.True(KeyValueReply.TryRead(target.AsSpan(0, KeyValueReply.Number(number).Write(target)), out reply));
            Assert.Equal(number, reply.Integer);
        }

        foreach (KeyValueError error in Enum.GetValues<KeyValueError>())
        {
            bool isError = error != KeyValueError.None;
            Assert.Equal(
                isError, KeyValueReply.TryRead(target.AsSpan(0, KeyValueReply.Refuse(error).Write(target)), out reply));
            Assert.Equal(error, reply.Error);
            Assert.Equal(isError, !KeyValueReply.TextOf(error).SequenceEqual("ERR unknown error"u8));
        }

        Assert.True(KeyValueReply.TryRead(target.AsSpan(0, KeyValueReply.Value("a\0b"u8).Write(target)), out reply));
        Assert.True(reply.Bulk.SequenceEqual("a\0b"u8));
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 1, 0 })]
    [InlineData(new byte[] { 2, 0 })]
    [InlineData(new byte[] { 3, 1, 2, 3 })]
    [InlineData(new byte[] { 3, 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    [InlineData(new byte[] { 4 })]
    [InlineData(new byte[] { 4, 0 })]
    [InlineData(new byte[] { 4, 6 })]
    [InlineData(new byte[] { 6 })]
    public void SenselessReplies_AreRefused(byte[] bytes) => Assert.False(KeyValueReply.TryRead(bytes, out _));
}
