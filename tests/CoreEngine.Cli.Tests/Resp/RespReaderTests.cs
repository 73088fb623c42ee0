// Goal: the same bytes give the same commands however they arrive; limits are reported and survived; no bytes make it
// throw.
// Method: streams of commands cut at every byte and in random pieces, compared with one read; tables of errors; random
// bytes.
using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using CoreEngine.Cli.Resp;
using Xunit;

namespace CoreEngine.Cli.Tests.Resp;

public sealed class RespReaderTests
{
    private static readonly RespLimits Small =
        new() { ArgumentsMax = 4, BulkBytesMax = 20, CommandBytesMax = 50, InlineBytesMax = 64 };

    private const string Pipeline =
        "*1\r\n$4\r\nPING\r\n" +
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nb\0\r\n" +
        "*2\r\n$3\r\nGET\r\n$0\r\n\r\n" +
        "*0\r\n*-1\r\n\r\n   \n" +
        "GET k\n" +
        "  set \"a b\\x00\\n\\\"\" 'it\\'s \\n' x\t \r\n" +
        "*2\r\n$3\r\nSET\r\n$22\r\nthis is too large, oh!\r\n" +
        "*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$30\r\n123456789012345678901234567890\r\n" +
        "*3\r\n$20\r\n12345678901234567890\r\n$20\r\n12345678901234567890\r\n$20\r\n12345678901234567890\r\n" +
        "a b c d e\r\n" +
        "*1\r\n$4\r\nQUIT\r\n";

    private static readonly string[] PipelineExpected =
    [
        "[PING]",
        "[SET|k|a\r\nb\0]",
        "[GET|]",
        "[GET|k]",
        "[set|a b\0\n\"|it's \\n|x]",
        "!ERR an argument is longer than the maximum in bytes of 20",
        "!ERR more arguments than the maximum of 4",
        "!ERR the command is longer than the maximum in bytes of 50",
        "!ERR more arguments than the maximum of 4",
        "[QUIT]",
    ];

    [Fact]
    public void APipeline_IsReadInOrder() =>
        Assert.Equal(PipelineExpected, ReadAll(Small, Encoding.Latin1.GetBytes(Pipeline)));

    [Fact]
    public void APipelineCutAtAnyByte_GivesTheSameCommands()
    {
        byte[] bytes = Encoding.Latin1.GetBytes(Pipeline);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            Assert.Equal(PipelineExpected, ReadAll(Small, bytes[..cut], bytes[cut..]));
        }

