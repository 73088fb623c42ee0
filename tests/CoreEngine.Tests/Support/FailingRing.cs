using System;
using System.Collections.Generic;
using System.Threading;
using CoreEngine.IO.Ring;

namespace CoreEngine.Tests.Support;

/// <summary>A disk that fails every write from a moment on, as a broken medium does.</summary>
internal sealed class FailingRing(IIoRing ring) : IIoRing
{
    private const int InputOutputError = 5;
    private readonly Queue<ulong> _failed = new();
    private bool _broken;

    /// <summary>Any thread: the medium breaks.</summary>
    internal void Break() => Volatile.Write(ref _broken, true);

    public string Description => ring.Description;

    public IReadOnlyList<string> ListFiles() => ring.ListFiles();

    public bool TryEnqueue(in IoOp op, ulong token)
    {
        if (op.Kind != IoKind.Write || !Volatile.Read(ref _broken))
        {
            return ring.TryEnqueue(op, token);
        }

        _failed.Enqueue(token);
        return true;
    }

    public int SubmitAndReap(Span<IoEvent> events, long timeoutNs)
    {
        int count = 0;
        while (count < events.Length && _failed.TryDequeue(out ulong token))
        {
            events[count++] = new IoEvent(token, -InputOutputError);
        }

        return count + ring.SubmitAndReap(events[count..], count > 0 ? 0 : timeoutNs);
    }

    public void Wake() => ring.Wake();

    public void Dispose() => ring.Dispose();
}
