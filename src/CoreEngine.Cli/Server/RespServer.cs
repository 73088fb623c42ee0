using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace CoreEngine.Cli.Server;

/// <summary>Serves a group over RESP2: accepts connections up to a bound and runs a session for each.</summary>
internal sealed class RespServer : IAsyncDisposable
{
    /// <summary>How long a stopping server waits for its sessions' last replies to be taken.</summary>
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(6);

    /// <summary>Before the next try when the process has no file descriptor left.</summary>
    private static readonly TimeSpan FullPause = TimeSpan.FromMilliseconds(100);

    private readonly ServerState _state;
    private readonly Socket _listener;
    private readonly Lock _lock = new();
    private readonly Dictionary<RespSession, Task> _sessions = [];
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _accepting;
    private bool _isStopping;

    private RespServer(ServerState state, Socket listener)
    {
        _state = state;
        _listener = listener;
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    internal IPEndPoint Endpoint => _state.Endpoint;

    /// <summary>Faults when a session met an error that is not the connection's: a defect of the server.</summary>
    internal Task Broken => _broken.Task;

    /// <summary>Begins to listen.</summary>
    /// <param name="endpoint">Port 0 takes a free one.</param>
    /// <param name="state">What sessions share.</param>
    /// <exception cref="BadInputException">The address cannot be listened on.</exception>
    internal static RespServer Start(IPEndPoint endpoint, ServerState state)
    {
        var listener = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(endpoint);
            listener.Listen(512);
            state.Endpoint = (IPEndPoint)listener.LocalEndPoint!;
            return new RespServer(state, listener);
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new BadInputException(
                $"client: cannot listen on {endpoint} ({error.Message}); is another replica or server running there? "
                    + $"choose another port",
                error);
        }
    }

    /// <summary>Takes no more connections, lets every session answer what it has received, and ends them.</summary>
    public async ValueTask DisposeAsync()
    {
        Task all;
        lock (_lock)
        {
            _isStopping = true;
            foreach (RespSession session in _sessions.Keys)
            {
                session.Stop();
            }

            all = Task.WhenAll(_sessions.Values);
        }

        _listener.Dispose();
        await _accepting;
        using var over = new CancellationTokenSource();
        await Task.WhenAny(all, Task.Delay(StopPatience, over.Token));
        await over.CancelAsync();
        lock (_lock)
        {
            foreach (RespSession session in _sessions.Keys)
            {
                session.Abort();
            }
        }

        if (!all.IsCompleted)
        {
            // A read may wait for entries that never come, as at a replica that was removed: the engine's end ends it.
            await _state.Engine.Host.DisposeAsync();
        }

        await all;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync();
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException) when (IsStopping())
            {
                return;
            }
            catch (SocketException error) when (IsPassing(error.SocketErrorCode))
            {
                continue;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.TooManyOpenSockets)
            {
                // Others wait in the listener's queue until a file descriptor is free again.
                await Task.Delay(FullPause);
                continue;
            }
            catch (SocketException error)
            {
                _broken.TrySetException(error);
                return;
            }

            _state.Counters.AddAccepted();
            await WelcomeAsync(socket);
        }
    }

    /// <summary>The visitor left before he was let in: nothing is wrong with the listener.</summary>
    private static bool IsPassing(SocketError code) =>
        code is SocketError.ConnectionReset or SocketError.ConnectionAborted
            or SocketError.NetworkReset or SocketError.TimedOut;

    private async Task WelcomeAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            if (!_state.TryEnter())
            {
                _state.Counters.AddRejected();
                using (socket)
                {
                    await socket.SendAsync("-ERR max number of clients reached\r\n"u8.ToArray());
                }

                return;
            }
        }
        catch (SocketException)
        {
            // Gone before the first word.
            socket.Dispose();
            return;
        }

        Enter(new RespSession(socket, _state));
    }

    private void Enter(RespSession session)
    {
        lock (_lock)
        {
            _sessions.Add(session, Task.CompletedTask);
            _sessions[session] = Task.Run(() => ServeAsync(session));
            if (_isStopping)
            {
                session.Stop();
            }
        }
    }

    private async Task ServeAsync(RespSession session)
    {
        Task run = session.RunAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (run.Exception?.InnerException
            is Exception error and not (IOException or SocketException or ObjectDisposedException))
        {
            _broken.TrySetException(error);
        }

        // Any other end is the client's going away: its writes are decided without it.
        session.Dispose();
        _state.Leave();
        lock (_lock)
        {
            _sessions.Remove(session);
        }
    }

    private bool IsStopping()
    {
        lock (_lock)
        {
            return _isStopping;
        }
    }
}
