namespace CoreEngine.Model;

/// <summary>The four fields of each refusal, as a table.</summary>
internal readonly record struct RefusalText(string Missing, string CannotKnow, string AtRisk, string Statement)
{
    internal static RefusalText Of(RefusalCode code) => code switch
    {
        RefusalCode.NoLeader => new(
            "an authority certificate of the current term",
            "who may append",
            "single writer",
            "no leader is known and none appeared in two election timeouts; retry, or restore a majority of replicas"),
        RefusalCode.NotLeader => new(
            "an authority certificate for this replica",
            "whether an entry appended here would survive",
            "single writer",
            "this replica does not lead (leader: {0}; 0 means unknown); send the call there, or switch forwarding on"),
        RefusalCode.QueueFull => new(
            "a free place in the proposal queue",
            "when the call would be served",
            "bounded memory",
            "{0} proposals are queued already; wait for some of them and retry"),
        RefusalCode.UncommittedFull => new(
            "durable acknowledgements of a quorum",
            "whether the entries in flight will commit",
            "bounded memory",
            "{0} bytes are uncommitted already; retry when the followers have caught up"),
        RefusalCode.EntryTooLarge => new(
            "a frame that could carry the command",
            "nothing: the size is known",
            "bounded memory",
            "the command has {0} bytes, the limit is {1}; split it"),
        RefusalCode.Superseded => new(
            "a commit certificate for the proposal's own term",
            "nothing: the proposal is surely without effect",
            "agreement",
            "a committed entry of term {1} holds index {0}; propose again"),
        RefusalCode.GroupFaulted => new(
            "a log that can be trusted",
            "what the medium holds",
            "durability",
            "the group stopped on a fault (see Group.Fault); repair the cause and reopen the engine"),
        RefusalCode.Closing => new(
            "an open engine",
            "whether the proposal would be decided",
            "a decided outcome for every accepted proposal",
            "the engine is closing; propose elsewhere"),
        RefusalCode.NoQuorum => new(
            "a quorum's confirmation of the leader's authority",
            "whether a newer leader has committed more",
            "linearizability",
            "no quorum confirmed the leader within {0} ms; retry, or restore a majority of replicas"),
        RefusalCode.NoAnchor => new(
            "a committed entry of the leader's own term",
            "the true commit index",
            "linearizability",
            "the new leader has not committed in its own term yet; retry"),
        RefusalCode.LinkFull => new(
            "room on the link to the leader",
            "when the call would reach the leader",
            "bounded memory",
            "the link to leader {0} is full; retry"),
        RefusalCode.LogFull => new(
            "a spare log segment on the medium",
            "whether the entry could be made durable",
            "durability",
            "the leader's disk has no room for another log segment; free space on it, then retry"),
        RefusalCode.DiskStalled => new(
            "a completed write on the leader's medium",
            "whether the leader's own entries will become durable",
            "progress",
            "the leader's disk completed nothing for {0} ms, so another replica takes over; retry"),
        _ => OfSessions(code),
    };

    private static RefusalText OfSessions(RefusalCode code) => code switch
    {
        RefusalCode.SessionExpired => new(
            "an open session",
            "whether an earlier try took effect",
            "exactly-once application",
            "session {0} is not open (it expired, or was closed); open another one, and look before you repeat"),
        RefusalCode.SequenceTooOld => new(
            "the sequence's place in the session's window",
            "whether an earlier try took effect",
            "exactly-once application",
            "sequence {0} lies {1} or more below the newest one of its session; look before you repeat"),
        RefusalCode.SessionsFull => new(
            "a free place in the session table",
            "nothing: the command is surely without effect",
            "bounded memory",
            "the group holds {0} sessions or keys already; close some, or wait until they expire"),
        RefusalCode.SequenceSettled => new(
            "nothing: the outcome is settled",
            "nothing: the command is surely without effect",
            "exactly-once application",
            "sequence {0} was settled as without effect; propose the command again under a new one"),
        RefusalCode.RepeatDiffers => new(
            "a command that is the same as before",
            "which of the two was meant",
            "exactly-once application",
            "another command was taken in under this sequence or key at index {0}; use each for one command"),
        _ => OfTransfers(code),
    };

    private static RefusalText OfTransfers(RefusalCode code) => code switch
    {
        RefusalCode.TransferInProgress => new(
            "an authority certificate of the next term",
            "who will lead next",
            "single writer",
            "leadership is being handed over to replica {0}; retry in a moment"),
        RefusalCode.TransferTargetUnfit => new(
            "a vote of the wanted leader's own",
            "whether it would hold every committed entry",
            "leader completeness",
            "replica {0} may not lead this group; name a voter of it that holds data"),
        RefusalCode.TransferTargetSilent => new(
            "a recent answer of the wanted leader",
            "whether it runs",
            "progress",
            "the wanted leader (replica {0}; 0 means any other voter) is not heard; start it, or name another"),
        RefusalCode.TransferTimedOut => new(
            "an authority certificate of the wanted leader",
            "whether it would have won later",
            "progress",
            "replica {0} did not take over within {1} ms and the old leader goes on; let it catch up, then retry"),
        RefusalCode.LeadershipMoved => new(
            "an authority certificate of the wanted leader",
            "nothing: who leads is known",
            "progress",
            "replica {1} leads now, not as asked (wanted: {0}; 0 means any other); ask again if it matters"),
        _ => OfRead(code),
    };

    private static RefusalText OfRead(RefusalCode code) => code switch
    {
        RefusalCode.LeaseNotHeld => new(
            "a lease of this replica that surely lasts until the answer",
            "whether another leader has committed more",
            "linearizability",
            "this replica holds no lease (leader: {0}; 0 means unknown); ask the leader, or read linearizably"),
        RefusalCode.LeaseOff => new(
            "a lease duration and a clock bound in the group's contract",
            "whether another leader has committed more",
            "linearizability",
            "the group was opened without leases; set GroupOptions.Lease on every replica, or read linearizably"),
        RefusalCode.NotFresh => new(
            "a leader's confirmation that is young enough",
            "how much was committed since",
            "bounded staleness",
            "the state is {0} ms old (0: not known), the read allows {1} ms; reach a leader, or allow more"),
        RefusalCode.NotReached => new(
            "the entries up to the place asked for",
            "what the state will be there",
            "read your writes",
            "this replica has applied {0}, the read needs {1}; wait longer, or ask another replica"),
        RefusalCode.NoHistory => new(
            "a version of the state at the place asked for",
            "what the state was there",
            "repeatable reads",
            "the state at index {0} cannot be given: it is not on this replica's line or no longer kept "
                + "(oldest kept: {1}; 0 means none)"),
        _ => OfSnapshots(code),
    };

    private static RefusalText OfSnapshots(RefusalCode code) => code switch
    {
        RefusalCode.LogDamaged => new(
            "entry {0} on the leader's medium",
            "whether the leader can send every entry of its log",
            "durability",
            "the leader cannot read entry {0} back, so another replica takes over while it is fetched; retry"),
        RefusalCode.BelowTrim => new(
            "the log entries behind the position held",
            "what happened between the position and the trim boundary",
            "an unbroken history",
            "the position {0} lies below the trim boundary {1}; take a snapshot first, then go on from there"),
        RefusalCode.NoSnapshots => new(
            "a machine that captures its state",
            "nothing: the machine says so",
            "bounded restart time",
            "the machine gives no snapshots; implement IStateMachine.Capture and RestoreAsync"),
        RefusalCode.SnapshotFailed => new(
            "a durable snapshot",
            "whether a later one can be written",
            "bounded log",
            "the snapshot could not be written (error {0}); free space on the disk or repair the machine, then retry"),
        _ => MemberRefusalText.Of(code),
    };
}
