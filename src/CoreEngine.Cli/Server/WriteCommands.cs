using System;
using System.Text;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Resp;
using CoreEngine.Model;

namespace CoreEngine.Cli.Server;

/// <summary>Turns a RESP command into a command of the store.</summary>
internal static class WriteCommands
{
    /// <summary>Why a write cannot be proposed: the text of its error; null when it can.</summary>
    internal static string? FindProblem(CommandCode code, RespReader reader)
    {
        if (!TryOperation(code, reader, out KeyValueOperation operation))
        {
            return "ERR syntax error: SET takes NX or XX behind the value; expiry and GET are not supported";
        }

        int size = 1;
        int parts = PartsOf(operation, reader);
        for (int i = 1; i <= parts; i++)
        {
            bool isKey = i == 1 || operation == KeyValueOperation.Delete;
            int length = reader.Argument(i).Length;
            int limit = isKey ? KeyValueCommand.KeyBytesMax : KeyValueCommand.ValueBytesMax;
            if (length > limit)
            {
                return $"ERR a {(isKey ? "key" : "value")} of {length} bytes is longer than the limit of {limit}";
            }

            size += KeyValueCommandWriter.SizeOf(length);
        }

        return size > Limits.EntryBytesMax
            ? $"ERR a command of {size} bytes is longer than the limit of {Limits.EntryBytesMax}"
            : parts > KeyValueCommand.KeysMax ? $"ERR {parts} keys are more than the limit of {KeyValueCommand.KeysMax}"
            : null;
    }

    /// <summary>Proposes a write in which no problem was found.</summary>
    internal static void Propose(CommandCode code, RespReader reader, PendingWrites writes)
    {
        bool known = TryOperation(code, reader, out KeyValueOperation operation);
        Invariant.Holds(known);
        int size = 1;
        int parts = PartsOf(operation, reader);
        for (int i = 1; i <= parts; i++)
        {
            size += KeyValueCommandWriter.SizeOf(reader.Argument(i).Length);
        }

        var writer = new KeyValueCommandWriter(writes.Room(size), operation);
        for (int i = 1; i <= parts; i++)
        {
            bool fits = writer.TryAdd(reader.Argument(i));
            Invariant.Holds(fits);
        }

        writes.Propose(writer.Written);
    }

    private static int PartsOf(KeyValueOperation operation, RespReader reader) => operation switch
    {
        KeyValueOperation.Delete => reader.Count - 1,
        KeyValueOperation.Increment => 1,
        KeyValueOperation.CompareAndSet => 3,
        _ => 2,
    };

    private static bool TryOperation(CommandCode code, RespReader reader, out KeyValueOperation operation)
    {
        operation = code switch
        {
            CommandCode.Set => KeyValueOperation.Set,
            CommandCode.Del => KeyValueOperation.Delete,
            CommandCode.Incr => KeyValueOperation.Increment,
            CommandCode.Append => KeyValueOperation.Append,
            _ => KeyValueOperation.CompareAndSet,
        };
        if (code != CommandCode.Set || reader.Count == 3)
        {
            return true;
        }

        ReadOnlySpan<byte> option = reader.Argument(3);
        operation = Ascii.EqualsIgnoreCase(option, "NX"u8) ? KeyValueOperation.SetIfAbsent
            : KeyValueOperation.SetIfPresent;
        return reader.Count == 4
            && (operation == KeyValueOperation.SetIfAbsent || Ascii.EqualsIgnoreCase(option, "XX"u8));
    }
}
