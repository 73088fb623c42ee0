using CoreEngine.Protocol.Wire;

namespace CoreEngine.Protocol.Tests.Harness;

/// <summary>A message on its way, with its entries gathered, as a frame would carry it.</summary>
internal sealed record Mail(MessageHeader Header, byte[] Body)
{
    internal uint From => Header.From;

    internal uint To => Header.To;

    internal MessageType Type => Header.Type;

    internal AppendReplyBody AppendReply =>
        AppendReplyBody.TryRead(Body, out AppendReplyBody body) ? body : default;

    internal AppendEntriesBody Append =>
        AppendEntriesBody.TryRead(Body, Header.Group, out AppendEntriesBody body, out _) ? body : default;

    internal VoteReplyBody Vote => VoteReplyBody.TryRead(Body, out VoteReplyBody body) ? body : default;
}
