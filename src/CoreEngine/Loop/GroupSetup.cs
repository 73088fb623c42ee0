using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;

namespace CoreEngine.Loop;

/// <summary>What a group is made of when it opens.</summary>
internal sealed record GroupSetup(
    string Name,
    IStateMachine Machine,
    GroupOptions Options,
    Contract Contract,
    IProtocolCore Core,
    LogSuffix Suffix,
    Frontiers Frontiers);
