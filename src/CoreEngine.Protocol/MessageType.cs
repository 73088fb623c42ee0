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
    Quiesce = 28,
    NodeBeat = 29,

    /// <summary>The leader holds what was handed on, at the level that the proposal asked for: not committed.</summary>
    ForwardAnswer = 48,

    /// <summary>A member to who is none any more: the configuration without it.</summary>
    Removed = 42,

    /// <summary>A founder asks the others which life of theirs takes part.</summary>
    FoundRequest = 43,

    /// <summary>A row of the answer.</summary>
    FoundReply = 44,

    /// <summary>The leader tells a follower that holds all of its log to campaign at once.</summary>
    TimeoutNow = 26,

    /// <summary>A follower asks the leader to hand over; or the leader says why it did not.</summary>
    Transfer = 27,

    RepairRequest = 34,
    RepairReply = 35,

    /// <summary>The digest of the sender's state at an index.</summary>
    DigestNotice = 36,

    /// <summary>A host's change of members, handed to the leader.</summary>
    MemberRequest = 45,

    /// <summary>Which entry it became there.</summary>
    MemberReply = 46,
    /// <summary>A piece of a snapshot, from a leader whose log no longer holds what the member needs.</summary>
    InstallSnapshot = 30,

    /// <summary>How far the member has come with it.</summary>
    InstallReply = 31,
}
