using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;

namespace CoreEngine.Load.Cluster;

/// <summary>
/// Finds free ports on loopback, below the range from which the kernel takes ports for outgoing connections.
/// </summary>
internal static class LoopbackPorts
{
    private const int First = 10_000;
    private const int Count = 20_000;
    private const int AttemptsMax = 1_000;

    /// <exception cref="IOException">There are none.</exception>
    internal static IPEndPoint[] Take(int wanted)
    {
        var found = new List<IPEndPoint>(wanted);
        var seen = new HashSet<int>();
        for (int attempt = 0; attempt < AttemptsMax && found.Count < wanted; attempt++)
        {
            var candidate = new IPEndPoint(IPAddress.Loopback, First + Random.Shared.Next(Count));
            if (seen.Add(candidate.Port) && IsFree(candidate))
            {
                found.Add(candidate);
            }
        }

        return found.Count == wanted ? [.. found] : throw new IOException($"no {wanted} free ports on loopback");
    }

    private static bool IsFree(IPEndPoint candidate)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(candidate);
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
