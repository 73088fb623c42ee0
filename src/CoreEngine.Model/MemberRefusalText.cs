namespace CoreEngine.Model;

/// <summary>The fields of the refusals that are about members.</summary>
internal static class MemberRefusalText
{
    internal static RefusalText Of(RefusalCode code) => code switch
    {
        RefusalCode.ChangeInProgress => new(
            "a committed configuration", "which members will count when the change under way is decided",
            "two leaders in one term",
            "a change of members is under way (configuration {0}); wait until it is committed, then retry"),
        RefusalCode.ConfigurationChanged => new(
            "the configuration that the change was meant for", "whether the change still makes sense",
            "an operator's intent",
            "the change expects configuration {0}, in effect is {1}; look at the members and decide again"),
        RefusalCode.NotJoint => new(
            "a joint configuration", "nothing: the configuration is known",
            "an operator's intent",
            "configuration {0} is not joint, there is nothing to leave"),
        RefusalCode.NoSuchMember => new(
            "a row of the configuration", "whom the change means",
            "an operator's intent",
            "replica {0} is no member of the group; look at the members"),
        RefusalCode.MemberInvalid => new(
            "a possible member", "how its vote would count",
            "quorum intersection",
            "replica {0} cannot have weight {1} in its part: learners have 0, voters and witnesses 1 to 1000000"),
        RefusalCode.AnotherIncarnation => new(
            "the incarnation of the replica's data directory", "whose acknowledgements would count",
            "durability of what its former life acknowledged",
            "replica {0} is a member under incarnation {1:x} (0: never met); remove it first, or start it "
            + "so that the leader meets it"),
        RefusalCode.LearnerLags => new(
            "a learner's short round of catching up", "when the group could commit again",
            "progress",
            "replica {0} lacks {1} entries; add it as a learner, and promote it when it has caught up"),
        RefusalCode.NobodyCouldLead => new(
            "a voter that holds data", "who would lead",
            "progress",
            "{0} members would be left and none of them could lead, or they are more than {1}; keep a voter"),
        RefusalCode.QuorumsDisjoint => new(
            "an intersection of all quorums", "whether two groups of members decide differently",
            "agreement",
            "members {0:b} and members {1:b} would each decide without the other; raise the quorum sizes"),
        RefusalCode.QuorumTooLarge => new(
            "enough votes", "when anything would be decided",
            "progress",
            "a quorum of {0} votes cannot be reached by {1} votes; lower it"),
        RefusalCode.QuorumInOneDomain => new(
            "a voter outside of the failure domain", "whether the group survives the loss of the domain",
            "the declared failure domains",
            "failure domain {0} alone would hold a quorum (members {1:b}); spread the voters"),
        RefusalCode.Removed => new(
            "membership in the group", "what the members have decided since",
            "removed replicas do not disturb",
            "this replica was removed by configuration {0}; add it again, or close it"),
        RefusalCode.WitnessServesNothing => new(
            "a state machine", "what the data is",
            "a witness never serves",
            "this replica is a witness; ask a voter or a learner"),
        RefusalCode.WitnessesNeeded => new(
            "voters that hold data", "who leads when witnesses alone hold the newest entries",
            "progress",
            "the voters with data have {0} votes, and {1} elect; keep more of them, or fewer witnesses"),
        RefusalCode.QuorumStands => new(
            "the loss of a quorum", "nothing: this replica leads",
            "what a quorum has acknowledged",
            "this replica leads term {0} with a quorum; change the members in the ordinary way"),
        _ => new(string.Empty, string.Empty, string.Empty, string.Empty),
    };
}
