using System;
using System.Diagnostics;
using System.Net.Sockets;
using System.Threading;
using CoreEngine.Model;

namespace CoreEngine.IO.Transport;

/// <summary>Keeps one lane to one peer of higher id connected: dials, says hello, carries, and dials again.</summary>
/// <remarks>
/// One thread for the life of the transport; while the connection stands it is the connection's receive thread.
/// </remarks>
internal sealed class Dialer(TransportState state, PeerLink link, Lane lane, ulong seed)
{
    private readonly Prng _chance = new(seed);
    private HelloRefusal _lastRefusal;
    private bool _silenced;

    /// <summary>The thread's body.</summary>
    internal void Run()
    {
        TimeSpan pause = state.Options.BackoffMin;
        while (!state.Stopping && link.IsDialer)
        {
            long start = Stopwatch.GetTimestamp();
            bool carried = DialOnce();

            // Only a connection that stood for a while proves the peer well: else a peer that accepts and drops is
            // hammered.
            bool stood = carried && Stopwatch.GetElapsedTime(start) >= state.Options.BackoffMax;
            pause = stood ? state.Options.BackoffMin : pause;
            if (state.WaitStopping(Jittered(pause)))
            {
                return;
            }

            pause = TimeSpan.FromTicks(long.Min(2 * pause.Ticks, state.Options.BackoffMax.Ticks));
        }
    }

    private TimeSpan Jittered(TimeSpan pause) => TimeSpan.FromTicks(_chance.Between(pause.Ticks / 2, pause.Ticks + 1));

    private bool DialOnce()
    {
        using Socket socket = new(link.Peer.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using SocketPort port = new(socket);
        if (!state.TryAdd(port))
        {
            return false;
        }

        try
        {
            socket.Connect(link.Peer.Address);
            port.Tune();
            return Carry(port);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            Interlocked.Increment(ref state.Counters.DialsFailed);
            Tell($"replica {link.Peer.Replica} ({lane}) cannot be reached at {link.Peer.Address}: {error.Message}");
            return false;
        }
        finally
        {
            state.Remove(port);
        }
    }

    private bool Carry(SocketPort port)
    {
        TransportOptions options = state.Options;
        Hello sent = new(
            Hello.OwnVersionMin,
            Hello.OwnVersionMax,
            lane,
            HelloRefusal.None,
            options.Replica,
            link.Peer.Replica,
            options.Incarnation,
            options.Cluster,
            Features: 0,
            link.Session,
            options.Shard,
            options.Shards);
        HelloRefusal refusal = HelloRefusal.Closed;
        Hello answer = default;
        FrameFault fault = FrameFault.None;
        if (HelloExchange.TrySend(port, sent))
        {
            refusal = HelloExchange.Receive(port, options.HandshakeTimeout, out answer, out fault);
        }

        refusal = refusal == HelloRefusal.None ? answer.JudgeAnswer(options, sent) : refusal;
        if (refusal != HelloRefusal.None)
        {
            Refuse(refusal, answer, fault);
            return false;
        }

        ConnectionIdentity identity = new(answer.Replica, lane, answer.Incarnation, sent.Session);
        Connection connection = new(state, link, port, identity);
        if (!link.TryInstall(connection))
        {
            // Not the peer's fault: the other lane ended meanwhile, and this one belongs to the life before.
            state.Counters.Count(HelloRefusal.Stale);
            return false;
        }

        _silenced = false;
        _lastRefusal = HelloRefusal.None;
        connection.Run();
        return true;
    }

    private void Refuse(HelloRefusal refusal, in Hello answer, FrameFault fault)
    {
        state.Counters.Count(refusal);
        if (refusal == _lastRefusal)
        {
            return;
        }

        _lastRefusal = refusal;
        string detail = refusal switch
        {
            HelloRefusal.NotAHello => $" ({fault})",
            HelloRefusal.RefusedByPeer => $" ({answer.Verdict})",
            HelloRefusal.Shards => $" (it has {answer.Shards}, this replica {state.Options.Shards}: "
                + "all replicas of a cluster are formatted with the same number)",
            _ => string.Empty,
        };
        state.Log($"hello of replica {link.Peer.Replica} ({lane}) at {link.Peer.Address} refused: {refusal}{detail}");
    }

    /// <summary>Says once per outage that nobody answers, not once per attempt.</summary>
    private void Tell(string line)
    {
        if (!_silenced && !state.Stopping)
        {
            _silenced = true;
            state.Log(line);
        }
    }
}
