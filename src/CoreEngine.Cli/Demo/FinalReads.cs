using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using CoreEngine.Cli.Workload;
using CoreEngine.Simulation.Histories;

namespace CoreEngine.Cli.Demo;

/// <summary>
/// Reads every checked key once more, at every replica, and records it: what was acknowledged must be there.
/// </summary>
internal static class FinalReads
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Returns how many reads were made.</summary>
    /// <exception cref="DemoException">A replica did not answer a read.</exception>
    internal static async Task<int> RecordAsync(
        string path, IReadOnlyList<string> keys, IReadOnlyList<IPEndPoint> endpoints, int processBase,
        CancellationToken stop, Func<Socket>? open = null)
    {
        using var history = new HistoryWriter(path);
        int[] counts = await Task.WhenAll(
            endpoints.Select(
                (endpoint, place) => ReadAllAsync(history, keys, endpoint, processBase + place, open, stop)));
        return counts.Sum();
    }

    private static async Task<int> ReadAllAsync(
        HistoryWriter history, IReadOnlyList<string> keys, IPEndPoint endpoint, int process, Func<Socket>? open,
        CancellationToken stop)
    {
        try
        {
            using RespConnection connection = await RespConnection.ConnectAsync(endpoint, Patience, stop, open);
            foreach (string key in keys)
            {
                history.Invoke(process, HistoryFunction.Read, key, null);
                RespReply reply = await connection.CallAsync("GET", key);
                if (reply.Type == RespReplyType.Error)
                {
                    throw new DemoException(
                        $"the replica at {endpoint} refused the final read of {key}: {reply.String}");
                }

                history.Complete(process, HistoryEventType.Ok, HistoryFunction.Read, key, reply.String);
            }

            return keys.Count;
        }
        catch (IOException error)
        {
            throw new DemoException($"the replica at {endpoint} did not answer a final read: {error.Message}", error);
        }
    }
}
