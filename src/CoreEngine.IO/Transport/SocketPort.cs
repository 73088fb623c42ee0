using System;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace CoreEngine.IO.Transport;

/// <summary>
/// The socket part of a connection: receive and send that wait, a send that never does, an end from any thread.
/// </summary>
/// <remarks>
/// One thread receives, one thread at a time sends; <see cref="Shutdown"/> comes from any thread and makes both return.
/// Owns the socket. Kernel buffers keep the system's automatic sizes: a fixed size would cap them lower.
/// </remarks>
internal sealed class SocketPort : IDisposable
{
    private const int InterruptedError = 4;
    private const int WouldBlockError = 11;

    /// <summary>Silence before the first probe, and the number of probes, one a second, that must fail.</summary>
    private const int KeepAliveSeconds = 5;

    private readonly Socket _socket;
    private readonly SafeSocketHandle _handle;

    /// <summary>Takes over a blocking socket.</summary>
    internal SocketPort(Socket socket)
    {
        _socket = socket;
        _handle = socket.SafeHandle;
    }

    /// <summary>
    /// Frames leave at once, and a silent end is noticed in the end. Called once the socket is connected.
    /// </summary>
    /// <exception cref="SocketException">The socket is broken already.</exception>
    internal void Tune()
    {
        _socket.NoDelay = true;
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        _socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveSeconds);
    }

    /// <summary>Waits for bytes.</summary>
    /// <returns>Bytes received; 0: the connection has ended.</returns>
    internal int Receive(Span<byte> target)
    {
        if (!OperatingSystem.IsLinux())
        {
            int count = _socket.Receive(target, SocketFlags.None, out SocketError error);
            return error == SocketError.Success ? count : 0;
        }

        while (true)
        {
            nint count = NativeMethods.ReceiveBlocking(_handle, target);
            if (count >= 0)
            {
                return (int)count;
            }

            if (Marshal.GetLastPInvokeError() != InterruptedError)
            {
                return 0;
            }
        }
    }

    /// <summary>Sends what the socket takes without waiting.</summary>
    /// <returns>Bytes taken; 0: the socket is full; -1: the connection has ended.</returns>
    internal int SendNow(ReadOnlySpan<byte> source)
    {
        if (!OperatingSystem.IsLinux())
        {
            // Elsewhere there is no such call on a blocking socket: the sender's thread sends everything.
            return 0;
        }

        while (true)
        {
            nint count = NativeMethods.SendNow(_handle, source);
            if (count >= 0)
            {
                return (int)count;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error != InterruptedError)
            {
                return error == WouldBlockError ? 0 : -1;
            }
        }
    }

    /// <summary>Sends some bytes, waiting for room.</summary>
    /// <returns>Bytes taken; -1: the connection has ended.</returns>
    internal int SendBlocking(ReadOnlySpan<byte> source)
    {
        if (!OperatingSystem.IsLinux())
        {
            int count = _socket.Send(source, SocketFlags.None, out SocketError error);
            return error == SocketError.Success ? count : -1;
        }

        while (true)
        {
            nint count = NativeMethods.SendBlocking(_handle, source);
            if (count >= 0)
            {
                return (int)count;
            }

            if (Marshal.GetLastPInvokeError() != InterruptedError)
            {
                return -1;
            }
        }
    }

    /// <summary>Waits until a receive would return at once.</summary>
    /// <returns>False when the time is over.</returns>
    internal bool WaitReadable(TimeSpan timeout) => _socket.Poll(timeout, SelectMode.SelectRead);

    /// <summary>
    /// Ends the connection both ways; whoever waits returns. The socket itself lives until <see cref="Dispose"/>.
    /// </summary>
    internal void Shutdown()
    {
        if (OperatingSystem.IsLinux())
        {
            // Fails only when the other side was quicker, which is as good.
            _ = NativeMethods.Shutdown(_handle);
            return;
        }

        _socket.Close(timeout: 0);
    }

    /// <summary>Releases the socket, after the threads that used it have left.</summary>
    public void Dispose() => _socket.Dispose();
}
