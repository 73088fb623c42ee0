using System;
using System.Buffers;
using System.Buffers.Text;
using CoreEngine.Model;

namespace CoreEngine.Cli.Resp;

/// <summary>What a read came to.</summary>
internal enum RespReadStatus
{
    /// <summary>The input is used up and no command is complete.</summary>
    NeedMore,

    /// <summary>A command is ready in <see cref="RespReader.Count"/> and <see cref="RespReader.Argument"/>.</summary>
    Command,

    /// <summary>
    /// A command exceeded a limit and was skipped: answer <see cref="RespReader.Problem"/> and go on reading.
    /// </summary>
    Oversize,

    /// <summary>The bytes are not RESP: answer <see cref="RespReader.Problem"/> and close the connection.</summary>
    ProtocolError,
}

/// <summary>Reads the commands of one connection: RESP2 arrays of bulk strings, and inline commands.</summary>
/// <remarks>
/// Looks at each byte once and keeps what a command needs in its own buffer, so input may end anywhere, and all that is
/// read is consumed: a pipe never holds more than one read. What exceeds a limit is counted away, not held. No bytes
/// whatever make it throw. Allocates nothing per command once its buffers have their size. Not thread-safe: one reader
/// per connection.
/// </remarks>
internal sealed class RespReader(RespLimits limits) : IDisposable
{
    /// <summary>Bytes of a count or length line with its end: a sign and nineteen digits fit.</summary>
    private const int HeaderBytesMax = 32;

    /// <summary>Bytes of the argument buffer that a connection keeps between commands.</summary>
    private const int KeptBytesMax = 16 * 1024;

    private readonly RespArguments _arguments = new();
    private readonly byte[] _problem = new byte[96];
    private int _problemLength;

    /// <summary>The beginning of a line whose end has not come yet.</summary>
    private byte[] _line = new byte[HeaderBytesMax];
    private int _lineLength;

    private Stage _stage = Stage.Start;

    /// <summary>Arguments of the present command that are still to come.</summary>
    private int _argumentsLeft;

    /// <summary>Bytes of the present argument that are still to come.</summary>
    private int _bodyLeft;

    /// <summary>The present command exceeded a limit: the rest of it is counted away.</summary>
    private bool _isSkipping;

    private enum Stage
    {
        Start,
        Count,
        Header,
        Body,
        BodyReturn,
        BodyFeed,
        Inline,
        Broken,
    }

    /// <summary>Arguments of the command that was read, its name included; at least one.</summary>
    internal int Count => _arguments.Count;

    /// <summary>What to answer after Oversize or ProtocolError: an error's text, without dash and line end.</summary>
    internal ReadOnlySpan<byte> Problem => _problem.AsSpan(0, _problemLength);

    /// <summary>An argument of the command that was read. Valid until the next read.</summary>
    internal ReadOnlySpan<byte> Argument(int index) => _arguments.At(index);

    /// <summary>Reads up to the end of the next command.</summary>
    /// <param name="input">What has been received; comes back without what was consumed.</param>
    internal RespReadStatus Read(ref ReadOnlySequence<byte> input)
    {
        var status = RespReadStatus.NeedMore;
        long consumed = 0;
        foreach (ReadOnlyMemory<byte> segment in input)
        {
            ReadOnlySpan<byte> span = segment.Span;
            status = Read(ref span);
            consumed += segment.Length - span.Length;
            if (status != RespReadStatus.NeedMore)
            {
                break;
            }
        }

        input = input.Slice(consumed);
        return status;
    }

