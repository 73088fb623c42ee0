using System;
using CoreEngine.IO.Transport;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Wire;

namespace CoreEngine.Simulation.Scripting;

/// <summary>Reads frames for scripts.</summary>
internal static class Frames
{
    /// <summary>Of this type, and from and to these replicas; 0 stands for anybody.</summary>
    internal static bool Is(in FrameHeader header, MessageType type, uint from = 0, uint to = 0) =>
        header.Type == (byte)type
        && (from == 0 || header.From == from)
        && (to == 0 || header.To == to);

    /// <summary>Somebody asks for a vote or whether he would get it.</summary>
    internal static bool IsCampaign(in FrameHeader header) =>
        Is(header, MessageType.PreVoteRequest) || Is(header, MessageType.VoteRequest);

    /// <summary>The last entry that an AppendEntries frame carries; 0 when it carries none or is no such
    /// frame.</summary>
    internal static ulong LastEntry(in FrameHeader header, ReadOnlySpan<byte> body) =>
        Is(header, MessageType.AppendEntries)
        && AppendEntriesBody.TryRead(body, header.Group, out AppendEntriesBody append, out _)
        && append.EntryCount > 0
            ? append.PrevIndex + (ulong)append.EntryCount
            : 0;

    /// <summary>A vote, or the promise of one.</summary>
    internal static bool IsGrant(in FrameHeader header, ReadOnlySpan<byte> body) =>
        (Is(header, MessageType.VoteReply) || Is(header, MessageType.PreVoteReply))
        && VoteReplyBody.TryRead(body, out VoteReplyBody reply)
        && reply.Granted;

    /// <summary>What an AppendReply says.</summary>
    internal static bool TryReadReply(in FrameHeader header, ReadOnlySpan<byte> body, out AppendReplyBody reply)
    {
        reply = default;
        return Is(header, MessageType.AppendReply) && AppendReplyBody.TryRead(body, out reply);
    }
}
