using System;

namespace CoreEngine.Cli.Resp;

/// <summary>What the splitting of a line came to.</summary>
internal enum RespInlineResult
{
    Done,
    Unbalanced,
    TooMany,
}

/// <summary>Splits a command that was typed as a line, by the rules of Redis.</summary>
/// <remarks>
/// Arguments are separated by white space. In double quotes \n \r \t \b \a \xHH stand for bytes and a backslash takes
/// the next byte as it is; in single quotes only \' does. A closing quote ends its argument.
/// </remarks>
internal static class RespInline
{
    /// <summary>Adds the arguments of a line without its end.</summary>
    internal static RespInlineResult Split(ReadOnlySpan<byte> line, RespArguments arguments, int argumentsMax)
    {
        int at = 0;
        while (true)
        {
            while (at < line.Length && IsSpace(line[at]))
            {
                at++;
            }

            if (at == line.Length)
            {
                return RespInlineResult.Done;
            }

            if (arguments.Count == argumentsMax)
            {
                return RespInlineResult.TooMany;
            }

            arguments.Begin();
            if (!TryTake(line, ref at, arguments))
            {
                return RespInlineResult.Unbalanced;
            }
        }
    }

    private static bool TryTake(ReadOnlySpan<byte> line, ref int at, RespArguments arguments)
    {
        while (at < line.Length && !IsSpace(line[at]))
        {
            byte quote = line[at];
            if (quote is (byte)'"' or (byte)'\'')
            {
                at++;
                return TryTakeQuoted(line, ref at, quote, arguments);
            }

            int from = at;
            while (at < line.Length && !IsSpace(line[at]) && line[at] is not ((byte)'"' or (byte)'\''))
            {
                at++;
            }

            arguments.Extend(line[from..at]);
        }

        return true;
    }

    private static bool TryTakeQuoted(ReadOnlySpan<byte> line, ref int at, byte quote, RespArguments arguments)
    {
        while (at < line.Length && line[at] != quote)
        {
            int length = 1;
            byte value = line[at];
            if (value == (byte)'\\' && at + 1 < line.Length)
            {
                length = quote == (byte)'"' ? Unescape(line[at..], out value)
                    : line[at + 1] == quote ? TakeNext(line[at..], out value)
                    : 1;
            }

            arguments.Extend([value]);
            at += length;
        }

        if (at == line.Length)
        {
            return false;
        }

        at++;
        return at == line.Length || IsSpace(line[at]);
    }

    /// <summary>Reads an escape of at least two bytes. Returns its length.</summary>
    private static int Unescape(ReadOnlySpan<byte> text, out byte value)
    {
        if (text.Length >= 4 && text[1] == (byte)'x' && IsHex(text[2]) && IsHex(text[3]))
        {
            value = (byte)((HexValue(text[2]) << 4) | HexValue(text[3]));
            return 4;
        }

        value = text[1] switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'a' => (byte)'\a',
            byte other => other,
        };
        return 2;
    }

    private static int TakeNext(ReadOnlySpan<byte> text, out byte value)
    {
        value = text[1];
        return 2;
    }

    /// <summary>White space of C's isspace, and the zero byte: a line is text.</summary>
    private static bool IsSpace(byte value) => value is (byte)' ' or 0 or (>= 9 and <= 13);

    private static bool IsHex(byte value) => char.IsAsciiHexDigit((char)value);

    private static int HexValue(byte digit) => digit <= (byte)'9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