    /// <summary>Reads up to the end of the next command.</summary>
    /// <param name="input">What has been received; comes back without what was consumed.</param>
    internal RespReadStatus Read(ref ReadOnlySpan<byte> input)
    {
        var status = RespReadStatus.NeedMore;
        while (status == RespReadStatus.NeedMore && !input.IsEmpty)
        {
            switch (_stage)
            {
                case Stage.Start:
                    _arguments.Clear(KeptBytesMax);
                    _isSkipping = false;
                    _stage = input[0] == (byte)'*' ? Stage.Count : Stage.Inline;
                    break;
                case Stage.Count:
                case Stage.Header:
                case Stage.Inline:
                    status = TakeLine(ref input);
                    break;
                case Stage.Body:
                    TakeBody(ref input);
                    break;
                case Stage.BodyReturn:
                case Stage.BodyFeed:
                    status = TakeBodyEnd(ref input);
                    break;
                default:
                    Invariant.Holds(_stage == Stage.Broken);
                    input = default;
                    status = RespReadStatus.ProtocolError;
                    break;
            }
        }

        return status;
    }

    /// <summary>Gives the buffers back.</summary>
    public void Dispose() => _arguments.Dispose();

    private RespReadStatus TakeLine(ref ReadOnlySpan<byte> input)
    {
        int most = _stage == Stage.Inline ? limits.InlineBytesMax : HeaderBytesMax;
        ReadOnlySpan<byte> window = input[..Math.Min(input.Length, most - _lineLength)];
        int feed = window.IndexOf((byte)'\n');
        if (feed < 0 && window.Length == most - _lineLength)
        {
            return _stage == Stage.Inline ? Break("too big inline request"u8)
                : _stage == Stage.Count ? Break("too big mbulk count string"u8)
                : Break("too big bulk count string"u8);
        }

        // A line in one piece is read where it stands; one in several is gathered first.
        bool isWhole = feed >= 0 && _lineLength == 0;
        if (!isWhole)
        {
            Gather(feed >= 0 ? window[..feed] : window);
        }

        input = input[(feed >= 0 ? feed + 1 : window.Length)..];
        if (feed < 0)
        {
            return RespReadStatus.NeedMore;
        }

        ReadOnlySpan<byte> line = isWhole ? window[..feed] : _line.AsSpan(0, _lineLength);
        _lineLength = 0;
        RespReadStatus status = _stage == Stage.Inline ? ReadInline(line) : ReadHeader(line);
        if (_line.Length > KeptBytesMax)
        {
            _line = new byte[HeaderBytesMax];
        }

        return status;
    }

    private void Gather(ReadOnlySpan<byte> part)
    {
        if (_lineLength + part.Length > _line.Length)
        {
            Array.Resize(ref _line, Math.Max(_line.Length * 2, _lineLength + part.Length));
        }

        part.CopyTo(_line.AsSpan(_lineLength));
        _lineLength += part.Length;
    }

    private RespReadStatus ReadInline(ReadOnlySpan<byte> line)
    {
        _stage = Stage.Start;
        line = line.EndsWith("\r"u8) ? line[..^1] : line;
        switch (RespInline.Split(line, _arguments, limits.ArgumentsMax))
        {
            case RespInlineResult.Unbalanced:
                return Break("unbalanced quotes in request"u8);
            case RespInlineResult.TooMany:
                Refuse("ERR more arguments than the maximum of "u8, limits.ArgumentsMax);
                return RespReadStatus.Oversize;
            default:
                return _arguments.Count == 0 ? RespReadStatus.NeedMore : RespReadStatus.Command;
        }
    }

    private RespReadStatus ReadHeader(ReadOnlySpan<byte> line)
    {
        bool isCount = _stage == Stage.Count;
        if (!isCount && (line.IsEmpty || line[0] != (byte)'$'))
        {
            return BreakAt(line.IsEmpty ? (byte)'\n' : line[0]);
        }

        bool isNumber = line[^1] == (byte)'\r' && TryParse(line[1..^1], out _bodyLeft);
        if (isCount)
        {
            return isNumber && _bodyLeft <= RespLimits.ArgumentsAnnouncedMax
                ? ReadCount(_bodyLeft)
                : Break("invalid multibulk length"u8);
        }

        bool isLength = isNumber && _bodyLeft >= 0 && _bodyLeft <= RespLimits.BulkBytesAnnouncedMax;
        return isLength ? ReadLength(_bodyLeft) : Break("invalid bulk length"u8);
    }

