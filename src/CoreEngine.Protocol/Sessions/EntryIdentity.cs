using System;
using System.Buffers.Binary;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Sessions;

/// <summary>What an entry asks of the session table itself.</summary>
internal enum SessionControl : byte
{
    None = 0,

    /// <summary>Opens a session, numbered by the index of this entry. Argument: its timeout in milliseconds.</summary>
    Open = 1,

    /// <summary>The client lives. Answers with the highest sequence that was taken.</summary>
    KeepAlive = 2,

    /// <summary>The client is done.</summary>
    Close = 3,

    /// <summary>The leader holds the session for idle; the stamps of the log decide whether it is.</summary>
    Expire = 4,

    /// <summary>Settles a sequence (the argument): what was applied is answered, what was not never will be.</summary>
    Settle = 5,
}

/// <summary>By what a repeated entry is recognised, or what is asked of the table: 16 or 24 bytes, by flags.</summary>
/// <remarks>
/// <see cref="EntryFlags.Session"/> alone: <c>u64 session | u64 sequence</c>.
/// <see cref="EntryFlags.SessionControl"/> alone: <c>u64 session | u64 argument | u64 control</c>. Both:
/// <c>u64 keyHigh | u64 keyLow | u32 entries | u32 seconds</c>. Little endian.
/// </remarks>
internal readonly record struct EntryIdentity(EntryFlags Kind, ulong First, ulong Second, ulong Third)
{
    internal const int BytesMax = 24;
    private const int SessionBytes = 16;

    internal ulong Session => First;

    internal ulong Sequence => Second;

    internal SessionControl Control => Third <= byte.MaxValue ? (SessionControl)Third : SessionControl.None;

    /// <summary>At least for so many entries is a key recognised.</summary>
    internal uint RetentionEntries => unchecked((uint)Third);

    /// <summary>And at least for so many seconds, by the leaders' stamps.</summary>
    internal uint RetentionSeconds => (uint)(Third >> 32);

    internal int Bytes => BytesOf(Kind);

    internal static EntryIdentity OfSession(ulong session, ulong sequence) =>
        new(EntryFlags.Session, session, sequence, 0);

    internal static EntryIdentity OfControl(SessionControl control, ulong session, ulong argument) =>
        new(EntryFlags.SessionControl, session, argument, (ulong)control);

    internal static EntryIdentity OfKey(ulong high, ulong low, uint seconds, uint entries) =>
        new(EntryFlags.Key, high, low, ((ulong)seconds << 32) | entries);

    /// <summary>Bytes that the flags of an entry promise.</summary>
    internal static int BytesOf(EntryFlags flags) => (flags & EntryFlags.Key) switch
    {
        EntryFlags.None => 0,
        EntryFlags.Session => SessionBytes,
        _ => BytesMax,
    };

    internal void Write(Span<byte> target)
    {
        if (Kind == EntryFlags.None)
        {
            return;
        }

        BinaryPrimitives.WriteUInt64LittleEndian(target, First);
        BinaryPrimitives.WriteUInt64LittleEndian(target[8..], Second);
        if (Kind != EntryFlags.Session)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(target[16..], Third);
        }
    }

    /// <param name="source">At least <see cref="BytesOf"/> bytes.</param>
    internal static EntryIdentity Read(EntryFlags flags, ReadOnlySpan<byte> source)
    {
        EntryFlags kind = flags & EntryFlags.Key;
        return kind == EntryFlags.None ? default : new EntryIdentity(
            kind,
            BinaryPrimitives.ReadUInt64LittleEndian(source),
            BinaryPrimitives.ReadUInt64LittleEndian(source[8..]),
            kind == EntryFlags.Session ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(source[16..]));
    }
}
