using CoreEngine.Model;
using CoreEngine.Protocol;
using CoreEngine.Protocol.Raft;
using CoreEngine.Protocol.Sessions;

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

/// <summary>How a proposal is made, beside its command.</summary>
/// <param name="Identity">Session, key or control; default for a plain command.</param>
/// <param name="IsRetried">Proposed again until the log has decided it.</param>
/// <param name="Owner">The session that is told the end.</param>
/// <param name="IsTicket">The receipt is polled.</param>
/// <param name="Level">When it is acknowledged; null at the group's own level. Whatever has an identity waits for its
/// commit.</param>
internal readonly record struct ProposalTerms(
    EntryIdentity Identity,
    bool IsRetried = false,
    Session? Owner = null,
    bool IsTicket = false,
    Model.Durability? Level = null);
