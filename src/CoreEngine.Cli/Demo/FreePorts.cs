using System.Net;
using System.Net.Sockets;

namespace CoreEngine.Cli.Demo;

/// <summary>Finds ports of the loopback address that nobody listens on.</summary>
internal static class FreePorts
{
    /// <summary>
    /// So many different ports. They were free a moment ago; who takes one meanwhile makes a replica fail with a clear
    /// message.
    /// </summary>
    internal static int[] Find(int count)
    {
        var sockets = new Socket[count];
        int[] ports = new int[count];
        for (int i = 0; i < count; i++)
        {
            sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            sockets[i].Bind(new IPEndPoint(IPAddress.Loopback, 0));
            ports[i] = ((IPEndPoint)sockets[i].LocalEndPoint!).Port;
        }

        // Held until all are found, so that no port is found twice.
        foreach (Socket socket in sockets)
        {
            socket.Dispose();
        }

        return ports;
    }
}
