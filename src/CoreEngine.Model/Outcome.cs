namespace CoreEngine.Model;

/// <summary>What became of a proposal.</summary>
public enum Outcome : byte
{
    /// <summary>Not decided within the time, or the replica lost sight of it: it may or may not take effect.</summary>
    Unknown = 0,

    /// <summary>On the trunk, and applied here.</summary>
    Committed = 1,

    /// <summary>
    /// Surely without effect: it never left the queue, or a committed entry of another term holds its index.
    /// </summary>
    Refused = 2,

    /// <summary>
    /// Held as its proposer asked, in less than a quorum (the receipt says where), and not committed: it may yet be
    /// lost. Only for proposals that asked for it.
    /// </summary>
    Acknowledged = 3,
}
