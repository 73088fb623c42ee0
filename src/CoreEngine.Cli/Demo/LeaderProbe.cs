using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Cli.Demo;

/// <summary>Measures from outside how long a cluster takes no writes.</summary>
/// <remarks>
/// Every few milliseconds a new write goes to each replica on a connection of its own: one that waits for a dead
/// leader's answer does
/// not hold up the next. The first that is acknowledged ends the measurement.
/// </remarks>
internal static class LeaderProbe
{
    private const int InFlightMax = 256;
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Waits until a write is acknowledged.</summary>
    /// <returns>When that was, as a timestamp of <see cref="Stopwatch"/>.</returns>
    /// <exception cref="DemoException">None was within the time.</exception>
    internal static async Task<long> WaitForWriteAsync(
        IReadOnlyList<IPEndPoint> endpoints, TimeSpan patience, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var written = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var ticks = new PeriodicTimer(Every);
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        var probes = new List<Task>();
        try
        {
            while (!written.Task.IsCompleted)
            {
                stop.ThrowIfCancellationRequested();
                if (Environment.TickCount64 > deadline)
                {
                    throw new DemoException($"no write was acknowledged within {patience.TotalSeconds:0} s");
                }

                foreach (IPEndPoint endpoint in endpoints)
                {
                    if (probes.Count(static probe => !probe.IsCompleted) < InFlightMax)
                    {
                        probes.Add(ProbeAsync(endpoint, written, over.Token));
                    }
                }

                await Task.WhenAny(written.Task, ticks.WaitForNextTickAsync(CancellationToken.None).AsTask());
            }

            return await written.Task;
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(probes);
        }
    }

    private static async Task ProbeAsync(
        IPEndPoint endpoint, TaskCompletionSource<long> written, CancellationToken over)
    {
        try
        {
            using RespConnection connection = await RespConnection.ConnectAsync(endpoint, Patience, over);
            await using CancellationTokenRegistration end = over.Register(connection.Dispose);
            RespReply reply = await connection.CallAsync("SET", "probe", "1");
            if (reply.Type == RespReplyType.Simple)
            {
                written.TrySetResult(Stopwatch.GetTimestamp());
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Dead, or asked too late: another probe will tell.
        }
    }
}
