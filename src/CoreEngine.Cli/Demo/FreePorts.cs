using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;

namespace CoreEngine.Cli.Demo;

/// <summary>Finds ports of the loopback address that nobody listens on.</summary>
internal static class FreePorts
{
    // Below the range from which systems deal out ports for outgoing connections: one of those could take a port
    // between its finding and its use.
    private const int First = 10_000;
    private const int End = 30_000;
    private const int TriesPerPort = 256;

    /// <summary>What this process has tried before: it may be in use later, and is not found again.</summary>
    private static readonly HashSet<int> Found = [];

    /// <summary>
    /// So many different ports. They were free a moment ago; who takes one meanwhile makes a replica fail with a clear
    /// message.
    /// </summary>
    /// <exception cref="InvalidOperationException">Almost all ports are taken.</exception>
    internal static int[] Find(int count)
    {
        var sockets = new Socket[count];
        int[] ports = new int[count];
        try
        {
            for (int i = 0; i < count; i++)
            {
                (sockets[i], ports[i]) = BindAny();
            }
        }
        finally
        {
            // Held until all are found, so that no port is found twice.
            foreach (Socket? socket in sockets)
            {
                socket?.Dispose();
            }
        }

        return ports;
    }

    private static (Socket Socket, int Port) BindAny()
    {
        for (int i = 0; i < TriesPerPort; i++)
        {
            int port = Random.Shared.Next(First, End);
            lock (Found)
            {
                if (!Found.Add(port))
                {
                    continue;
                }
            }

            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return (socket, port);
            }
            catch (SocketException error) when (error.SocketErrorCode
                is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                socket.Dispose();
            }
        }

        throw new InvalidOperationException($"no free port between {First} and {End} after {TriesPerPort} tries");
    }
}
