using System;
using System.Threading;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Transport;

/// <summary>What happens when more is sent than is taken.</summary>
/// <remarks>
/// Goal: bounded memory, no blocked shard, no starved control lane, nothing lost or reordered while the link stands.
/// Method: sides that do not read, then do; and both sides at full speed with every frame checked.
/// </remarks>
public sealed class FlowTests
{
    private const int FillFrames = 1000;

    [Fact]
    public void Io_Transport_SlowReaderFillsTheQueueToItsBoundAndRecovers()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (one)
        using (two)
        {
            ulong sent = Fill(one, 2);
            Assert.InRange(Queued(one, 2), 0, one.Options.BulkQueueBytesMax);
            Assert.True(one.Transport.Counters.DroppedQueueFull > 0);
            Assert.True(one.Connected(2));

            // Two has not read: what it holds is bounded too, and the rest waits in the kernel.
            for (ulong expected = 1; expected <= sent; expected++)
            {
                AssertFilled(two.Receive(), expected);
            }

            // Everything is taken: the bound is free again, and the order goes on where it stood.
            one.Until(() => Queued(one, 2) == 0, "queue empty");
            Assert.True(one.TrySend(2, Lane.Bulk, sent + 1, FrameCodecTests.Pattern(Size(sent + 1))));
            one.Transport.Flush();
            AssertFilled(two.Receive(), sent + 1);
            Assert.True(two.Transport.Counters.ReceivesPaused > 0);
            Assert.True(one.Transport.Counters.SendsDeferred > 0);
        }
    }

    [Fact]
    public void Io_Transport_StalledBulkLaneDoesNotDelayControl()
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        using RawPeer control = new(rig.Endpoint);
        using RawPeer bulk = new(rig.Endpoint, receiveBufferBytes: 64 * 1024);
        LinkTests.Link(rig, control, bulk, session: 1);
        ulong sent = Fill(rig, 1);
        Assert.True(rig.TrySend(1, Lane.Control, 7777, [7]));
        rig.Transport.Flush();

        // Nobody has read a byte of the bulk lane: the control frame arrives all the same.
        byte[] frame = control.ReceiveExactly(FrameCodec.HeaderBytes + 1);
        Assert.Equal(RawPeer.Frame(5, 1, 7777, [7]), frame);
        Assert.True(Queued(rig, 1) > 0, "the bulk lane was not stuck");
        for (ulong expected = 1; expected <= sent; expected++)
        {
            byte[] body = FrameCodecTests.Pattern(Size(expected));
            byte[] whole = RawPeer.Frame(5, 1, expected, body);
            Assert.Equal(whole, bulk.ReceiveExactly(whole.Length));
        }
    }

    [Fact]
    public void Io_Transport_ControlFramesAreDeliveredBeforeBulkFramesThatCameEarlier()
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        using RawPeer control = new(rig.Endpoint);
        using RawPeer bulk = new(rig.Endpoint);
        LinkTests.Link(rig, control, bulk, session: 1);
        for (ulong sequence = 1; sequence <= 3; sequence++)
        {
            bulk.Send(RawPeer.Frame(1, 5, sequence, [1]));
        }

        Assert.Equal(1ul, rig.Receive().Header.Sequence);
        control.Send(RawPeer.Frame(1, 5, 100, [1]));
        rig.Until(() => rig.Transport.HasArrived(1, Lane.Control), "control frame arrived");
        Assert.Equal(100ul, rig.Receive().Header.Sequence);
        Assert.Equal(2ul, rig.Receive().Header.Sequence);
        Assert.Equal(3ul, rig.Receive().Header.Sequence);
    }

    [Fact]
    public void Io_Transport_StalledLinkIsTornDownWithoutHanging()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (one)
        using (two)
        {
            Fill(one, 2);
            Fill(two, 1);
            one.Dispose();
            Assert.DoesNotContain(one.Lines, line => line.Contains("did not end", StringComparison.Ordinal));
            two.UntilDown(1);
        }

        Assert.DoesNotContain(two.Lines, line => line.Contains("did not end", StringComparison.Ordinal));
    }

    [Fact]
    public void Io_Transport_HundredThousandFramesEachWayKeepOrderAndContent()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (one)
        using (two)
        {
            Exchange first = new(one, peer: 2, seed: 11, frames: 50_000);
            Exchange second = new(two, peer: 1, seed: 22, frames: 50_000);
            Exception? failure = null;
            Thread other = new(() => failure = Record.Exception(second.Run));
            other.Start();
            Exception? own = Record.Exception(first.Run);
            other.Join();
            Assert.Null(own);
            Assert.Null(failure);
        }
    }

    [Fact]
    public void Io_Transport_SendsDuringTeardownNeverThrow()
    {
        using TransportRig rig = new(5, 505, null, TransportRig.Silent(1));
        byte[] body = FrameCodecTests.Pattern(5000);
        for (ulong session = 1; session <= 30; session++)
        {
            using RawPeer control = new(rig.Endpoint);
            using RawPeer bulk = new(rig.Endpoint);
            LinkTests.Link(rig, control, bulk, session);
            Thread killer = new(bulk.Dispose);
            killer.Start();
            int lives = rig.Events.Count;
            rig.Until(
                () =>
                {
                    for (ulong i = 0; i < 50; i++)
                    {
                        rig.TrySend(1, (Lane)(i & 1), i, body);
                        rig.Transport.Flush();
                    }

                    return rig.Events.Count > lives;
                },
                "link down under load");
            killer.Join();
        }

        Assert.DoesNotContain(rig.Lines, line => line.Contains("failed:", StringComparison.Ordinal));
    }

    /// <summary>Sends bulk frames until the queue stays full although everything that can move has moved.</summary>
    private static ulong Fill(TransportRig rig, uint peer)
    {
        ulong sequence = 0;
        int refused = 0;
        for (int i = 0; i < FillFrames && refused < 50; i++)
        {
            byte[] body = FrameCodecTests.Pattern(Size(sequence + 1));
            bool taken = rig.TrySend(peer, Lane.Bulk, sequence + 1, body);
            rig.Transport.Flush();
            sequence += taken ? 1u : 0u;
            refused = taken ? 0 : refused + 1;
            if (!taken)
            {
                Thread.Yield();
            }
        }

        Assert.True(refused > 0, "the queue never filled: it is not bounded");
        return sequence;
    }

    private static long Queued(TransportRig rig, uint peer) => rig.Transport.QueuedBytes(peer, Lane.Bulk);

    private static int Size(ulong sequence) => 60_000 + (int)(sequence % 7 * 20_000);

    private static void AssertFilled((FrameHeader Header, byte[] Body) frame, ulong sequence)
    {
        Assert.Equal(sequence, frame.Header.Sequence);
        Assert.True(FrameCodecTests.Pattern(Size(sequence)).AsSpan().SequenceEqual(frame.Body));
    }

    /// <summary>One side of the exchange: sends its frames on both lanes, takes and checks the other side's.</summary>
    private sealed class Exchange(TransportRig rig, uint peer, ulong seed, int frames)
    {
        private readonly Prng _sizes = new(seed);
        private readonly byte[] _body = new byte[64 * 1024];
        private readonly ulong[] _sent = new ulong[2];
        private readonly ulong[] _taken = new ulong[2];

        internal void Run() => rig.Until(Turn, "the exchange");

        private bool Turn()
        {
            bool moved = true;
            while (moved)
            {
                moved = Send() | Take();
            }

            rig.Transport.Flush();
            return _sent[0] + _sent[1] == (ulong)frames * 2 && _taken[0] + _taken[1] == (ulong)frames * 2;
        }

        private bool Send()
        {
            bool moved = false;
            for (int i = 0; i < 32; i++)
            {
                int lane = i & 1;
                if (_sent[lane] == (ulong)frames)
                {
                    continue;
                }

                // Mostly small, sometimes large; the body repeats what it depends on, so the reader can check it.
                int size = (int)(_sizes.Chance(1, 50) ? _sizes.Between(0, _body.Length) : _sizes.Between(0, 300));
                ulong sequence = _sent[lane] + 1;
                _body.AsSpan(0, size).Fill(unchecked((byte)((int)sequence + size)));
                int cut = size / 3;
                ulong number = (sequence << 1) | (uint)lane;
                if (rig.TrySend(peer, (Lane)lane, number, _body.AsSpan(0, cut), _body.AsSpan(cut, size - cut)))
                {
                    _sent[lane]++;
                    moved = true;
                }
            }

            rig.Transport.Flush();
            return moved;
        }

        private bool Take()
        {
            bool moved = false;
            while (rig.Transport.TryReceive(out FrameHeader header, out ReadOnlySpan<byte> body))
            {
                int lane = (int)(header.Sequence & 1);
                Assert.Equal(++_taken[lane], header.Sequence >> 1);
                byte fill = unchecked((byte)((int)(header.Sequence >> 1) + body.Length));
                Assert.Equal(-1, body.IndexOfAnyExcept(fill));
                moved = true;
            }

            return moved;
        }
    }
}
