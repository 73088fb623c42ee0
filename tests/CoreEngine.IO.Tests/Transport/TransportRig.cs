using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Threading;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using Xunit;

namespace CoreEngine.IO.Tests.Transport;

/// <summary>One transport under test with its log, its events and a way to wait for a condition.</summary>
internal sealed class TransportRig : IDisposable
{
    internal static readonly ClusterId Cluster = new(0x0123456789ABCDEF, 0xFEDCBA9876543210);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _woken = new(0);

    internal TransportRig(uint replica, ulong incarnation, Func<TransportOptions, TransportOptions>? change = null,
        params TransportPeer[] peers)
    {
        TransportOptions options = new()
        {
            Replica = replica,
            Incarnation = incarnation,
            Cluster = Cluster,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Peers = peers,
            Seed = incarnation,
            Wake = () => _woken.Release(),
            Log = Lines.Enqueue,
            BackoffMax = TimeSpan.FromMilliseconds(50),
        };
        Options = change is null ? options : change(options);
        Transport = new PipeTransport(Options);
        Transport.Start();
    }

    internal PipeTransport Transport { get; }

    internal TransportOptions Options { get; }

    internal ConcurrentQueue<string> Lines { get; } = [];

    internal List<LinkEvent> Events { get; } = [];

    internal IPEndPoint Endpoint => Transport.BoundEndpoint;

    internal uint Replica => Options.Replica;

    /// <summary>A peer that never dials and is never dialled: only its id counts.</summary>
    internal static TransportPeer Silent(uint replica) => new(replica, new IPEndPoint(IPAddress.Loopback, 9));

    /// <summary>Two linked transports, 1 dials 2.</summary>
    internal static (TransportRig One, TransportRig Two) Pair(
        Func<TransportOptions, TransportOptions>? change = null)
    {
        TransportRig two = new(2, 202, change, Silent(1));
        TransportRig one = new(1, 101, change, new TransportPeer(2, two.Endpoint));
        one.UntilUp(2);
        two.UntilUp(1);
        return (one, two);
    }

    internal void UntilUp(uint peer) => Until(() => Connected(peer), $"link to {peer} up");

    internal void UntilDown(uint peer) => Until(() => !Connected(peer), $"link to {peer} down");

    /// <summary>Takes events until the condition holds; the bound is for a hang, not for a speed.</summary>
    internal void Until(Func<bool> condition, string what)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            TakeEvents();
            if (condition())
            {
                return;
            }

            Assert.True(waited.Elapsed < Patience, $"{what}: not reached; {string.Join(" / ", Lines)}");
            _woken.Wait(TimeSpan.FromMilliseconds(5));
        }
    }

    internal void TakeEvents()
    {
        while (Transport.TryReceiveEvent(out LinkEvent change))
        {
            Events.Add(change);
        }
    }

    internal bool Connected(uint peer) => Events.FindLast(change => change.Peer == peer) is { Connected: true };

    internal bool TrySend(uint peer, Lane lane, ulong sequence, ReadOnlySpan<byte> body,
        ReadOnlySpan<byte> records = default)
    {
        FrameHeader header = new(0x20, 0, 1, Replica, peer, 0, sequence, 0);
        return Transport.TrySend(peer, lane, header, body, records);
    }

    /// <summary>Waits for the next frame.</summary>
    internal (FrameHeader Header, byte[] Body) Receive()
    {
        FrameHeader header = default;
        byte[] body = [];
        Until(
            () =>
            {
                bool taken = Transport.TryReceive(out header, out ReadOnlySpan<byte> span);
                body = taken ? span.ToArray() : body;
                return taken;
            },
            "a frame");
        return (header, body);
    }

    public void Dispose()
    {
        Transport.Dispose();
        _woken.Dispose();
    }
}
