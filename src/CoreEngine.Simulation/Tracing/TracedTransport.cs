using System;
using System.Net;
using CoreEngine.IO.Transport;

namespace CoreEngine.Simulation.Tracing;

/// <summary>A transport that tells of every frame before it leaves, and changes nothing.</summary>
/// <remarks>A frame that the transport then refuses counts as sent and lost.</remarks>
internal sealed class TracedTransport(ITransport transport, ProtocolTracer tracer) : ITransport
{
    public string Description => transport.Description;

    public bool TrySend(
        uint peer, Lane lane, in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records)
    {
        byte[] whole = new byte[body.Length + records.Length];
        body.CopyTo(whole);
        records.CopyTo(whole.AsSpan(body.Length));
        tracer.Sent(header, whole);
        return transport.TrySend(peer, lane, header, body, records);
    }

    public void SetPeer(uint peer, IPEndPoint address) => transport.SetPeer(peer, address);

    public void Flush() => transport.Flush();

    public bool TryReceive(out FrameHeader header, out ReadOnlySpan<byte> body) =>
        transport.TryReceive(out header, out body);

    public bool TryReceiveEvent(out LinkEvent change) => transport.TryReceiveEvent(out change);

    public void Dispose() => transport.Dispose();
}
