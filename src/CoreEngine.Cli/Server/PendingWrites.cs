using System;
using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Tasks;
using CoreEngine.Cli.KeyValue;
using CoreEngine.Cli.Resp;
using CoreEngine.Model;

namespace CoreEngine.Cli.Server;

/// <summary>The writes of one connection that were proposed together and are answered in order.</summary>
/// <remarks>
/// Arrays grow between batches up to <see cref="ServerLimits.PendingMax"/> and are then used again: a write allocates
/// nothing.
/// For one task at a time.
/// </remarks>
internal sealed class PendingWrites(Group group, ServerCounters counters, ConnectionState connection)
{
    private const int FirstCapacity = 16;

    private ValueTask<Receipt>[] _receipts = new ValueTask<Receipt>[FirstCapacity];

    /// <summary>Room for every write's reply. Replaced only while no write is pending.</summary>
    private byte[] _replies = new byte[FirstCapacity * KeyValueReply.CommandReplyBytesMax];
    private byte[] _command = ArrayPool<byte>.Shared.Rent(1024);
    private int _bytes;
    private int _committed;
    private int _refused;
    private int _unknown;

    /// <summary>Writes that wait.</summary>
    internal int Count { get; private set; }

    /// <summary>True when the batch must be settled before another write is proposed.</summary>
    internal bool IsFull => Count == _receipts.Length || _bytes >= ServerLimits.PendingBytesMax
        || (connection.HasSession && Count >= ConnectionState.SessionWritesMax);

    /// <summary>Room to build a command of up to so many bytes in, for the next <see cref="Propose"/>.</summary>
    internal Span<byte> Room(int bytes)
    {
        if (_command.Length < bytes)
        {
            ArrayPool<byte>.Shared.Return(_command);
            _command = ArrayPool<byte>.Shared.Rent(bytes);
        }

        return _command;
    }

    /// <summary>Proposes what was built in the room.</summary>
    [SuppressMessage(
        "Reliability", "CA2012", Justification = "Each one is kept until it is awaited once, in SettleAsync.")]
    internal void Propose(int length)
    {
        Invariant.Holds(!IsFull);
        Memory<byte> reply =
            _replies.AsMemory(Count * KeyValueReply.CommandReplyBytesMax, KeyValueReply.CommandReplyBytesMax);
        _receipts[Count++] = connection.Propose(group, _command.AsSpan(0, length), reply);
        _bytes += length;
    }

    /// <summary>Waits until all are decided and writes their replies in order.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask SettleAsync(RespWriter output)
    {
        Invariant.Holds(Count > 0);

        // Writes are decided in their order, so the last one's wake-up finds the others done: one wake-up instead of
        // many.
        int last = Count - 1;
        Receipt latest = await _receipts[last];
        for (int i = 0; i < last; i++)
        {
            Answer(output, await _receipts[i], i);
        }

        Answer(output, latest, last);
        counters.AddWrites(_committed, _refused, _unknown);
        Reset();
    }

    internal void Dispose()
    {
        byte[] command = _command;
        _command = [];
        ArrayPool<byte>.Shared.Return(command);
    }

    private void Reset()
    {
        bool wasFull = Count == _receipts.Length;
        Array.Clear(_receipts, 0, Count);
        Count = 0;
        _bytes = 0;
        _committed = 0;
        _refused = 0;
        _unknown = 0;
        if (wasFull && _receipts.Length < ServerLimits.PendingMax)
        {
            int capacity = _receipts.Length * 2;
            _receipts = new ValueTask<Receipt>[capacity];
            _replies = new byte[capacity * KeyValueReply.CommandReplyBytesMax];
        }

        if (_command.Length > ServerLimits.KeptBytesMax)
        {
            ArrayPool<byte>.Shared.Return(_command);
            _command = ArrayPool<byte>.Shared.Rent(1024);
        }
    }

    private void Answer(RespWriter output, in Receipt receipt, int place)
    {
        switch (receipt.Outcome)
        {
            case Outcome.Committed:
                _committed++;
                connection.Wrote(receipt.Token);
                int start = place * KeyValueReply.CommandReplyBytesMax;
                WriteReply(
                    output, _replies.AsSpan(start, int.Min(receipt.ReplyLength, KeyValueReply.CommandReplyBytesMax)));
                break;
            case Outcome.Refused:
                _refused++;
                RefusalReply.Write(output, receipt.Refusal);
                break;
            default:
                _unknown++;
                output.Error(connection.TextOfUnknown(receipt));
                break;
        }
    }

    private static void WriteReply(RespWriter output, ReadOnlySpan<byte> bytes)
    {
        bool read = KeyValueReply.TryRead(bytes, out KeyValueReply reply);
        Invariant.Holds(read);
        switch (reply.Type)
        {
            case KeyValueReplyType.Ok:
                output.SimpleString("OK"u8);
                break;
            case KeyValueReplyType.Nil:
                output.Null();
                break;
            case KeyValueReplyType.Integer:
                output.Integer(reply.Integer);
                break;
            default:
                Invariant.Holds(reply.Type == KeyValueReplyType.Error);
                output.Error(KeyValueReply.TextOf(reply.Error));
                break;
        }
    }
}

/// <summary>A refusal as an error line.</summary>
internal static class RefusalReply
{
    /// <summary>
    /// NOLEADER is a word of its own, so that a client knows to wait or to go elsewhere. Allocates: refusals are rare.
    /// </summary>
    internal static void Write(RespWriter output, Refusal refusal)
    {
        string text = refusal.Code is RefusalCode.NoLeader
            ? $"NOLEADER {refusal.Statement}"
            : $"ERR refused {refusal}";
        output.Error(Encoding.UTF8.GetBytes(text));
    }
}
