using System;
using System.Buffers;
using System.IO;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Cli.Resp;

namespace CoreEngine.Cli.Server;

/// <summary>One connection: commands come in, replies leave in the same order.</summary>
/// <remarks>
/// One async loop. Consecutive writes are proposed together, consecutive reads share one read point; a read waits until
/// the writes before
/// it are decided, and a write until the reads before it are answered: a connection sees its own commands in their
/// order. When the input
/// is used up, what is pending is settled and the replies leave in one send.
/// </remarks>
internal sealed class RespSession : IDisposable
{
    private const int ShownBytesMax = 64;
    private const int ShownArgumentsMax = 8;

    private readonly ServerState _server;
    private readonly Socket _socket;
    private readonly RespReader _reader = new(new RespLimits());
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly RespWriter _replies;
    private readonly PendingWrites _writes;
    private readonly PendingReads _reads;
    private readonly ConnectionState _connection = new();
    private long _commands;

    /// <summary>No more commands are taken: the client said QUIT, or something that is no RESP.</summary>
    private bool _isEnding;

    internal RespSession(Socket socket, ServerState server)
    {
        _socket = socket;
        _server = server;
        var stream = new NetworkStream(socket, ownsSocket: false);
        _input = PipeReader.Create(
            stream, new StreamPipeReaderOptions(bufferSize: ServerLimits.InputBytes, leaveOpen: true));
        _output = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
        _replies = new RespWriter(_output);
        _writes = new PendingWrites(server.Group, server.Counters, _connection);
        _reads = new PendingReads(server.Group, server.Counters, _connection);
    }

    private bool IsSettled => _writes.Count == 0 && _reads.Count == 0;

    /// <summary>Serves until the client leaves or the server stops it.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    internal async Task RunAsync()
    {
        while (!_isEnding)
        {
            System.IO.Pipelines.ReadResult read = await _input.ReadAsync();
            ReadOnlySequence<byte> rest = read.Buffer;
            while (!_isEnding)
            {
                RespReadStatus status = _reader.Read(ref rest);
                if (status == RespReadStatus.NeedMore)
                {
                    break;
                }

                await TakeAsync(status);
            }

            _input.AdvanceTo(rest.End);
            await SettleAsync();
            await SendAsync();
            _isEnding |= read.IsCompleted || read.IsCanceled;
        }

        await _input.CompleteAsync();
        await _output.CompleteAsync();
    }

    /// <summary>Any thread: the commands received so far are answered, then the session ends.</summary>
    internal void Stop() => _input.CancelPendingRead();

    /// <summary>Any thread: ends the session at once.</summary>
    internal void Abort() => _socket.Dispose();

    public void Dispose()
    {
        _reader.Dispose();
        _writes.Dispose();
        _connection.Dispose();
        _socket.Dispose();
    }

    /// <summary>Takes in what the reader holds; waits for earlier commands where order asks for it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask TakeAsync(RespReadStatus status)
    {
        CommandEntry? entry = status == RespReadStatus.Command ? CommandTable.Find(_reader.Argument(0)) : null;
        string? problem = status == RespReadStatus.Command ? FindProblem(entry)
            : Encoding.ASCII.GetString(_reader.Problem);
        CommandKind kind = problem is null ? entry!.Kind : CommandKind.Local;
        if (!MayJoin(kind))
        {
            await SettleAsync();
        }

        _commands++;
        if (problem is not null)
        {
            _replies.Error(Encoding.UTF8.GetBytes(problem));
            _isEnding = status == RespReadStatus.ProtocolError;
            _server.Counters.AddProtocolErrors(status == RespReadStatus.ProtocolError ? 1 : 0);
        }
        else if (kind == CommandKind.Connection)
        {
            await ConnectionCommands.AnswerAsync(entry!.Code, Words(), _server.Group, _connection, _replies);
        }
        else if (kind == CommandKind.Inquiry)
        {
            await InquireAsync(entry!.Code);
        }
        else
        {
            Accept(entry!);
        }

        if (_output.UnflushedBytes >= ServerLimits.OutputBytesMax)
        {
            await SendAsync();
        }
    }

    private bool MayJoin(CommandKind kind) => kind switch
    {
        CommandKind.Write => _reads.Count == 0 && !_writes.IsFull,
        CommandKind.Read => _writes.Count == 0 && !_reads.IsFull,
        _ => IsSettled,
    };

    private void Accept(CommandEntry entry)
    {
        switch (entry.Kind)
        {
            case CommandKind.Write:
                WriteCommands.Propose(entry.Code, _reader, _writes);
                break;
            case CommandKind.Read:
                _reads.Add(entry.Code);
                for (int i = 1; i < _reader.Count; i++)
                {
                    _reads.AddKey(_reader.Argument(i));
                }

                break;
            default:
                _isEnding = !LocalCommands.Answer(entry.Code, _reader, _replies, _server);
                break;
        }
    }

    /// <summary>Why a command cannot run: the text of its error; null when it can.</summary>
    private string? FindProblem(CommandEntry? entry)
    {
        if (entry is not null)
        {
            return !entry.Takes(_reader.Count) ? $"ERR wrong number of arguments for '{entry.Name}' command"
                : entry.Kind == CommandKind.Write ? WriteCommands.FindProblem(entry.Code, _reader)
                : null;
        }

        var text = new StringBuilder("ERR unknown command '").Append(Shown(0)).Append("', with args beginning with: ");
        for (int i = 1; i < int.Min(_reader.Count, ShownArgumentsMax); i++)
        {
            text.Append('\'').Append(Shown(i)).Append("' ");
        }

        return text.ToString();
    }

    private string Shown(int argument)
    {
        ReadOnlySpan<byte> bytes = _reader.Argument(argument);
        return Encoding.UTF8.GetString(bytes[..int.Min(bytes.Length, ShownBytesMax)]);
    }

    private async ValueTask InquireAsync(CommandCode code)
    {
        string[] sections = Words();
        if (code == CommandCode.Admin)
        {
            AdminReply reply = await AdminCommand.AnswerAsync(_server, sections);
            Write(reply);
            return;
        }

        string text = await ServerReport.RenderAsync(_server, sections);
        _replies.Bulk(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The arguments behind the name, as text.</summary>
    private string[] Words()
    {
        string[] words = new string[_reader.Count - 1];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = Shown(i + 1);
        }

        return words;
    }

    private void Write(in AdminReply reply)
    {
        if (reply.IsError)
        {
            _replies.Error(reply.Text);
        }
        else
        {
            _replies.Bulk(reply.Text);
        }
    }

    /// <summary>Waits for what is pending and writes its replies.</summary>
    private ValueTask SettleAsync() =>
        _writes.Count > 0 ? _writes.SettleAsync(_replies)
        : _reads.Count > 0 ? _reads.SettleAsync(_output, _replies)
        : default;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendAsync()
    {
        _server.Counters.AddCommands(_commands);
        _commands = 0;
        if (_output.UnflushedBytes > 0)
        {
            await _output.FlushAsync();
        }
    }
}