        Assert.Equal(PipelineExpected, ReadAll(Small, Array.ConvertAll(bytes, static b => new[] { b })));
    }

    [Fact]
    public void ASequenceOfSegments_GivesTheSameCommandsAndConsumesNoMore()
    {
        byte[] bytes = Encoding.Latin1.GetBytes(Pipeline);
        for (int size = 1; size < bytes.Length; size += 3)
        {
            ReadOnlySequence<byte> input = Segments.Cut(bytes, size);
            using var reader = new RespReader(Small);
            var found = new List<string>();
            RespReadStatus status = reader.Read(ref input);
            while (status != RespReadStatus.NeedMore)
            {
                found.Add(Show(reader, status));
                status = reader.Read(ref input);
            }

            Assert.Equal(PipelineExpected, found);
            Assert.True(input.IsEmpty);
        }
    }

    [Theory]
    [InlineData("*x\r\n", "invalid multibulk length")]
    [InlineData("*1048577\r\n", "invalid multibulk length")]
    [InlineData("*9999999999\r\n", "invalid multibulk length")]
    [InlineData("*1\n", "invalid multibulk length")]
    [InlineData("*\r\n", "invalid multibulk length")]
    [InlineData("*+1\r\n", "invalid multibulk length")]
    [InlineData("*1\r\nGET\r\n", "expected '$', got 'G'")]
    [InlineData("*1\r\n\x01\r\n", "expected '$', got '?'")]
    [InlineData("*1\r\n\n", "expected '$', got '?'")]
    [InlineData("*1\r\n$-1\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$536870913\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$1 \r\n", "invalid bulk length")]
    [InlineData("*1\r\n$1\r\nab\r\n", "bulk string not ended by CRLF")]
    [InlineData("*1\r\n$1\r\na\rb", "bulk string not ended by CRLF")]
    [InlineData("get \"a\r\n", "unbalanced quotes in request")]
    [InlineData("get 'a'b\r\n", "unbalanced quotes in request")]
    [InlineData("get \"\\\r\n", "unbalanced quotes in request")]
    [InlineData("*11111111111111111111111111111111111111", "too big mbulk count string")]
    [InlineData("*1\r\n$11111111111111111111111111111111111111", "too big bulk count string")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901234567890", "too big inline request")]
    public void Garbage_IsAProtocolErrorAndEndsTheReading(string text, string problem)
    {
        byte[] garbage = Encoding.Latin1.GetBytes(text);
        string[] expected = [$"!!ERR Protocol error: {problem}"];
        Assert.Equal(expected, ReadAll(Small, [.. garbage, .. "*1\r\n$4\r\nPING\r\n"u8]));
        for (int cut = 1; cut < garbage.Length; cut++)
        {
            Assert.Equal(expected, ReadAll(Small, garbage[..cut], garbage[cut..]));
        }
    }

    [Fact]
    public void RandomBinary_ComesBackAsItWasInAnyPieces()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var stream = new ArrayBufferWriter<byte>();
            var expected = new List<string>();
            for (int command = 0; command < 20; command++)
            {
                byte[][] arguments = new byte[random.Next(1, 6)][];
                for (int i = 0; i < arguments.Length; i++)
                {
                    arguments[i] = new byte[random.Next(0, random.Next(0, 10) == 0 ? 40_000 : 40)];
                    random.NextBytes(arguments[i]);
                }

                WriteCommand(stream, arguments);
                expected.Add($"[{string.Join('|', Array.ConvertAll(arguments, Encoding.Latin1.GetString))}]");
            }

            var pieces = new List<byte[]>();
            for (int at = 0; at < stream.WrittenCount;)
            {
                int length = Math.Min(random.Next(1, random.Next(2, 20_000)), stream.WrittenCount - at);
                pieces.Add(stream.WrittenSpan.Slice(at, length).ToArray());
                at += length;
            }

            Assert.Equal(expected, ReadAll(new RespLimits(), [.. pieces]));
        }
    }

    [Fact]
    public void AnOversizeValue_IsSkippedWithoutBeingHeld()
    {
        const int Length = 64 * 1024 * 1024;
        using var reader = new RespReader(new RespLimits());
        ReadOnlySpan<byte> head = Encoding.ASCII.GetBytes($"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${Length}\r\n");
        Assert.Equal(RespReadStatus.NeedMore, reader.Read(ref head));
        byte[] piece = new byte[64 * 1024];
        long before = GC.GetAllocatedBytesForCurrentThread();
        int absorbed = 0;
        for (int sent = 0; sent < Length; sent += piece.Length)
        {
            ReadOnlySpan<byte> body = piece;
            absorbed += reader.Read(ref body) == RespReadStatus.NeedMore && body.IsEmpty ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(Length / piece.Length, absorbed);
        ReadOnlySpan<byte> rest = "\r\n*1\r\n$4\r\nPING\r\n"u8;
        Assert.Equal(RespReadStatus.Oversize, reader.Read(ref rest));
        Assert.StartsWith("ERR ", Encoding.ASCII.GetString(reader.Problem), StringComparison.Ordinal);
        Assert.Equal(RespReadStatus.Command, reader.Read(ref rest));
        Assert.True(reader.Argument(0).SequenceEqual("PING"u8));
    }

    [Fact]
    public void RandomBytes_NeverThrow()
    {
        byte[] alphabet = "*$0123456789\r\n\r\n\"'\\x -a\0\xff"u8.ToArray();
        int commands = 0;
        int oversizes = 0;
        for (int seed = 0; seed < 100_000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(0, 80)];
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = random.Next(0, 20) == 0
                    ? (byte)random.Next(0, 256)
                    : alphabet[random.Next(0, alphabet.Length)];
            }

            byte[] lead = random.Next(0, 2) == 0
                ? []
                : Encoding.ASCII.GetBytes($"*{random.Next(0, 7)}\r\n${random.Next(0, 30)}\r\n");
            int cut = random.Next(0, bytes.Length + 1);
            List<string> whole = ReadAll(Small, [.. lead, .. bytes]);
            Assert.Equal(whole, ReadAll(Small, lead, bytes[..cut], bytes[cut..]));
            foreach (string item in whole)
            {
                commands += item[0] == '[' ? 1 : 0;
                oversizes += item[0] == '!' && item[1] != '!' ? 1 : 0;
            }
        }

        Assert.True(commands > 1_000, $"{commands}");
        Assert.True(oversizes > 1_000, $"{oversizes}");
    }

    [Fact]
    public void ReadingCommands_AllocatesNothing()
    {
        using var reader = new RespReader(new RespLimits());
        var stream = new ArrayBufferWriter<byte>();
        for (int i = 0; i < 100; i++)
        {
            WriteCommand(stream, "SET"u8.ToArray(), Encoding.ASCII.GetBytes($"key{i}"), new byte[i * 400]);
            stream.Write("get k\r\n"u8);
        }

        ReadOnlySequence<byte> input = Segments.Cut(stream.WrittenSpan.ToArray(), 4096);
        Assert.Equal(200, Drain(reader, input));
        Assert.Equal(200, Drain(reader, input));
        long before = GC.GetAllocatedBytesForCurrentThread();
        int count = Drain(reader, input);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(200, count);
    }

    private static int Drain(RespReader reader, ReadOnlySequence<byte> input)
    {
        int count = 0;
        while (reader.Read(ref input) == RespReadStatus.Command)
        {
            count++;
        }

        return count;
    }

    private static List<string> ReadAll(RespLimits limits, params byte[][] pieces)
    {
        using var reader = new RespReader(limits);
        var found = new List<string>();
        foreach (byte[] piece in pieces)
        {
            ReadOnlySpan<byte> input = piece;
            RespReadStatus status = reader.Read(ref input);
            while (status != RespReadStatus.NeedMore)
            {
                found.Add(Show(reader, status));
                if (status == RespReadStatus.ProtocolError)
                {
                    return found;
                }

                status = reader.Read(ref input);
            }

            Assert.True(input.IsEmpty);
        }

        return found;
    }

    private static string Show(RespReader reader, RespReadStatus status)
    {
        if (status != RespReadStatus.Command)
        {
            return (status == RespReadStatus.Oversize ? "!" : "!!") + Encoding.ASCII.GetString(reader.Problem);
        }

        var arguments = new List<string>();
        for (int i = 0; i < reader.Count; i++)
        {
            arguments.Add(Encoding.Latin1.GetString(reader.Argument(i)));
        }

        return $"[{string.Join('|', arguments)}]";
    }

    private static void WriteCommand(ArrayBufferWriter<byte> stream, params byte[][] arguments)
    {
        var writer = new RespWriter(stream);
        writer.Array(arguments.Length);
        foreach (byte[] argument in arguments)
        {
            writer.Bulk(argument);
        }
    }
}
