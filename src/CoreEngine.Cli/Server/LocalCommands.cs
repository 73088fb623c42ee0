using System;
using System.Text;
using CoreEngine.Cli.Resp;

namespace CoreEngine.Cli.Server;

/// <summary>Commands that need neither the log nor the state: the courtesies of the protocol.</summary>
internal static class LocalCommands
{
    /// <summary>Answers one command. False when the connection shall end after the reply.</summary>
    internal static bool Answer(CommandCode code, RespReader reader, RespWriter output, ServerState server)
    {
        switch (code)
        {
            case CommandCode.Ping when reader.Count == 1:
                output.SimpleString("PONG"u8);
                break;
            case CommandCode.Ping:
            case CommandCode.Echo:
                output.Bulk(reader.Argument(1));
                break;
            case CommandCode.Select when reader.Argument(1).SequenceEqual("0"u8):
                output.SimpleString("OK"u8);
                break;
            case CommandCode.Select:
                output.Error("ERR DB index is out of range: there is one database, 0"u8);
                break;
            case CommandCode.Config:
                ConfigCommand.Answer(reader, output, server);
                break;
            case CommandCode.Command:
                CommandCommand.Answer(reader, output);
                break;
            case CommandCode.Client:
                AnswerClient(reader, output);
                break;
            case CommandCode.Hello:
                AnswerHello(reader, output);
                break;
            case CommandCode.Quit:
                output.SimpleString("OK"u8);
                return false;
            default:
                output.Error("ERR FLUSHALL and FLUSHDB are not supported: use DEL"u8);
                break;
        }

        return true;
    }

    private static void AnswerClient(RespReader reader, RespWriter output)
    {
        ReadOnlySpan<byte> action = reader.Argument(1);
        if (Is(action, "SETNAME"u8) ? reader.Count == 3 : Is(action, "SETINFO"u8) && reader.Count == 4)
        {
            // Names are for people who list clients; this server lists none.
            output.SimpleString("OK"u8);
            return;
        }

        if (Is(action, "GETNAME"u8) && reader.Count == 2)
        {
            output.Null();
            return;
        }

        output.Error("ERR unknown subcommand of 'client', or its arguments: SETNAME, SETINFO, GETNAME are known"u8);
    }

    private static void AnswerHello(RespReader reader, RespWriter output)
    {
        if (reader.Count > 1 && !reader.Argument(1).SequenceEqual("2"u8))
        {
            output.Error("NOPROTO unsupported protocol version: this server speaks RESP2"u8);
            return;
        }

        if (reader.Count > 2 && !(Is(reader.Argument(2), "SETNAME"u8) && reader.Count == 4))
        {
            output.Error("ERR HELLO takes SETNAME only: there are no users to authenticate"u8);
            return;
        }

        output.Array(8);
        output.Bulk("server"u8);
        output.Bulk("coreengine"u8);
        output.Bulk("version"u8);
        output.Bulk(Encoding.ASCII.GetBytes(ServerState.Version));
        output.Bulk("proto"u8);
        output.Integer(2);
        output.Bulk("mode"u8);
        output.Bulk("replicated"u8);
    }

    private static bool Is(ReadOnlySpan<byte> argument, ReadOnlySpan<byte> word) =>
        Ascii.EqualsIgnoreCase(argument, word);
}
