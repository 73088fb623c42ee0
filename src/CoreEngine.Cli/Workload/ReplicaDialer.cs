using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Cli.Workload;

/// <summary>Finds a replica that answers, beginning with a preferred one; remembers which it was.</summary>
internal sealed class ReplicaDialer(
    IReadOnlyList<IPEndPoint> endpoints, int preferred, TimeSpan patience, Func<Socket>? open = null)
{
    /// <summary>Between two rounds over all replicas.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private int _at = preferred % endpoints.Count;

    /// <summary>Where the last connection went, or the next attempt will go.</summary>
    internal IPEndPoint Current => endpoints[_at];

    /// <summary>The replica at hand broke: begin with the next.</summary>
    internal void Rotate() => _at = (_at + 1) % endpoints.Count;

    /// <summary>Connects to the first replica that answers; tries until stopped.</summary>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    internal async Task<RespConnection> ConnectAsync(CancellationToken stop)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await RespConnection.ConnectAsync(Current, patience, stop, open);
            }
            catch (IOException)
            {
                // A dead replica is what this client is made for: the next one may live.
                Rotate();
            }

            if (attempt % endpoints.Count == 0)
            {
                await Task.Delay(Pause, stop);
            }
        }
    }
}
