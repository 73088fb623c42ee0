using CoreEngine.Cli.KeyValue;
using CoreEngine.Model;

namespace CoreEngine.Cli.Resp;

/// <summary>What one connection may send.</summary>
internal sealed record RespLimits
{
    /// <summary>
    /// Arguments that are announced beyond this are no command at all, as in Redis: the connection ends.
    /// </summary>
    internal const int ArgumentsAnnouncedMax = 1024 * 1024;

    /// <summary>
    /// Bytes that are announced beyond this are no argument at all, as in Redis: the connection ends.
    /// </summary>
    internal const int BulkBytesAnnouncedMax = 512 * 1024 * 1024;

    /// <summary>Arguments of one command, its name included. A command with more is skipped and reported.</summary>
    internal int ArgumentsMax { get; init; } = KeyValueCommand.KeysMax;

    /// <summary>Bytes of one argument. A command with a longer one is skipped and reported.</summary>
    internal int BulkBytesMax { get; init; } = KeyValueCommand.ValueBytesMax;

    /// <summary>Bytes of all arguments of one command. A command with more is skipped and reported.</summary>
    internal int CommandBytesMax { get; init; } = Limits.EntryBytesMax;

    /// <summary>Bytes of a command typed as a line. A longer one ends the connection, as in Redis.</summary>
    internal int InlineBytesMax { get; init; } = 64 * 1024;
}
