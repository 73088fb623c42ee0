// Goal: replies have the bytes of RESP2, whatever is put into them, and cost no allocation.
// Method: golden bytes; texts that would break a line; a counter of allocation over a recycled buffer.
using System;
using System.Buffers;
using System.Text;
using CoreEngine.Cli.Resp;
using Xunit;

namespace CoreEngine.Cli.Tests.Resp;

public sealed class RespWriterTests
{
    [Fact]
    public void EveryReply_HasItsBytes()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RespWriter(output);
        writer.SimpleString("OK"u8);
        writer.Error("ERR no"u8);
        writer.Integer(long.MinValue);
        writer.Integer(0);
        writer.Array(2);
        writer.Bulk("a\r\n\0"u8);
        writer.Bulk(default);
        writer.Null();
        Assert.Equal(
            "+OK\r\n-ERR no\r\n:-9223372036854775808\r\n:0\r\n*2\r\n$4\r\na\r\n\0\r\n$0\r\n\r\n$-1\r\n",
            Encoding.Latin1.GetString(output.WrittenSpan));
    }

    [Fact]
    public void ALine_CannotBeBrokenByItsText()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RespWriter(output);
        writer.Error("ERR unknown command 'a\r\n+OK\r\n'"u8);
        writer.SimpleString("\n"u8);
        Assert.Equal("-ERR unknown command 'a  +OK  '\r\n+ \r\n", Encoding.Latin1.GetString(output.WrittenSpan));
    }

    [Fact]
    public void WritingReplies_AllocatesNothing()
    {
        var output = new ArrayBufferWriter<byte>(4096);
        byte[] value = new byte[1000];
        WriteMany(output, value);
        long before = GC.GetAllocatedBytesForCurrentThread();
        WriteMany(output, value);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void WriteMany(ArrayBufferWriter<byte> output, byte[] value)
    {
        var writer = new RespWriter(output);
        for (int i = 0; i < 1_000; i++)
        {
            output.ResetWrittenCount();
            writer.SimpleString("OK"u8);
            writer.Integer(i);
            writer.Bulk(value);
            writer.Null();
        }
    }
}
