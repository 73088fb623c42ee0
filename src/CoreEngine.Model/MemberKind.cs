namespace CoreEngine.Model;

/// <summary>What a member of a group does.</summary>
public enum MemberKind : byte
{
    /// <summary>No member.</summary>
    None = 0,

    /// <summary>Votes, holds the log, serves, may lead.</summary>
    Voter = 1,

    /// <summary>Receives the log and serves reads; counts in no quorum and never leads (Raft thesis, 4.2.1).</summary>
    Learner = 2,

    /// <summary>Votes and acknowledges, so that two replicas with data survive the loss of one; never leads and never
    /// serves.</summary>
    Witness = 3,
}
