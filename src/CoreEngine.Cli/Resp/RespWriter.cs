using System;
using System.Buffers;
using System.Buffers.Text;
using CoreEngine.Model;

namespace CoreEngine.Cli.Resp;

/// <summary>Writes RESP2 replies to a buffer of the caller, who flushes it. Allocates nothing of its own.</summary>
internal readonly struct RespWriter(IBufferWriter<byte> output)
{
    /// <summary>Bytes of a type, a 64-bit number and a line end.</summary>
    private const int NumberLineBytesMax = 1 + 20 + 2;

    /// <summary>Writes <c>+text</c>. Bytes that would break the line become spaces.</summary>
    internal void SimpleString(ReadOnlySpan<byte> text) => Line((byte)'+', text);

    /// <summary>
    /// Writes <c>-text</c>; the first word is the error's code. Bytes that would break the line become spaces.
    /// </summary>
    internal void Error(ReadOnlySpan<byte> text) => Line((byte)'-', text);

    /// <summary>Writes <c>:number</c>.</summary>
    internal void Integer(long number) => NumberLine((byte)':', number);

    /// <summary>Writes the head of an array; its elements follow, each by its own call.</summary>
    internal void Array(int count) => NumberLine((byte)'*', count);

    /// <summary>Writes the null bulk string.</summary>
    internal void Null() => output.Write("$-1\r\n"u8);

    /// <summary>Writes a bulk string: any bytes.</summary>
    internal void Bulk(ReadOnlySpan<byte> bytes)
    {
        NumberLine((byte)'$', bytes.Length);
        output.Write(bytes);
        output.Write("\r\n"u8);
    }

    private void Line(byte type, ReadOnlySpan<byte> text)
    {
        Span<byte> target = output.GetSpan(text.Length + 3);
        target[0] = type;
        Span<byte> body = target.Slice(1, text.Length);
        text.CopyTo(body);
        int at = body.IndexOfAny((byte)'\r', (byte)'\n');
        while (at >= 0)
        {
            body[at] = (byte)' ';
            at = body.IndexOfAny((byte)'\r', (byte)'\n');
        }

        "\r\n"u8.CopyTo(target[(1 + text.Length)..]);
        output.Advance(text.Length + 3);
    }

    private void NumberLine(byte type, long number)
    {
        Span<byte> target = output.GetSpan(NumberLineBytesMax);
        target[0] = type;
        bool isWritten = Utf8Formatter.TryFormat(number, target[1..], out int digits);
        Invariant.Holds(isWritten);
        "\r\n"u8.CopyTo(target[(1 + digits)..]);
        output.Advance(digits + 3);
    }
}
