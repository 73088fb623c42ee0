using System.Runtime.CompilerServices;
using System.Threading;

namespace CoreEngine.IO.Transport;

/// <summary>One count per <see cref="FrameFault"/>.</summary>
[InlineArray(Length)]
internal struct FrameFaultCounts
{
    /// <summary>Number of faults.</summary>
    internal const int Length = (int)FrameFault.Address + 1;

    private long _first;
}

/// <summary>One count per <see cref="HelloRefusal"/>.</summary>
[InlineArray(Length)]
internal struct HelloRefusalCounts
{
    /// <summary>Number of refusals.</summary>
    internal const int Length = (int)HelloRefusal.ShardAbsent + 1;

    private long _first;
}

/// <summary>
/// What a transport has done since it was made. A copy is not one instant: every field is, by itself.
/// </summary>
internal struct TransportCounters
{
    /// <summary>Frames delivered to the shard.</summary>
    internal long FramesIn;

    /// <summary>Bytes of the frames delivered, headers included.</summary>
    internal long BytesIn;

    /// <summary>Frames queued for a peer.</summary>
    internal long FramesOut;

    /// <summary>Bytes of the frames queued, headers included.</summary>
    internal long BytesOut;

    /// <summary>Frames not sent because the link was down.</summary>
    internal long DroppedLinkDown;

    /// <summary>Frames not sent because the connection's queue was full.</summary>
    internal long DroppedQueueFull;

    /// <summary>Times that the socket was full and the sender's thread took over.</summary>
    internal long SendsDeferred;

    /// <summary>Times that a receive thread waited for the shard.</summary>
    internal long ReceivesPaused;

    /// <summary>Connections whose hello succeeded, both directions.</summary>
    internal long ConnectionsOpened;

    /// <summary>Connections that ended after their hello had succeeded.</summary>
    internal long ConnectionsClosed;

    /// <summary>Connections that a newer one of the same peer replaced.</summary>
    internal long ConnectionsReplaced;

    /// <summary>Times that a link came up again after the first.</summary>
    internal long Reconnects;

    /// <summary>Dials that found nobody.</summary>
    internal long DialsFailed;

    /// <summary>Failures of the listening socket to hand over a connection.</summary>
    internal long AcceptsFailed;

    /// <summary>Connections closed for a bad frame, by <see cref="FrameFault"/>.</summary>
    internal FrameFaultCounts BadFrames;

    /// <summary>Connections closed before they carried a frame, by <see cref="HelloRefusal"/>.</summary>
    internal HelloRefusalCounts RefusedHellos;

    /// <summary>Count of one fault.</summary>
    internal readonly long Bad(FrameFault fault) => BadFrames[(int)fault];

    /// <summary>Count of one refusal.</summary>
    internal readonly long Refused(HelloRefusal refusal) => RefusedHellos[(int)refusal];

    /// <summary>Counts a bad frame. Safe from any thread.</summary>
    internal void Count(FrameFault fault) => Interlocked.Increment(ref BadFrames[(int)fault]);

    /// <summary>Counts a refused hello. Safe from any thread.</summary>
    internal void Count(HelloRefusal refusal) => Interlocked.Increment(ref RefusedHellos[(int)refusal]);
}
