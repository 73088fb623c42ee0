using System;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Transport;

/// <summary>Who gets in, and how the others are turned away.</summary>
/// <remarks>
/// Goal: every wrong hello ends its connection with its own counter and one line of log, and harms nobody else.
/// Method: a transport as replica 5, bare sockets as the other side.
/// </remarks>
public sealed class HelloTests : IDisposable
{
    private readonly TransportRig _rig = new(
        5,
        505,
        options => options with { HandshakesMax = 4, ConnectionsPerPeerMax = 4 },
        TransportRig.Silent(1),
        TransportRig.Silent(2));

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Io_Transport_HelloOfAnotherClusterIsRefused() =>
        AssertRefused(Good() with { Cluster = new ClusterId(1, 2) }, HelloRefusal.OtherCluster);

    [Fact]
    public void Io_Transport_HelloForAnotherReplicaIsRefused() =>
        AssertRefused(Good() with { Target = 6 }, HelloRefusal.Misaddressed);

    [Fact]
    public void Io_Transport_HelloOfAnUnknownReplicaIsRefused() =>
        AssertRefused(Good() with { Replica = 3 }, HelloRefusal.UnknownReplica);

    [Fact]
    public void Io_Transport_HelloUnderOwnIdIsRefused() =>
        AssertRefused(Good() with { Replica = 5 }, HelloRefusal.UnknownReplica);

    [Theory]
    [InlineData(2, 9)]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    public void Io_Transport_HelloWithoutACommonVersionIsRefused(ushort min, ushort max) =>
        AssertRefused(Good() with { VersionMin = min, VersionMax = max }, HelloRefusal.Version);

    [Fact]
    public void Io_Transport_HelloWithAWiderVersionRangeIsAccepted()
    {
        using RawPeer peer = new(_rig.Endpoint);
        Hello answer = peer.Greet(Good() with { VersionMin = 0, VersionMax = 9 });
        Assert.Equal(HelloRefusal.None, answer.Verdict);
        Assert.Equal(505ul, answer.Incarnation);
    }

    [Fact]
    public void Io_Transport_HelloForAnUnknownLaneIsRefused() =>
        AssertRefused(Good() with { Lane = (Lane)2 }, HelloRefusal.Lane);

    [Fact]
    public void Io_Transport_HelloOfAnotherNumberOfShardsIsRefused()
    {
        AssertRefused(Good() with { Shards = 2 }, HelloRefusal.Shards);
        using RawPeer peer = new(_rig.Endpoint);
        Assert.Equal(HelloRefusal.Shards, peer.Greet(Good() with { Shards = 0 }).Verdict);
    }

    [Fact]
    public void Io_Transport_ShardsBehindOnePortAreLinkedToTheirLikeAndOneThatStopsIsAbsent()
    {
        TransportOptions first = _rig.Options with { Shards = 2 };
        using TransportListener listener = new(first);
        using PipeTransport zero = new(first, listener.Acceptor);
        using PipeTransport one = new(first with { Shard = 1 }, listener.Acceptor);
        zero.Start();
        one.Start();
        listener.Acceptor.Start();
        Hello hello = Good() with { Shards = 2, Shard = 1 };
        using (RawPeer peer = new(listener.Acceptor.BoundEndpoint))
        {
            Assert.Equal(HelloRefusal.None, peer.Greet(hello).Verdict);
            Until(() => one.Counters.ConnectionsOpened == 1);
        }

        one.Dispose();
        using (RawPeer late = new(listener.Acceptor.BoundEndpoint))
        {
            Assert.Equal(HelloRefusal.ShardAbsent, late.Greet(hello).Verdict);
        }

        using RawPeer other = new(listener.Acceptor.BoundEndpoint);
        Assert.Equal(HelloRefusal.None, other.Greet(hello with { Shard = 0 }).Verdict);
        Assert.Equal(0, zero.Counters.ConnectionsClosed);
    }

    [Fact]
    public void Io_Transport_HelloOfTheWrongDirectionIsRefused()
    {
        using TransportRig low = new(1, 1, null, new TransportPeer(2, new IPEndPoint(IPAddress.Loopback, 9)));
        using RawPeer peer = new(low.Endpoint);
        Assert.Equal(HelloRefusal.WrongDirection, peer.Greet(RawPeer.GoodHello(2, 1, Lane.Control)).Verdict);
        low.Until(() => low.Transport.Counters.Refused(HelloRefusal.WrongDirection) == 1, "refusal counted");
    }

