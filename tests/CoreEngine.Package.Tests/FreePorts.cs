using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;

namespace CoreEngine.Package.Tests;

/// <summary>Ports on loopback that nobody listens at.</summary>
internal static class FreePorts
{
    private const int AttemptsMax = 64;

    /// <summary>A port such that the <paramref name="count"/> ports above it were free a moment ago.</summary>
    internal static int Below(int count)
    {
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            // Under the range from which the system deals out ports for outgoing connections.
            int port = Random.Shared.Next(10_000, 30_000);
            if (Enumerable.Range(port + 1, count).All(IsFree))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"no {count} free ports in a row were found on loopback");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
