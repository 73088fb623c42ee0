using System;

namespace CoreEngine.IO.Transport;

/// <summary>The port of a replica whose shards have a transport each: it outlives any of them.</summary>
internal sealed class TransportListener : IDisposable
{
    private readonly TransportState _state;
    private bool _disposed;

    /// <summary>Binds the address; <see cref="Acceptor.Start"/> begins to accept.</summary>
    /// <param name="options">As those of the first shard.</param>
    /// <exception cref="InvalidOperationException">The address cannot be bound, for example a port in use.</exception>
    internal TransportListener(TransportOptions options)
    {
        options.Validate();
        _state = new TransportState(options);
        Acceptor = new Acceptor(_state);
    }

    /// <summary>Where transports open their doors.</summary>
    internal Acceptor Acceptor { get; }

    /// <summary>Stops listening and waits for the threads, as long as a transport does.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        int left = _state.Stop(_state.Options.CloseTimeout, Acceptor);
        if (left == 0)
        {
            _state.Dispose();
        }
        else
        {
            _state.Log($"{left} threads that listen did not end within {_state.Options.CloseTimeout}");
        }
    }
}
