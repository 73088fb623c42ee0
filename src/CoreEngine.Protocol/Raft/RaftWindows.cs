using CoreEngine.Model;

namespace CoreEngine.Protocol.Raft;

/// <summary>How much a leader may have under way; see the options of the same names.</summary>
internal sealed record RaftWindows(
    int UncommittedBytesMax = Limits.UncommittedBytesMax,
    int UncommittedEntriesMax = Limits.UncommittedEntriesMax,
    int InflightBytesMax = Limits.InflightBytesMax,
    int InflightMessagesMax = Limits.InflightMessagesMax,
    int AppendEntriesMax = Limits.AppendEntriesMax,
    int AppendBytesMax = Limits.AppendBytesMax);
