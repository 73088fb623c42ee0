using System;
using System.Linq;
using System.Net;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Transport;

/// <summary>The life of a link: up when both lanes are, down when either ends, up again.</summary>
/// <remarks>
/// Goal: no frame of an earlier life is delivered in a later one, and every bad end is one connection's end only.
/// Method: pairs of transports, or a transport and bare sockets, over loopback; waits are for conditions.
/// </remarks>
public sealed class LinkTests
{
    [Fact]
    public void Io_Transport_LinkIsUpOnlyWithBothLanes()
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        using RawPeer control = new(rig.Endpoint);
        control.Greet(RawPeer.GoodHello(1, 5, Lane.Control));
        rig.Until(() => rig.Transport.Counters.ConnectionsOpened == 1, "control lane");
        Assert.Empty(rig.Events);
        Assert.False(rig.TrySend(1, Lane.Control, 1, [1]));
        using RawPeer bulk = new(rig.Endpoint);
        bulk.Greet(RawPeer.GoodHello(1, 5, Lane.Bulk));
        rig.UntilUp(1);
        Assert.Equal(new LinkEvent(1, true, 77), Assert.Single(rig.Events));
        Assert.True(rig.TrySend(1, Lane.Control, 1, [1]));
        Assert.Equal(1, rig.Transport.Counters.DroppedLinkDown);
    }

    [Fact]
    public void Io_Transport_LanesOfDifferentSessionsNeverPair()
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        using RawPeer control = new(rig.Endpoint);
        control.Greet(RawPeer.GoodHello(1, 5, Lane.Control, session: 1));
        rig.Until(() => rig.Transport.Counters.ConnectionsOpened == 1, "control lane");
        using RawPeer bulk = new(rig.Endpoint);
        bulk.Greet(RawPeer.GoodHello(1, 5, Lane.Bulk, session: 2));
        Assert.True(control.IsEnded());
        rig.Until(() => rig.Transport.Counters.ConnectionsReplaced == 1, "replaced");
        Assert.Empty(rig.Events);
    }

    [Fact]
    public void Io_Transport_FramesFlowBothWaysOnBothLanes()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (one)
        using (two)
        {
            byte[] big = FrameCodecTests.Pattern(Limits.FrameBytesMax - FrameCodec.HeaderBytes);
            Assert.True(one.TrySend(2, Lane.Control, 1, [1, 2], [3]));
            one.Transport.Flush();
            AssertFrame(two.Receive(), 1, 2, 1, [1, 2, 3]);
            Assert.True(two.TrySend(1, Lane.Bulk, 2, big.AsSpan(0, 10), big.AsSpan(10)));
            two.Transport.Flush();
            AssertFrame(one.Receive(), 2, 1, 2, big);
            Assert.True(one.TrySend(2, Lane.Bulk, 3, []));
            one.Transport.Flush();
            AssertFrame(two.Receive(), 1, 2, 3, []);
            TransportCounters counters = one.Transport.Counters;
            Assert.Equal(2, counters.FramesOut);
            Assert.Equal(1, counters.FramesIn);
            Assert.Equal(Limits.FrameBytesMax, counters.BytesIn);
            Assert.Equal((2 * FrameCodec.HeaderBytes) + 3, counters.BytesOut);
        }
    }

    [Fact]
    public void Io_Transport_RestartedPeerComesBackWithItsNewIncarnation()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (one)
        {
            IPEndPoint address = two.Endpoint;
            two.Dispose();
            one.UntilDown(2);
            Assert.False(one.TrySend(2, Lane.Control, 1, [1]));
            using TransportRig again = new(
                2, 203, options => options with { Listen = address }, TransportRig.Silent(1));
            one.UntilUp(2);
            again.UntilUp(1);
            Assert.Equal(
                [new LinkEvent(2, true, 202), new LinkEvent(2, false, 202), new LinkEvent(2, true, 203)], one.Events);
            Assert.Equal(1, one.Transport.Counters.Reconnects);
            Assert.True(again.TrySend(1, Lane.Control, 9, [9]));
            again.Transport.Flush();
            Assert.Equal(9ul, one.Receive().Header.Sequence);
        }
    }

    [Fact]
    public void Io_Transport_RestartedDialerComesBackEvenUnderTheSameSeed()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (two)
        {
            for (int restart = 1; restart <= 3; restart++)
            {
                one.Dispose();
                two.UntilDown(1);
                one = new TransportRig(1, 101, null, new TransportPeer(2, two.Endpoint));
                two.UntilUp(1);
                one.UntilUp(2);
                Assert.True(one.TrySend(2, Lane.Bulk, (ulong)restart, [1]));
                one.Transport.Flush();
                Assert.Equal((ulong)restart, two.Receive().Header.Sequence);
            }

            one.Dispose();
            Assert.Equal(3, two.Transport.Counters.Reconnects);
        }
    }

    [Fact]
    public void Io_Transport_ConnectionsOfOnePeerAreLimited()
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        using TransportState state = new(rig.Options with { ConnectionsPerPeerMax = 4 });
        PeerLink link = new(state, TransportRig.Silent(1), firstSession: 1, isDialer: false);
        Assert.All(new int[4], _ => Assert.True(link.TryEnter()));
        Assert.False(link.TryEnter());
        link.Leave();
        Assert.True(link.TryEnter());
        Assert.False(link.TryEnter());
    }

    [Fact]
    public void Io_Transport_FramesOfAnEarlierLifeAreNotDeliveredInALaterOne()
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        using RawPeer control = new(rig.Endpoint);
        using RawPeer bulk = new(rig.Endpoint);
        Link(rig, control, bulk, session: 1);

        // The old life's frames have arrived, and nobody has taken them, when both lives change.
        control.Send(RawPeer.Frame(1, 5, 100, [1]));
        bulk.Send(RawPeer.Frame(1, 5, 101, [1]));
        using RawPeer newControl = new(rig.Endpoint);
        using RawPeer newBulk = new(rig.Endpoint);
        newControl.Greet(RawPeer.GoodHello(1, 5, Lane.Control, session: 2));
        newBulk.Greet(RawPeer.GoodHello(1, 5, Lane.Bulk, session: 2));
        newControl.Send(RawPeer.Frame(1, 5, 200, [1]));
        rig.Until(() => rig.Events.Count == 3, "down and up");
        Assert.Equal([true, false, true], rig.Events.Select(change => change.Connected));
        Assert.Equal(200ul, rig.Receive().Header.Sequence);
        newBulk.Send(RawPeer.Frame(1, 5, 201, [1]));
        Assert.Equal(201ul, rig.Receive().Header.Sequence);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(500)]
    public void Io_Transport_PeerThatDiesInsideAFrameLeavesNothing(int bytes)
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        using RawPeer control = new(rig.Endpoint);
        using (RawPeer bulk = new(rig.Endpoint))
        {
            Link(rig, control, bulk, session: 1);
            bulk.Send(RawPeer.Frame(1, 5, 1, [1]));
            bulk.Send(RawPeer.Frame(1, 5, 2, new byte[1000]).AsSpan(0, bytes));
            Assert.Equal(1ul, rig.Receive().Header.Sequence);
        }

        rig.UntilDown(1);
        Assert.True(control.IsEnded());
        Assert.False(rig.Transport.TryReceive(out _, out _));
        using RawPeer newControl = new(rig.Endpoint);
        using RawPeer newBulk = new(rig.Endpoint);
        Link(rig, newControl, newBulk, session: 2);
        newBulk.Send(RawPeer.Frame(1, 5, 3, [3]));
        AssertFrame(rig.Receive(), 1, 5, 3, [3]);
    }

    [Theory]
    [InlineData((byte)FrameFault.BodyChecksum)]
    [InlineData((byte)FrameFault.HeaderChecksum)]
    [InlineData((byte)FrameFault.Length)]
    [InlineData((byte)FrameFault.Address)]
    [InlineData((byte)FrameFault.Type)]
    [InlineData((byte)FrameFault.Cluster)]
    public void Io_Transport_BadFrameEndsItsLinkOnlyAndIsCounted(byte fault)
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1), TransportRig.Silent(2));
        using RawPeer control = new(rig.Endpoint);
        using RawPeer bulk = new(rig.Endpoint);
        Link(rig, control, bulk, session: 1);
        using RawPeer otherControl = new(rig.Endpoint);
        using RawPeer otherBulk = new(rig.Endpoint);
        otherControl.Greet(RawPeer.GoodHello(2, 5, Lane.Control));
        otherBulk.Greet(RawPeer.GoodHello(2, 5, Lane.Bulk));
        rig.UntilUp(2);
        control.Send([.. RawPeer.Frame(1, 5, 1, [1]), .. Bad((FrameFault)fault), .. RawPeer.Frame(1, 5, 3, [1])]);
        Assert.Equal(1ul, rig.Receive().Header.Sequence);
        rig.Until(() => !rig.Transport.TryReceive(out _, out _) && !rig.Connected(1), "link down");
        Assert.Equal(1, rig.Transport.Counters.Bad((FrameFault)fault));
        Assert.Single(rig.Lines, line => line.Contains($"bad frame: {(FrameFault)fault}", StringComparison.Ordinal));
        Assert.True(bulk.IsEnded());
        otherBulk.Send(RawPeer.Frame(2, 5, 4, [4]));
        Assert.Equal(2u, rig.Receive().Header.From);
    }

    [Fact]
    public void Io_Transport_DisposeEndsEverythingAndIsRepeatable()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (two)
        {
            PipeTransport transport = one.Transport;
            transport.Dispose();
            transport.Dispose();
            two.UntilDown(1);
            Assert.False(one.TrySend(2, Lane.Bulk, 1, [1]));
            transport.Flush();
            Assert.False(transport.TryReceive(out _, out _));
            Assert.DoesNotContain(one.Lines, line => line.Contains("did not end", StringComparison.Ordinal));
            Assert.Equal(transport.Counters.ConnectionsOpened, transport.Counters.ConnectionsClosed);
        }
    }

    [Fact]
    public void Io_Transport_DisposeWithoutStartAndWithNobodyThereReturns()
    {
        TransportPeer nobody = new(2, new IPEndPoint(IPAddress.Loopback, 9));
        using TransportRig alone = new(1, 1, null, nobody);
        new PipeTransport(alone.Options).Dispose();
        alone.Until(() => alone.Transport.Counters.DialsFailed >= 4, "dials");
        Assert.True(alone.Lines.Count <= 2, string.Join(" / ", alone.Lines));
    }

    [Fact]
    public void Io_Transport_RefusedDialerKeepsTryingAndSaysWhyOnce()
    {
        using TransportRig two = new(
            2, 2, options => options with { Cluster = new ClusterId(9, 9) }, TransportRig.Silent(1));
        using TransportRig one = new(1, 1, null, new TransportPeer(2, two.Endpoint));
        one.Until(() => one.Transport.Counters.Refused(HelloRefusal.OtherCluster) >= 4, "refusals");
        Assert.Equal(2, one.Lines.Count(line => line.Contains("OtherCluster", StringComparison.Ordinal)));
        Assert.True(two.Transport.Counters.Refused(HelloRefusal.OtherCluster) >= 4);
    }

    internal static void Link(TransportRig rig, RawPeer control, RawPeer bulk, ulong session)
    {
        control.Greet(RawPeer.GoodHello(1, rig.Replica, Lane.Control, session));
        bulk.Greet(RawPeer.GoodHello(1, rig.Replica, Lane.Bulk, session));
        rig.UntilUp(1);
    }

    private static byte[] Bad(FrameFault fault)
    {
        byte[] frame = RawPeer.Frame(1, 5, 2, [1, 2, 3]);
        switch (fault)
        {
            case FrameFault.BodyChecksum:
                frame[65] ^= 4;
                return frame;
            case FrameFault.HeaderChecksum:
                frame[30] ^= 4;
                return frame;
            case FrameFault.Length:
                frame[3] = 0x7F;
                return frame;
            case FrameFault.Address:
                return RawPeer.Frame(2, 5, 2, [1, 2, 3]);
            case FrameFault.Type:
                frame[9] = FrameCodec.HelloType;
                break;
            case FrameFault.Cluster:
                frame[60] ^= 1;
                break;
            default:
                Assert.Fail("no such case");
                break;
        }

        FrameCodecTests.Reseal(frame);
        return frame;
    }

    private static void AssertFrame(
        (FrameHeader Header, byte[] Body) frame, uint from, uint to, ulong sequence, byte[] body)
    {
        Assert.Equal(from, frame.Header.From);
        Assert.Equal(to, frame.Header.To);
        Assert.Equal(sequence, frame.Header.Sequence);
        Assert.True(body.AsSpan().SequenceEqual(frame.Body));
    }
}
