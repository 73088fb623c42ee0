namespace CoreEngine.Protocol;

/// <summary>What a frame carries; the byte on the wire. Values below 16 belong to the transport.</summary>
internal enum MessageType : byte
{
    PreVoteRequest = 16,
    PreVoteReply = 17,
    VoteRequest = 18,
    VoteReply = 19,
    AppendEntries = 20,
    AppendReply = 21,
    ReadIndexRequest = 22,
    ReadIndexReply = 23,
    Forward = 24,
    ForwardReply = 25,
}
