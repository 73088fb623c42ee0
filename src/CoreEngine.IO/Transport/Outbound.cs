using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>
/// The way out of one connection: a bounded pipe, emptied by the shard's own thread as long as the socket takes
/// bytes.
/// </summary>
/// <remarks>
/// The pipe's read side has one owner at a time, held in one word. The shard takes it at a flush and sends without
/// waiting; only
/// when the socket is full does it hand the ownership to the sender's thread, which may wait. So the usual frame
/// crosses no
/// thread, and the shard never blocks. When the connection ends the sender's thread keeps the ownership for good.
/// <see cref="TryWrite"/> and <see cref="Flush"/> belong to the shard's thread.
/// </remarks>
internal sealed class Outbound
{
    private const int Free = 0;
    private const int WithShard = 1;
    private const int WithSender = 2;
    private const int Retired = 3;

    /// <summary>What one flush sends on the shard's thread at most; beyond, the sender's thread goes on.</summary>
    private const int InlineBytesMax = 1024 * 1024;

    private readonly Pipe _pipe;
    private readonly TransportState _state;
    private readonly SocketPort _port;
    private readonly Signal _signal = new();
    private readonly int _bytesMax;

    /// <summary>Written by the shard, not yet flushed. Shard's thread only.</summary>
    private long _staged;

    /// <summary>Flushed, not yet taken by the socket. Staged + unsent &lt;= bytesMax. Falls in any thread.</summary>
    private long _unsent;

    private int _owner;
    private volatile bool _closed;

    /// <summary>
    /// A queue of at most <paramref name="bytesMax"/> bytes in blocks of <paramref name="blockBytes"/>.
    /// </summary>
    internal Outbound(TransportState state, SocketPort port, int bytesMax, int blockBytes)
    {
        _state = state;
        _port = port;
        _bytesMax = bytesMax;
        _pipe = BlockPool.NewPipe(blockBytes, bytesMax, pauseAt: 0);
    }

    /// <summary>Bytes that wait. For tests and metrics, from any thread.</summary>
    internal long QueuedBytes => Volatile.Read(ref _staged) + Volatile.Read(ref _unsent);

    /// <summary>Queues a frame.</summary>
    /// <returns>False when it does not fit or the connection has ended; nothing was queued.</returns>
    internal bool TryWrite(in FrameWriter frame, in FrameHeader header, ulong clusterHash)
    {
        if (_closed || _staged + Volatile.Read(ref _unsent) + frame.FrameBytes > _bytesMax)
        {
            return false;
        }

        frame.WriteTo(_pipe.Writer, header, clusterHash);
        _staged += frame.FrameBytes;
        return true;
    }

    /// <summary>
    /// Sends what was queued, as far as the socket takes it at once; the rest goes on without the shard.
    /// </summary>
    /// <returns>False when the connection has ended.</returns>
    internal bool Flush()
    {
        if (_staged == 0)
        {
            return true;
        }

        // Counted before it is visible: the sender must never take off more than was put on.
        Interlocked.Add(ref _unsent, _staged);
        _staged = 0;
        Invariant.Holds(Volatile.Read(ref _unsent) <= _bytesMax);
        ValueTask<FlushResult> flushed = _pipe.Writer.FlushAsync();
        Invariant.Holds(flushed.IsCompletedSuccessfully);

        if (Interlocked.CompareExchange(ref _owner, WithShard, Free) != Free)
        {
            // The sender's thread is at work and looks again before it leaves.
            return !_closed;
        }

        int sent = Drain(wait: false);
        if (sent == 0)
        {
            Interlocked.Increment(ref _state.Counters.SendsDeferred);
            Interlocked.Exchange(ref _owner, WithSender);
            _signal.Set();
            return true;
        }

        Interlocked.Exchange(ref _owner, Free);
        if (_closed)
        {
            _signal.Set();
        }

        return sent > 0;
    }

    /// <summary>The sender's thread: sends what the shard could not, until the connection has ended.</summary>
    /// <returns>When nobody will touch the port's sending side again.</returns>
    internal void RunSender(Action broken)
    {
        while (true)
        {
            _signal.Wait();
            if (Volatile.Read(ref _owner) == WithSender && !SendAll())
            {
                broken();
            }

            if (_closed && TryRetire())
            {
                return;
            }
        }
    }

    /// <summary>Lets <see cref="RunSender"/> return. From any thread, after the port was shut down.</summary>
    internal void Close()
    {
        _closed = true;
        _signal.Set();
    }

    /// <summary>Sends until the pipe is empty and gives the ownership back.</summary>
    /// <returns>False when the connection broke; the ownership stays here then.</returns>
    private bool SendAll()
    {
        do
        {
            if (Drain(wait: true) < 0)
            {
                return false;
            }

            Interlocked.Exchange(ref _owner, Free);
        }
        while (Volatile.Read(ref _unsent) > 0
            && Interlocked.CompareExchange(ref _owner, WithSender, Free) == Free);
        return true;
    }

    /// <summary>
    /// True when the sender's thread holds the ownership; else the shard is inside, and signals when it leaves.
    /// </summary>
    private bool TryRetire()
    {
        if (Volatile.Read(ref _owner) == WithSender)
        {
            Volatile.Write(ref _owner, Retired);
            return true;
        }

        return Interlocked.CompareExchange(ref _owner, Retired, Free) == Free;
    }

    /// <summary>Moves the pipe's bytes into the socket.</summary>
    /// <param name="wait">False on the shard's thread: stop when the socket is full or enough was sent.</param>
    /// <returns>1: the pipe is empty; 0: there is more to send; -1: the connection has ended.</returns>
    private int Drain(bool wait)
    {
        PipeReader reader = _pipe.Reader;
        long moved = 0;
        while (wait || moved < InlineBytesMax)
        {
            if (!reader.TryRead(out ReadResult result))
            {
                return 1;
            }

            ReadOnlySequence<byte> buffer = result.Buffer;
            ReadOnlySpan<byte> first = FirstPiece(buffer);
            int count = first.IsEmpty ? 0 : wait ? _port.SendBlocking(first) : _port.SendNow(first);
            int taken = int.Max(count, 0);
            bool empty = taken == buffer.Length;
            SequencePosition sent = buffer.GetPosition(taken);

            // Examined up to what was sent only: the next read returns the rest at once.
            reader.AdvanceTo(sent, sent);
            Interlocked.Add(ref _unsent, -taken);
            moved += taken;
            if (empty || count <= 0)
            {
                return empty ? 1 : count;
            }
        }

        return 0;
    }

    /// <summary>The first bytes that stand together; the sequence may begin with an empty piece.</summary>
    private static ReadOnlySpan<byte> FirstPiece(in ReadOnlySequence<byte> buffer)
    {
        foreach (ReadOnlyMemory<byte> piece in buffer)
        {
            if (!piece.IsEmpty)
            {
                return piece.Span;
            }
        }

        return default;
    }
}
