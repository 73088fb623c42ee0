using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using CoreEngine.Cli.Demo;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Nemesis.Cluster;

/// <summary>Asks replicas for INFO. A replica that is stopped or cut off costs a moment, not the look.</summary>
internal sealed class ReplicaViews(IReadOnlyList<IPEndPoint> endpoints, Func<Socket>? open) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);

    private readonly RespConnection?[] _connections = new RespConnection?[endpoints.Count];

    /// <summary>What each replica says of itself now; null for one that does not answer.</summary>
    internal Task<ReplicaView?[]> LookAsync() =>
        Task.WhenAll(Enumerable.Range(0, _connections.Length).Select(LookAsync));

    public void Dispose()
    {
        foreach (RespConnection? connection in _connections)
        {
            connection?.Dispose();
        }
    }

    private async Task<ReplicaView?> LookAsync(int place)
    {
        try
        {
            RespConnection connection = _connections[place]
                ??= await RespConnection.ConnectAsync(endpoints[place], Patience, default, open);
            RespReply reply = await connection.CallAsync("INFO");
            return ReplicaView.Parse((uint)(place + 1), reply.String ?? string.Empty);
        }
        catch (IOException)
        {
            // Dead, stopped, cut off or just starting: the next look makes a new connection.
            _connections[place]?.Dispose();
            _connections[place] = null;
            return null;
        }
    }
}
