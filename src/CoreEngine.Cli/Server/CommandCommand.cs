using System;
using System.Text;
using CoreEngine.Cli.Resp;

namespace CoreEngine.Cli.Server;

/// <summary>COMMAND: tells clients what there is, as far as RESP2 clients ask.</summary>
internal static class CommandCommand
{
    internal static void Answer(RespReader reader, RespWriter output)
    {
        ReadOnlySpan<byte> action = reader.Count > 1 ? reader.Argument(1) : default;
        if (reader.Count == 1)
        {
            WriteAll(output);
        }
        else if (Ascii.EqualsIgnoreCase(action, "COUNT"u8))
        {
            output.Integer(CommandTable.All.Length);
        }
        else if (Ascii.EqualsIgnoreCase(action, "DOCS"u8))
        {
            // No documentation on the wire: clients then go without hints.
            output.Array(0);
        }
        else if (Ascii.EqualsIgnoreCase(action, "LIST"u8))
        {
            WriteNames(output);
        }
        else if (Ascii.EqualsIgnoreCase(action, "INFO"u8))
        {
            WriteNamed(reader, output);
        }
        else
        {
            output.Error("ERR unknown subcommand of 'command': COUNT, DOCS, INFO and LIST are known"u8);
        }
    }

    private static void WriteAll(RespWriter output)
    {
        output.Array(CommandTable.All.Length);
        foreach (CommandEntry entry in CommandTable.All)
        {
            Write(output, entry);
        }
    }

    private static void WriteNames(RespWriter output)
    {
        output.Array(CommandTable.All.Length);
        foreach (CommandEntry entry in CommandTable.All)
        {
            output.Bulk(entry.NameBytes);
        }
    }

    private static void WriteNamed(RespReader reader, RespWriter output)
    {
        output.Array(reader.Count - 2);
        for (int i = 2; i < reader.Count; i++)
        {
            CommandEntry? entry = CommandTable.Find(reader.Argument(i));
            if (entry is null)
            {
                output.Null();
            }
            else
            {
                Write(output, entry);
            }
        }
    }

    /// <summary>Name, arity, flags, first key, last key, step.</summary>
    private static void Write(RespWriter output, CommandEntry entry)
    {
        output.Array(6);
        output.Bulk(entry.NameBytes);
        output.Integer(entry.Arity);
        output.Array(1);
        output.SimpleString(entry.Kind == CommandKind.Write ? "write"u8 : "readonly"u8);
        output.Integer(entry.HasKey ? 1 : 0);
        output.Integer(entry.HasManyKeys ? -1 : entry.HasKey ? 1 : 0);
        output.Integer(entry.HasKey ? 1 : 0);
    }
}
