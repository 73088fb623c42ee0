using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;

namespace CoreEngine.Cli.Demo;

/// <summary>
/// Asks replicas for INFO on connections of its own: a task that looks beside another must not share one.
/// </summary>
internal sealed class ViewSource : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<IPEndPoint> _endpoints;
    private readonly RespConnection?[] _connections;

    internal ViewSource(IReadOnlyList<IPEndPoint> endpoints)
    {
        _endpoints = endpoints;
        _connections = new RespConnection?[endpoints.Count];
    }

    /// <summary>What each replica says of itself now; null for one that does not answer.</summary>
    internal async Task<ReplicaView?[]> LookAsync()
    {
        var looks = new Task<ReplicaView?>[_connections.Length];
        for (int i = 0; i < looks.Length; i++)
        {
            looks[i] = LookAsync(i);
        }

        return await Task.WhenAll(looks);
    }

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
                ??= await RespConnection.ConnectAsync(_endpoints[place], Patience, default);
            RespReply reply = await connection.CallAsync("INFO");
            return ReplicaView.Parse((uint)(place + 1), reply.String ?? string.Empty);
        }
        catch (IOException)
        {
            // Dead or just starting: the next look makes a new connection.
            _connections[place]?.Dispose();
            _connections[place] = null;
            return null;
        }
    }
}
