using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;

namespace CoreEngine.IO.Transport;

/// <summary>
/// What the parts of one transport share: options, counters, its threads and open ports, and the order to stop.
/// </summary>
/// <remarks>Thread-safe. Cold, but for the counters.</remarks>
internal sealed class TransportState : IDisposable
{
    private const int ThreadStackBytes = 256 * 1024;

    private readonly Lock _gate = new();
    private readonly HashSet<Thread> _threads = [];
    private readonly HashSet<SocketPort> _ports = [];
    private readonly ManualResetEventSlim _stopped = new();

    /// <summary>State of a transport that has not started.</summary>
    internal TransportState(TransportOptions options)
    {
        Options = options;
        ClusterHash = FrameCodec.HashOf(options.Cluster);
    }

    /// <summary>What the transport was told.</summary>
    internal TransportOptions Options { get; }

    /// <summary>Stands for the cluster in every frame.</summary>
    internal ulong ClusterHash { get; }

    /// <summary>
    /// Fields of the shard's path are written by the shard alone, the others by interlocked calls. A field, to be
    /// counted up in place.
    /// </summary>
    internal TransportCounters Counters;

    /// <summary>True once the transport is being disposed.</summary>
    internal bool Stopping => _stopped.IsSet;

    /// <summary>Hands one line to the host. A host whose log throws loses the line, not the connection.</summary>
    internal void Log(string line)
    {
        try
        {
            Options.Log(line);
        }
        catch (Exception error)
        {
            // There is no other place to tell it: the debugger's.
            Debug.WriteLine(error);
        }
    }

    /// <summary>Waits for a pause between two attempts.</summary>
    /// <returns>True when the transport is stopping.</returns>
    internal bool WaitStopping(TimeSpan pause) => _stopped.Wait(pause);

    /// <summary>Starts a thread that <see cref="Stop"/> will join.</summary>
    /// <returns>False when the transport is stopping; nothing was started.</returns>
    internal bool TryStartThread(string name, Action body)
    {
        Thread thread = new(() => RunThread(name, body), ThreadStackBytes) { IsBackground = true, Name = name };
        lock (_gate)
        {
            if (Stopping)
            {
                return false;
            }

            _threads.Add(thread);
            thread.Start();
        }

        return true;
    }

    /// <summary>Makes <see cref="Stop"/> end this port.</summary>
    /// <returns>False when the transport is stopping.</returns>
    internal bool TryAdd(SocketPort port)
    {
        lock (_gate)
        {
            return !Stopping && _ports.Add(port);
        }
    }

    /// <summary>Forgets a port that is about to be released.</summary>
    internal void Remove(SocketPort port)
    {
        lock (_gate)
        {
            _ports.Remove(port);
        }
    }

    /// <summary>Stops accepting, ends every port and waits for the threads, at most the time given.</summary>
    /// <returns>Threads that are still there.</returns>
    internal int Stop(TimeSpan timeout, IDisposable? acceptor)
    {
        Thread[] threads;
        lock (_gate)
        {
            _stopped.Set();
            foreach (SocketPort port in _ports)
            {
                port.Shutdown();
            }

            threads = [.. _threads];
        }

        acceptor?.Dispose();
        long start = Stopwatch.GetTimestamp();
        int left = 0;
        foreach (Thread thread in threads)
        {
            TimeSpan rest = timeout - Stopwatch.GetElapsedTime(start);
            bool self = thread == Thread.CurrentThread;
            left += !self && !thread.Join(rest > TimeSpan.Zero ? rest : TimeSpan.Zero) ? 1 : 0;
        }

        return left;
    }

    /// <summary>Releases the stop event; only when no thread is left.</summary>
    public void Dispose() => _stopped.Dispose();

    private void RunThread(string name, Action body)
    {
        try
        {
            body();
        }
        catch (Exception error)
        {
            // The outermost frame of the thread: never the host's process.
            Log($"thread {name} failed: {error}");
        }
        finally
        {
            lock (_gate)
            {
                _threads.Remove(Thread.CurrentThread);
            }
        }
    }
}
