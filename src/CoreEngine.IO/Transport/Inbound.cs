using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.IO.Transport;

/// <summary>
/// The way in of one connection: a receive thread fills a bounded pipe, the shard's thread cuts frames from it.
/// </summary>
/// <remarks>
/// The receive thread waits when the shard lags by more than the bound, and the kernel then stops the peer. An idle
/// turn costs
/// the shard one read of <see cref="Waiting"/>. <see cref="Waiting"/> and <see cref="TryRead"/> belong to the shard's
/// thread.
/// </remarks>
internal sealed class Inbound
{
    private const int ReceiveBytesMin = 4096;

    private readonly TransportState _state;
    private readonly Pipe _pipe;
    private readonly FrameRules _rules;
    private readonly Signal _resumed = new();
    private readonly Action _resume;

    /// <summary>The unread rest of what the pipe handed out; meaningful while <see cref="_held"/>.</summary>
    private ReadOnlySequence<byte> _window;
    private byte[] _scratch = [];
    private bool _held;

    /// <summary>A bad frame was seen: nothing after it counts.</summary>
    private bool _poisoned;

    /// <summary>1 when bytes were flushed since the shard last took notice.</summary>
    private int _arrived;
    private volatile bool _closed;

    /// <summary>A pipe of about <paramref name="bytesMax"/> bytes in blocks of <paramref name="blockBytes"/>.</summary>
    internal Inbound(TransportState state, int bytesMax, int blockBytes)
    {
        _state = state;
        _rules = FrameRules.ForMessages(state.ClusterHash);
        _resume = _resumed.Set;
        _pipe = BlockPool.NewPipe(blockBytes, bytesMax, bytesMax);
    }

    /// <summary>True when <see cref="TryRead"/> is worth a call.</summary>
    internal bool Waiting => (_held || Volatile.Read(ref _arrived) != 0) && !_poisoned;

    /// <summary>
    /// The receive thread: moves bytes from the socket into the pipe until either side ends the connection.
    /// </summary>
    internal void RunReceiver(SocketPort port)
    {
        PipeWriter writer = _pipe.Writer;
        while (!_closed)
        {
            Span<byte> target = writer.GetSpan(ReceiveBytesMin);
            int count = port.Receive(target);
            if (count == 0)
            {
                return;
            }

            writer.Advance(count);
            ValueTask<FlushResult> flushing = writer.FlushAsync();

            // First the bytes, then the flag, then the call: the shard that clears the flag sees the bytes.
            Interlocked.Exchange(ref _arrived, 1);
            _state.Options.Wake();
            if (WaitFor(flushing).IsCanceled)
            {
                return;
            }
        }
    }

    /// <summary>Lets <see cref="RunReceiver"/> return. From any thread, after the port was shut down.</summary>
    internal void Close()
    {
        _closed = true;
        _pipe.Writer.CancelPendingFlush();
    }

    /// <summary>Nothing that came after a bad frame will be read. Shard's thread only.</summary>
    internal void Poison() => _poisoned = true;

    /// <summary>Takes the next frame.</summary>
    /// <param name="body">Valid until the next call.</param>
    internal FrameStatus TryRead(out FrameHeader header, out ReadOnlySpan<byte> body, out FrameFault fault)
    {
        while (true)
        {
            if (_held)
            {
                FrameReader frames = new(_window, _rules, ref _scratch);
                FrameStatus status = frames.TryRead(out header, out body, out fault);
                if (status != FrameStatus.NeedMore)
                {
                    _window = frames.Rest;
                    return status;
                }

                // All frames of this window were used by now: what remains is the start of one, and was seen to its
                // end.
                _pipe.Reader.AdvanceTo(_window.Start, _window.End);
                _held = false;
                _window = default;
            }

            header = default;
            body = default;
            fault = FrameFault.None;
            if (Volatile.Read(ref _arrived) == 0)
            {
                return FrameStatus.NeedMore;
            }

            Interlocked.Exchange(ref _arrived, 0);
            if (!_pipe.Reader.TryRead(out ReadResult result))
            {
                return FrameStatus.NeedMore;
            }

            _window = result.Buffer;
            _held = true;
        }
    }

    private FlushResult WaitFor(ValueTask<FlushResult> flushing)
    {
        ValueTaskAwaiter<FlushResult> awaiter = flushing.GetAwaiter();
        if (!awaiter.IsCompleted)
        {
            Interlocked.Increment(ref _state.Counters.ReceivesPaused);
            awaiter.UnsafeOnCompleted(_resume);
            _resumed.Wait();
        }

        return awaiter.GetResult();
    }
}
