using System;
using System.IO.Pipelines;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Snapshots;

/// <summary>The host's end of a pipe: tells the shard at every flush that there are bytes.</summary>
internal sealed class BellWriter(PipeWriter inner, Action arrived) : PipeWriter
{
    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<FlushResult> flushed = inner.FlushAsync(cancellationToken);
        arrived();
        return flushed;
    }
}
