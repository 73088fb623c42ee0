using System;
using System.Runtime.CompilerServices;

namespace CoreEngine.Protocol;

/// <summary>The part that every message has; it travels in the frame header.</summary>
/// <param name="Type">What the body is.</param>
/// <param name="Group">The group that is spoken of.</param>
/// <param name="From">Sending replica.</param>
/// <param name="To">Receiving replica.</param>
/// <param name="Term">The sender's term (for a pre-vote: the term that it would campaign in).</param>
/// <param name="Sequence">Round or message number, by type.</param>
/// <param name="Correlation">Ties a reply to its request, by type.</param>
internal readonly record struct MessageHeader(
    MessageType Type, uint Group, uint From, uint To, ulong Term, ulong Sequence, ulong Correlation);

/// <summary>A message from another replica: checked for damage by the transport, not yet for sense.</summary>
internal readonly ref struct Message(in MessageHeader header, ReadOnlySpan<byte> body)
{
    public readonly MessageHeader Header = header;

    /// <summary>Valid during the call only.</summary>
    public readonly ReadOnlySpan<byte> Body = body;
}

/// <summary>Room for the fixed part of any message body.</summary>
[InlineArray(Length)]
internal struct MessageBody
{
    internal const int Length = 96;

    private byte _first;
}

/// <summary>Where the entries of an outbound message are to be taken from.</summary>
internal enum EntrySource : byte
{
    None = 0,

    /// <summary>The log suffix in memory.</summary>
    Suffix,

    /// <summary>The window that the loop has read from the log for the receiving peer.</summary>
    Window,

    /// <summary>The window that the loop has read from the log for us: for a peer that has lost entries.</summary>
    OwnWindow,
}

/// <summary>A message to send. Entries are named, not copied: the loop gathers their bytes when it sends.</summary>
internal struct OutboundMessage
{
    public MessageHeader Header;
    public MessageBody Body;

    /// <summary>Bytes used of <see cref="Body"/>.</summary>
    public int BodyLength;

    public EntrySource Source;

    /// <summary>First entry to gather.</summary>
    public ulong FirstEntry;

    /// <summary>How many entries; they lie in one piece.</summary>
    public int EntryCount;
}
