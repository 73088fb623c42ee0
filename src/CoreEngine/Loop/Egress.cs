using System;
using CoreEngine.IO.Transport;
using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Loop;

/// <summary>
/// Turns outbound messages into frames. Entries are gathered here, from memory or from a peer's window.
/// </summary>
internal static class Egress
{
    /// <summary>Sends what may leave now and keeps the rest for its ticket.</summary>
    internal static bool Send(EngineLoop loop, GroupRuntime group)
    {
        foreach (ref readonly OutboundMessage message in group.Outputs.SendNow)
        {
            Send(loop, group, message);
        }

        ReadOnlySpan<OutboundMessage> after = group.Outputs.SendAfterDurable;
        for (int i = 0; i < after.Length; i++)
        {
            group.Held.Add(after[i], group.Outputs.SendAfterDurableTickets[i]);
        }

        return group.Outputs.SendNow.Length > 0;
    }

    /// <summary>
    /// Sends one message; a frame that the link cannot take is dropped and counted, the protocol will notice.
    /// </summary>
    internal static void Send(EngineLoop loop, GroupRuntime group, in OutboundMessage message)
    {
        ReadOnlySpan<byte> entries = Gather(group, message);
        MessageHeader header = message.Header;
        var frame = new FrameHeader(
            (byte)header.Type,
            0,
            header.Group,
            header.From,
            header.To,
            header.Term,
            header.Sequence,
            header.Correlation);
        ReadOnlySpan<byte> body = message.Body;
        Lane lane = entries.IsEmpty ? Lane.Control : Lane.Bulk;
        if (loop.Transport.TrySend(header.To, lane, frame, body[..message.BodyLength], entries))
        {
            loop.FlushNeeded = true;
            loop.Counters.FramesSent++;
        }
        else
        {
            loop.Counters.FramesDropped++;
        }
    }

    private static ReadOnlySpan<byte> Gather(GroupRuntime group, in OutboundMessage message)
    {
        switch (message.Source)
        {
            case EntrySource.Suffix:
                bool held = group.Suffix.TryRange(
                    message.FirstEntry,
                    message.FirstEntry + (ulong)message.EntryCount - 1,
                    message.EntryCount,
                    int.MaxValue,
                    out SuffixRange range);
                Invariant.Holds(held);
                Invariant.Holds(range.Count == message.EntryCount);
                return group.Suffix.Bytes(range);
            case EntrySource.Window:
                LogWindow? window = group.PeerWindows[group.PlaceOf(message.Header.To)];
                Invariant.Holds(window is not null);
                return window.Bytes(message.FirstEntry, message.EntryCount);
            case EntrySource.OwnWindow:
                LogWindow? own = group.PeerWindows[group.PlaceOf(message.Header.From)];
                Invariant.Holds(own is not null);
                return own.Bytes(message.FirstEntry, message.EntryCount);
            default:
                return default;
        }
    }
}
