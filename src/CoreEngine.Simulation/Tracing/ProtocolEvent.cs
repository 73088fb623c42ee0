using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Tracing;

/// <summary>A message, by the fields of the trace.</summary>
/// <param name="Type">MsgApp, MsgAppResp, MsgVote, MsgVoteResp.</param>
/// <param name="Term">The sender's term.</param>
/// <param name="From">Sender.</param>
/// <param name="To">Receiver.</param>
/// <param name="Entries">MsgApp: how many entries.</param>
/// <param name="LogTerm">MsgApp: term of the entry before; MsgVote: of the last entry; else the hint's.</param>
/// <param name="Index">MsgApp: the entry before; MsgVote: the last entry; MsgAppResp: up to here durable, or the
/// rejected entry before.</param>
/// <param name="Commit">MsgApp: committed up to here.</param>
/// <param name="Reject">A response that refuses.</param>
/// <param name="RejectHint">Where to try next.</param>
/// <param name="Durable">MsgAppResp, refusing or not: the leader's log is durable up to here.</param>
internal sealed record TracedMessage(
    string Type,
    ulong Term,
    uint From,
    uint To,
    int Entries,
    ulong LogTerm,
    ulong Index,
    ulong Commit,
    bool Reject,
    ulong RejectHint,
    ulong Durable);

/// <summary>One line of a protocol trace: what happened at a replica, and what it was afterwards.</summary>
internal sealed record ProtocolEvent
{
    internal required string Name { get; init; }

    /// <summary>The machine's monotonic clock; null in a simulated world, whose order is one already.</summary>
    internal long? TimeNs { get; init; }

    internal required uint Replica { get; init; }

    internal required ulong Term { get; init; }

    internal required uint Vote { get; init; }

    internal required ulong Commit { get; init; }

    /// <summary>StateFollower, StatePreCandidate, StateCandidate, StateLeader.</summary>
    internal required string Role { get; init; }

    /// <summary>Last index of the log in memory.</summary>
    internal required ulong Log { get; init; }

    /// <summary>The voters.</summary>
    internal required IReadOnlyList<uint> Conf { get; init; }

    /// <summary>What the medium is known to hold.</summary>
    internal required ulong DurableTerm { get; init; }

    internal required uint DurableVote { get; init; }

    internal required ulong DurableIndex { get; init; }

    internal TracedMessage? Message { get; init; }

    /// <summary>InitState: terms of the recovered log. MsgApp: terms of the entries. Replicate: of the new
    /// entry.</summary>
    internal IReadOnlyList<ulong> Terms { get; init; } = [];

    /// <summary>InitState: the directory's incarnation; 0 elsewhere.</summary>
    internal ulong Incarnation { get; init; }
}

/// <summary>The names of etcd's trace, and one of ours: <see cref="Persisted"/>.</summary>
internal static class EventNames
{
    internal const string InitState = "InitState";
    internal const string BecomeFollower = "BecomeFollower";
    internal const string BecomeCandidate = "BecomeCandidate";
    internal const string BecomeLeader = "BecomeLeader";
    internal const string Commit = "Commit";
    internal const string Replicate = "Replicate";
    internal const string Ready = "Ready";
    internal const string Persisted = "Persisted";
    internal const string SendAppend = "SendAppendEntriesRequest";
    internal const string ReceiveAppend = "ReceiveAppendEntriesRequest";
    internal const string SendAppendReply = "SendAppendEntriesResponse";
    internal const string ReceiveAppendReply = "ReceiveAppendEntriesResponse";
    internal const string SendVote = "SendRequestVoteRequest";
    internal const string ReceiveVote = "ReceiveRequestVoteRequest";
    internal const string SendVoteReply = "SendRequestVoteResponse";
    internal const string ReceiveVoteReply = "ReceiveRequestVoteResponse";

    internal const string Follower = "StateFollower";
    internal const string PreCandidate = "StatePreCandidate";
    internal const string Candidate = "StateCandidate";
    internal const string Leader = "StateLeader";

    internal static bool IsSend(string name) => name.StartsWith("Send", StringComparison.Ordinal);

    internal static bool IsReceive(string name) => name.StartsWith("Receive", StringComparison.Ordinal);
}
