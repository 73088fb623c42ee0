using System;
using System.Diagnostics;
using System.Threading;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Transport;

/// <summary>Runs by itself: it counts what the whole process allocates.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TransportAloneCollection
{
    internal const string Name = "Transport, alone";
}

/// <summary>What a frame costs in memory.</summary>
/// <remarks>
/// Goal: nothing is allocated per frame on any thread, and no collection runs. Method: two transports, each turned by
/// its own
/// thread, batches both ways; the process-wide count of allocated bytes before and after, once everything has warmed
/// up.
/// </remarks>
[Collection(TransportAloneCollection.Name)]
public sealed class AllocationTests
{
    private const int WarmUpFrames = 200_000;
    private const int Frames = 200_000;

    /// <summary>
    /// The runner reports in the background of this process: in some rounds; a frame's cost is in all.
    /// </summary>
    private const int Rounds = 3;

    [Fact]
    public void Io_Transport_FramesAllocateNothing()
    {
        (TransportRig one, TransportRig two) = TransportRig.Pair();
        using (one)
        using (two)
        {
            using Barrier barrier = new(2);
            Turner first = new(one.Transport, self: 1, peer: 2, barrier);
            Turner second = new(two.Transport, self: 2, peer: 1, barrier);
            Exception? failure = null;
            Thread other = new(() => failure = Record.Exception(second.Run)) { IsBackground = true };
            other.Start();
            first.Run();
            other.Join();
            Assert.Null(failure);
            double perFrame = (double)first.Allocated / (2 * Frames);
            Assert.True(perFrame < 0.5, $"{perFrame} bytes per frame ({first.Allocated} in all)");
            Assert.Equal(0, first.Collections);
        }
    }

    /// <summary>A shard without a protocol: sends a batch, flushes, takes what came.</summary>
    private sealed class Turner(PipeTransport transport, uint self, uint peer, Barrier barrier)
    {
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
        private readonly byte[] _body = new byte[96];
        private readonly byte[] _records = new byte[20_000];

        internal long Allocated { get; private set; } = long.MaxValue;

        internal int Collections { get; private set; } = int.MaxValue;

        internal void Run()
        {
            Exchange(WarmUpFrames);
            for (int round = 0; round < Rounds; round++)
            {
                Meet();
                long before = self == 1 ? GC.GetTotalAllocatedBytes(precise: true) : 0;
                int collections = GC.CollectionCount(0);
                Meet();
                Exchange(Frames);
                Meet();
                Collections = int.Min(Collections, GC.CollectionCount(0) - collections);
                Allocated = self == 1
                    ? long.Min(Allocated, GC.GetTotalAllocatedBytes(precise: true) - before)
                    : 0;
            }

            Meet();
        }

        private void Meet() => Assert.True(barrier.SignalAndWait(Patience), "the other side did not come");

        private void Exchange(int frames)
        {
            int sent = 0;
            int taken = 0;
            Stopwatch waited = Stopwatch.StartNew();
            while (sent < frames || taken < frames)
            {
                for (int i = 0; i < 64 && sent < frames; i++)
                {
                    Lane lane = (Lane)(sent & 1);
                    FrameHeader header = new(0x20, 0, 1, self, peer, 0, (ulong)sent, 0);
                    int records = lane == Lane.Bulk && sent % 128 == 1 ? _records.Length : 0;
                    bool queued = transport.TrySend(peer, lane, header, _body, _records.AsSpan(0, records));
                    sent += queued ? 1 : 0;
                    if (!queued)
                    {
                        break;
                    }
                }

                transport.Flush();
                bool any = false;
                while (transport.TryReceive(out _, out ReadOnlySpan<byte> body))
                {
                    Invariant.Holds(body.Length >= _body.Length);
                    taken++;
                    any = true;
                }

                if (!any)
                {
                    Assert.True(waited.Elapsed < Patience, "stuck");
                    Thread.Yield();
                }
            }
        }
    }
}
