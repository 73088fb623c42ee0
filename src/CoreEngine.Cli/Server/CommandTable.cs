using System;
using System.Text;

namespace CoreEngine.Cli.Server;

/// <summary>One command of the table.</summary>
/// <param name="Code">Which.</param>
/// <param name="Kind">What it needs.</param>
/// <param name="Name">In small letters, as COMMAND shows it.</param>
/// <param name="Least">Fewest arguments, the name included.</param>
/// <param name="Most">Most arguments, the name included; 0 means any number.</param>
internal sealed record CommandEntry(CommandCode Code, CommandKind Kind, string Name, int Least, int Most)
{
    internal byte[] NameBytes { get; } = Encoding.ASCII.GetBytes(Name);

    /// <summary>Redis's way to say it: exact, or negative for at least.</summary>
    internal int Arity => Least == Most ? Least : -Least;

    /// <summary>Whether the first argument is a key.</summary>
    internal bool HasKey => Kind == CommandKind.Write || Code is CommandCode.Get or CommandCode.Exists;

    /// <summary>Whether all arguments are keys.</summary>
    internal bool HasManyKeys => Code is CommandCode.Del or CommandCode.Exists;

    internal bool Takes(int count) => count >= Least && (Most == 0 || count <= Most);
}

/// <summary>All commands, the most frequent first.</summary>
internal static class CommandTable
{
    private static readonly CommandEntry[] Entries =
    [
        new(CommandCode.Get, CommandKind.Read, "get", 2, 2),
        new(CommandCode.Set, CommandKind.Write, "set", 3, 0),
        new(CommandCode.Ping, CommandKind.Local, "ping", 1, 2),
        new(CommandCode.Incr, CommandKind.Write, "incr", 2, 2),
        new(CommandCode.Append, CommandKind.Write, "append", 3, 3),
        new(CommandCode.Cas, CommandKind.Write, "cas", 4, 4),
        new(CommandCode.Del, CommandKind.Write, "del", 2, 0),
        new(CommandCode.Exists, CommandKind.Read, "exists", 2, 0),
        new(CommandCode.DbSize, CommandKind.Read, "dbsize", 1, 1),
        new(CommandCode.Echo, CommandKind.Local, "echo", 2, 2),
        new(CommandCode.Info, CommandKind.Inquiry, "info", 1, 0),
        new(CommandCode.Config, CommandKind.Local, "config", 2, 0),
        new(CommandCode.Command, CommandKind.Local, "command", 1, 0),
        new(CommandCode.Select, CommandKind.Local, "select", 2, 2),
        new(CommandCode.Client, CommandKind.Local, "client", 2, 0),
        new(CommandCode.Hello, CommandKind.Local, "hello", 1, 0),
        new(CommandCode.Quit, CommandKind.Local, "quit", 1, 0),
        new(CommandCode.FlushAll, CommandKind.Local, "flushall", 1, 0),
        new(CommandCode.ReadLevel, CommandKind.Connection, "readlevel", 1, 3),
        new(CommandCode.Session, CommandKind.Connection, "session", 1, 4),
        new(CommandCode.Admin, CommandKind.Inquiry, "ce.admin", 2, 0),
        new(CommandCode.FlushDb, CommandKind.Local, "flushdb", 1, 0),
    ];

    internal static ReadOnlySpan<CommandEntry> All => Entries;

    /// <summary>The command of a name in any case; null when there is none.</summary>
    internal static CommandEntry? Find(ReadOnlySpan<byte> name)
    {
        foreach (CommandEntry entry in Entries)
        {
            if (Ascii.EqualsIgnoreCase(entry.NameBytes, name))
            {
                return entry;
            }
        }

        return null;
    }
}
