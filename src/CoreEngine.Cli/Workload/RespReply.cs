using System;
using System.Text;

namespace CoreEngine.Cli.Workload;

/// <summary>The kinds of RESP2 replies that this client understands.</summary>
internal enum RespReplyType : byte
{
    Simple,
    Error,
    Integer,
    Bulk,
    Nil,
}

/// <summary>One reply of a server. Its text is valid until the connection's next read.</summary>
internal readonly record struct RespReply(RespReplyType Type, long Integer, ReadOnlyMemory<byte> Text)
{
    /// <summary>The text of a simple, error or bulk reply; null for nil.</summary>
    internal string? String => Type == RespReplyType.Nil ? null : Encoding.UTF8.GetString(Text.Span);

    /// <summary>True for an error that begins with this word.</summary>
    internal bool IsError(ReadOnlySpan<byte> word) => Type == RespReplyType.Error && Text.Span.StartsWith(word);
}
