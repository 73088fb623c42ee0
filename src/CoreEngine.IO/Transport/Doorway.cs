using System.Net;

namespace CoreEngine.IO.Transport;

/// <summary>Where accepted connections enter one shard's transport: judges who dials, answers, and carries what it
/// lets in, one thread each.</summary>
/// <remarks>Any thread.</remarks>
internal sealed class Doorway(TransportState state, LinkTable links)
{
    /// <summary>The transport behind it.</summary>
    internal TransportState State => state;

    /// <summary>Takes over a connection that has said hello.</summary>
    /// <returns>False when the transport is stopping: the port stays the caller's.</returns>
    internal bool TryTake(SocketPort port, Hello hello, string remote) =>
        state.TryStartThread($"coreengine-accepted-{remote}", () => Serve(port, hello, remote));

    /// <summary>One accepted connection's thread: from its hello to its end.</summary>
    private void Serve(SocketPort port, in Hello hello, string remote)
    {
        PeerLink? entered = null;
        using SocketPort owned = port;
        try
        {
            Connection? connection = state.TryAdd(port) ? Greet(port, hello, remote, out entered) : null;
            connection?.Run();
        }
        finally
        {
            state.Remove(port);
            entered?.Leave();
        }
    }

    /// <summary>Judges the dialer's hello and answers.</summary>
    /// <param name="entered">The link that counts this connection, from success or a late failure on.</param>
    private Connection? Greet(SocketPort port, in Hello hello, string remote, out PeerLink? entered)
    {
        HelloRefusal refusal = Judge(hello, out PeerLink? link);
        entered = refusal == HelloRefusal.None ? link : null;
        if (!HelloExchange.TrySend(port, AnswerTo(hello, refusal, state.Options)) && refusal == HelloRefusal.None)
        {
            refusal = HelloRefusal.Closed;
        }

        if (refusal == HelloRefusal.None)
        {
            ConnectionIdentity identity = new(hello.Replica, hello.Lane, hello.Incarnation, hello.Session);
            Connection connection = new(state, link!, port, identity);
            if (link!.TryInstall(connection))
            {
                return connection;
            }

            refusal = HelloRefusal.Stale;
        }

        Acceptor.Refuse(
            state, refusal, remote, $" (says: replica {hello.Replica} of cluster {hello.Cluster}, {hello.Lane})");
        return null;
    }

    /// <summary>What is said to a dialer.</summary>
    internal static Hello AnswerTo(in Hello hello, HelloRefusal refusal, TransportOptions options) => new(
        Hello.OwnVersionMin,
        Hello.OwnVersionMax,
        hello.Lane,
        refusal,
        options.Replica,
        hello.Replica,
        options.Incarnation,
        options.Cluster,
        Features: 0,
        hello.Session,
        hello.Shard,
        options.Shards);

    private HelloRefusal Judge(in Hello hello, out PeerLink? link)
    {
        link = null;
        HelloRefusal refusal = hello.JudgeDialer(state.Options);
        if (refusal != HelloRefusal.None)
        {
            return refusal;
        }

        uint replica = hello.Replica;
        link = links.Find(replica);
        if (link is null && state.Options.AcceptsUnknown && replica != state.Options.Replica && replica != 0)
        {
            // Somebody who joins: where it listens, the members will say.
            link = links.FindOrAdd(new TransportPeer(replica, new IPEndPoint(IPAddress.Loopback, 0)), false);
        }

        if (link is null)
        {
            return HelloRefusal.UnknownReplica;
        }

        if (link.IsDialer && replica < state.Options.Replica)
        {
            link.Yield();
        }

        if (link.IsDialer)
        {
            return HelloRefusal.WrongDirection;
        }

        if (link.IsStale(hello.Session))
        {
            return HelloRefusal.Stale;
        }

        return link.TryEnter() ? HelloRefusal.None : HelloRefusal.PeerLimit;
    }
}