    [Fact]
    public void Io_Transport_HelloOfAnEarlierSessionIsRefused()
    {
        using RawPeer first = new(_rig.Endpoint);
        Assert.Equal(HelloRefusal.None, first.Greet(Good() with { Session = 8 }).Verdict);
        Until(() => _rig.Transport.Counters.ConnectionsOpened == 1);
        AssertRefused(Good() with { Session = 7, Lane = Lane.Bulk }, HelloRefusal.Stale);
        Assert.Equal(0, _rig.Transport.Counters.ConnectionsClosed);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n")]
    [InlineData("*1\r\n$4\r\nPING\r\n")]
    [InlineData("garbage garbage garbage garbage garbage garbage garbage garbage garbage garbage")]
    public void Io_Transport_AnotherProtocolIsTurnedAwayAtOnce(string text)
    {
        using RawPeer peer = new(_rig.Endpoint);
        peer.Send(Encoding.ASCII.GetBytes(text));
        Assert.True(peer.IsEnded());
        Until(() => _rig.Transport.Counters.Refused(HelloRefusal.NotAHello) == 1);
        AssertOneLine(HelloRefusal.NotAHello);
    }

    [Fact]
    public void Io_Transport_DamagedOrOversizeHelloIsTurnedAway()
    {
        byte[] good = RawPeer.Bytes(Good());
        byte[] badBody = [.. good];
        badBody[70] ^= 1;
        byte[] badHeader = [.. good];
        badHeader[20] ^= 1;
        byte[] oversize = RawPeer.Frame(1, 5, 0, new byte[Limits.HelloFrameBytesMax]);
        byte[] message = RawPeer.Frame(1, 5, 0, new byte[Hello.BodyBytes]);
        byte[][] all = [badBody, badHeader, oversize, message];
        for (int i = 0; i < all.Length; i++)
        {
            using RawPeer peer = new(_rig.Endpoint);
            peer.Send(all[i]);
            Assert.True(peer.IsEnded());
            Until(() => _rig.Transport.Counters.Refused(HelloRefusal.NotAHello) == i + 1);
        }
    }

    [Fact]
    public void Io_Transport_HelloInSingleBytesIsAccepted()
    {
        using RawPeer peer = new(_rig.Endpoint);
        byte[] hello = RawPeer.Bytes(Good());
        foreach (byte one in hello)
        {
            peer.Send([one]);
        }

        Assert.Equal(Hello.FrameBytes, peer.ReceiveExactly(Hello.FrameBytes).Length);
    }

    [Fact]
    public void Io_Transport_SilentAndTricklingConnectionsEndByTheHandshakeTimeout()
    {
        using TransportRig rig = new(
            5,
            5,
            options => options with { HandshakeTimeout = TimeSpan.FromMilliseconds(100) },
            TransportRig.Silent(1));
        using RawPeer silent = new(rig.Endpoint);
        using RawPeer half = new(rig.Endpoint);
        half.Send(RawPeer.Bytes(Good()).AsSpan(0, 100));
        Assert.True(silent.IsEnded());
        Assert.True(half.IsEnded());
        rig.Until(() => rig.Transport.Counters.Refused(HelloRefusal.Timeout) == 2, "timeouts counted");
    }

    [Fact]
    public void Io_Transport_TooManyUnauthenticatedConnectionsAreRefused()
    {
        RawPeer[] idle = [.. Enumerable.Range(0, 4).Select(_ => new RawPeer(_rig.Endpoint))];
        using RawPeer fifth = new(_rig.Endpoint);
        Assert.True(fifth.IsEnded());
        Until(() => _rig.Transport.Counters.Refused(HelloRefusal.HandshakeLimit) == 1);

        // Places come back when the idle ones leave.
        Array.ForEach(idle, peer => peer.Dispose());
        Until(() => _rig.Transport.Counters.Refused(HelloRefusal.Closed) == 4);
        using RawPeer sixth = new(_rig.Endpoint);
        Assert.Equal(HelloRefusal.None, sixth.Greet(Good()).Verdict);
    }

    [Fact]
    public void Io_Transport_NewerConnectionOfALaneReplacesTheOlder()
    {
        using RawPeer control = new(_rig.Endpoint);
        using RawPeer bulk = new(_rig.Endpoint);
        control.Greet(Good());
        bulk.Greet(Good() with { Lane = Lane.Bulk });
        _rig.UntilUp(1);
        using RawPeer newer = new(_rig.Endpoint);
        newer.Greet(Good());
        Assert.True(control.IsEnded());
        Assert.True(bulk.IsEnded());
        _rig.UntilDown(1);
        Assert.Equal(2, _rig.Transport.Counters.ConnectionsReplaced);
        using RawPeer newerBulk = new(_rig.Endpoint);
        newerBulk.Greet(Good() with { Lane = Lane.Bulk });
        _rig.UntilUp(1);
        newer.Send(RawPeer.Frame(1, 5, 42, [1]));
        Assert.Equal(42ul, _rig.Receive().Header.Sequence);
    }

    [Fact]
    public void Io_Transport_PlaintextOffLoopbackIsRefusedAtStart()
    {
        TransportOptions good = _rig.Options;
        IPEndPoint outside = new(IPAddress.Parse("10.1.2.3"), 7000);
        AssertSaysLoopback(good with { Listen = outside });
        AssertSaysLoopback(good with { Listen = new IPEndPoint(IPAddress.Any, 0) });
        AssertSaysLoopback(good with { Listen = new IPEndPoint(IPAddress.IPv6Any, 0) });
        AssertSaysLoopback(good with { Peers = [new TransportPeer(1, outside)] });
    }

    [Fact]
    public void Io_Transport_OptionsThatMakeNoSenseAreNamed()
    {
        TransportOptions good = _rig.Options;
        TransportPeer dialled = new(9, new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Contains("twice", Fails(good with { Peers = [TransportRig.Silent(1), TransportRig.Silent(1)] }));
        Assert.Contains("twice", Fails(good with { Peers = [TransportRig.Silent(5)] }));
        Assert.Contains("port 0", Fails(good with { Peers = [dialled] }));
        Assert.Contains("HandshakeTimeout", Fails(good with { HandshakeTimeout = TimeSpan.Zero }));
        Assert.Contains("BackoffMax", Fails(good with { BackoffMax = TimeSpan.FromTicks(1) }));
        Assert.Contains("BulkQueueBytesMax", Fails(good with { BulkQueueBytesMax = 1000 }));
    }

    [Fact]
    public void Io_Transport_PortInUseNamesAddressAndRemedy()
    {
        using PipeTransport second = new(_rig.Options with { Listen = _rig.Endpoint });
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(second.Start);
        Assert.Contains(_rig.Endpoint.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains("in use", error.Message, StringComparison.Ordinal);
        Assert.Contains("another port", error.Message, StringComparison.Ordinal);
        Assert.IsType<SocketException>(error.InnerException);
    }

    [Fact]
    public void Io_Transport_BindsTheAskedAddressOnly()
    {
        Assert.Equal(IPAddress.Loopback, _rig.Endpoint.Address);
        Assert.NotEqual(0, _rig.Endpoint.Port);
        IPEndPoint neighbour = new(IPAddress.Parse("127.0.0.2"), _rig.Endpoint.Port);
        Assert.Throws<SocketException>(() => new RawPeer(neighbour).Dispose());
    }

    private static Hello Good() => RawPeer.GoodHello(1, 5, Lane.Control);

    private static string Fails(TransportOptions options) =>
        Assert.Throws<ArgumentException>(() => new PipeTransport(options).Dispose()).Message;

    private static void AssertSaysLoopback(TransportOptions options) => Assert.Contains("loopback", Fails(options));

    private void AssertRefused(in Hello hello, HelloRefusal refusal)
    {
        using RawPeer peer = new(_rig.Endpoint);
        Hello answer = peer.Greet(hello);
        Assert.Equal(refusal, answer.Verdict);
        Assert.True(peer.IsEnded());
        Until(() => _rig.Transport.Counters.Refused(refusal) == 1);
        AssertOneLine(refusal);
        for (int other = 1; other < HelloRefusalCounts.Length; other++)
        {
            Assert.Equal(other == (int)refusal ? 1 : 0, _rig.Transport.Counters.Refused((HelloRefusal)other));
        }
    }

    private void AssertOneLine(HelloRefusal refusal)
    {
        Until(() => !_rig.Lines.IsEmpty);
        Assert.Single(_rig.Lines, line => line.Contains($"refused: {refusal}", StringComparison.Ordinal));
    }

    private void Until(Func<bool> condition) => _rig.Until(condition, "the expected count");
}