    private RespReadStatus ReadCount(int count)
    {
        _argumentsLeft = count;
        _stage = count > 0 ? Stage.Header : Stage.Start;
        if (count > limits.ArgumentsMax)
        {
            Skip("ERR more arguments than the maximum of "u8, limits.ArgumentsMax);
        }

        return RespReadStatus.NeedMore;
    }

    private RespReadStatus ReadLength(int length)
    {
        if (!_isSkipping && length > limits.BulkBytesMax)
        {
            Skip("ERR an argument is longer than the maximum in bytes of "u8, limits.BulkBytesMax);
        }
        else if (!_isSkipping && _arguments.Bytes + length > limits.CommandBytesMax)
        {
            Skip("ERR the command is longer than the maximum in bytes of "u8, limits.CommandBytesMax);
        }

        if (!_isSkipping)
        {
            _arguments.Begin();
        }

        _stage = length > 0 ? Stage.Body : Stage.BodyReturn;
        return RespReadStatus.NeedMore;
    }

    private void TakeBody(ref ReadOnlySpan<byte> input)
    {
        int taken = Math.Min(_bodyLeft, input.Length);
        if (!_isSkipping)
        {
            _arguments.Extend(input[..taken]);
        }

        input = input[taken..];
        _bodyLeft -= taken;
        _stage = _bodyLeft > 0 ? Stage.Body : Stage.BodyReturn;
    }

    private RespReadStatus TakeBodyEnd(ref ReadOnlySpan<byte> input)
    {
        bool isReturn = _stage == Stage.BodyReturn;
        if (input[0] != (isReturn ? (byte)'\r' : (byte)'\n'))
        {
            return Break("bulk string not ended by CRLF"u8);
        }

        input = input[1..];
        if (isReturn)
        {
            _stage = Stage.BodyFeed;
            return RespReadStatus.NeedMore;
        }

        _argumentsLeft--;
        _stage = _argumentsLeft > 0 ? Stage.Header : Stage.Start;
        return _argumentsLeft > 0 ? RespReadStatus.NeedMore
            : _isSkipping ? RespReadStatus.Oversize
            : RespReadStatus.Command;
    }

    private void Skip(ReadOnlySpan<byte> text, int limit)
    {
        _isSkipping = true;
        _arguments.Clear(KeptBytesMax);
        Refuse(text, limit);
    }

    private void Refuse(ReadOnlySpan<byte> text, int limit)
    {
        text.CopyTo(_problem);
        bool isWritten = Utf8Formatter.TryFormat(limit, _problem.AsSpan(text.Length), out int digits);
        Invariant.Holds(isWritten);
        _problemLength = text.Length + digits;
    }

    private RespReadStatus Break(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> lead = "ERR Protocol error: "u8;
        lead.CopyTo(_problem);
        text.CopyTo(_problem.AsSpan(lead.Length));
        _problemLength = lead.Length + text.Length;
        _stage = Stage.Broken;
        return RespReadStatus.ProtocolError;
    }

    private RespReadStatus BreakAt(byte found)
    {
        RespReadStatus status = Break("expected '$', got '"u8);

        // A byte that cannot be printed would break the error line.
        _problem[_problemLength] = found is >= 0x20 and < 0x7F ? found : (byte)'?';
        _problem[_problemLength + 1] = (byte)'\'';
        _problemLength += 2;
        return status;
    }

    /// <summary>Reads a decimal of at most nine digits, which hold every legal length.</summary>
    private static bool TryParse(ReadOnlySpan<byte> text, out int number)
    {
        bool isNegative = text.StartsWith("-"u8);
        ReadOnlySpan<byte> digits = isNegative ? text[1..] : text;
        number = 0;
        if (digits.IsEmpty || digits.Length > 9 || digits.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0)
        {
            return false;
        }

        foreach (byte digit in digits)
        {
            number = (number * 10) + digit - '0';
        }

        number = isNegative ? -number : number;
        return true;
    }
}
