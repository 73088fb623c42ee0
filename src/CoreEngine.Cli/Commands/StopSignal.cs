using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace CoreEngine.Cli.Commands;

/// <summary>
/// Turns SIGINT and SIGTERM into a token: the first signal asks for a graceful end, a second one ends at once.
/// </summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    internal StopSignal()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    internal CancellationToken Token => _source.Token;

    /// <summary>Stops as a signal would.</summary>
    internal void Stop() => _source.Cancel();

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        // Not cancelled the second time: the runtime's default then ends the process.
        context.Cancel = !_source.IsCancellationRequested;
        if (context.Cancel)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static source => source.Cancel(), _source, preferLocal: false);
        }
    }
}
