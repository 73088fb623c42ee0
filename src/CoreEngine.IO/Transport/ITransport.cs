using System;
using System.Net;

namespace CoreEngine.IO.Transport;

/// <summary>Which of a pair's two connections carries a frame, so that a large frame never delays a vote.</summary>
internal enum Lane : byte
{
    /// <summary>Votes, replies, heartbeats without entries, read rounds.</summary>
    Control = 0,

    /// <summary>Entries and forwarded proposals.</summary>
    Bulk = 1,
}

/// <summary>A link to a peer came up or went down (both lanes up = up).</summary>
/// <param name="Incarnation">The peer's incarnation, from its hello.</param>
internal readonly record struct LinkEvent(uint Peer, bool Connected, ulong Incarnation);

/// <summary>
/// Carries frames between replicas: at most once, in order per lane while the link stands. Every buffer is bounded.
/// </summary>
/// <remarks>All members but <see cref="IDisposable.Dispose"/> belong to the shard's thread.</remarks>
internal interface ITransport : IDisposable
{
    /// <summary>One line for logs and INFO.</summary>
    string Description { get; }

    /// <summary>
    /// Queues one frame; it leaves at <see cref="Flush"/> or earlier. The bytes are copied before the call returns.
    /// </summary>
    /// <param name="body">First part of the body.</param>
    /// <param name="records">Second part of the body, follows without a gap; may be empty.</param>
    /// <returns>False when the link is down or its buffer is full: the frame is dropped, the protocol will
    /// notice.</returns>
    bool TrySend(uint peer, Lane lane, in FrameHeader header, ReadOnlySpan<byte> body, ReadOnlySpan<byte> records);

    /// <summary>A replica takes part from now on, or has moved: it is to be reached there. Nothing to do for a
    /// transport that reaches everybody anyway.</summary>
    void SetPeer(uint peer, IPEndPoint address)
    {
    }

    /// <summary>Pushes out what was queued. Called once at the end of a turn's sends.</summary>
    void Flush();

    /// <summary>Takes the next frame that arrived whole and undamaged from an authenticated peer.</summary>
    /// <param name="body">Valid until the next call of this method.</param>
    bool TryReceive(out FrameHeader header, out ReadOnlySpan<byte> body);

    /// <summary>Takes the next change of a link.</summary>
    bool TryReceiveEvent(out LinkEvent change);
}
