using System;
using System.Collections.Generic;

namespace CoreEngine.Simulation.Scenarios;

/// <summary>One scenario of raft.md section 8 as code.</summary>
/// <param name="Number">The catalogue's number.</param>
/// <param name="Name">What is done.</param>
/// <param name="Run">Runs it under a seed; throws what did not hold.</param>
/// <param name="Mutants">The bugs that it must find when they are planted.</param>
internal sealed record Scenario(int Number, string Name, Action<ulong> Run, params string[] Mutants)
{
    /// <summary>Number and name.</summary>
    public override string ToString() => $"S{Number} {Name}";
}

/// <summary>The table of all scenarios, and of the mutant that each one must kill.</summary>
internal static class Catalogue
{
    internal static IReadOnlyList<Scenario> All { get; } =
    [
        new(1, "log repair", LogScenarios.LogRepair, "RepairByOne"),
        new(2, "old term overwritten", LogScenarios.OldTermOverwritten, "CountOldTermReplicas"),
        new(2, "old term committed with own", LogScenarios.OldTermCommittedWithOwn, "CountOldTermReplicas"),
        new(3, "term before length", LogScenarios.TermBeforeLength, "LongerLogWins", "SkipLogFreshness"),
        new(4, "crash between vote and reply", VoteScenarios.CrashBetweenVoteAndReply, "VoteForgotten"),
        new(4, "former candidate is asked", VoteScenarios.FormerCandidateIsAsked, "VoteForgotten"),
        new(5, "atomic hard state", VoteScenarios.HardStateIsAtomic, "VoteForgotten"),
        new(6, "vote and append out of order", VoteScenarios.VoteAndAppendOutOfOrder, "VoteNotDurable"),
        new(7, "isolated replica returns", LeadershipScenarios.IsolatedReplicaReturns, "PreVoteRemoved"),
        new(8, "voter hears its leader", LeadershipScenarios.VoterHearsItsLeader, "StickinessRemoved"),
        new(8, "transfer passes", TransferScenarios.TransferPassesStickiness, "StickyAgainstTransfer"),
        new(9, "only the hub is seen", LeadershipScenarios.OnlyTheHubIsSeen, "CheckQuorumRemoved"),
        new(9, "leader loses most links", LeadershipScenarios.LeaderLosesMostLinks, "StickinessRemoved"),
        new(10, "lagging probes", LeadershipScenarios.LaggingProbes, "ProbeResetsTimer"),
        new(11, "promoted unawares", MemberScenarios.PromotedUnawares, "LearnersRefuseVotes"),
        new(11, "unknown candidate", MemberScenarios.UnknownCandidate, "StrangersGetNoVote"),
        new(12, "leader without quorum", LeadershipScenarios.LeaderWithoutQuorum, "CheckQuorumRemoved"),
        new(12, "split in half", LeadershipScenarios.SplitInHalf, "CheckQuorumRemoved"),
        new(13, "majority of membership", DurabilityScenarios.MajorityOfMembership, "CountKnownOnly"),
        new(14, "acknowledged tail survives", DurabilityScenarios.AcknowledgedTailSurvives, "FollowerAcksUnsynced"),
        new(15, "ack only after D", DurabilityScenarios.NothingIsAcknowledgedBeforeItIsDurable, "LeaderCountsUnsynced"),
        new(16, "append ABA", DurabilityScenarios.LateCompletionOfOverwrittenEntries, "TicketsNotCapped"),
        new(17, "sync fails once", DurabilityScenarios.SyncFailsOnce, "FailedSyncIgnored"),
        new(18, "torn tail is cut", DamageScenarios.TornTailIsCut, "TornTailIsDamage", "TornTailTaken"),
        new(18, "rot is fetched", DamageScenarios.RotIsFetched, "RotCutAsTornTail"),
        new(18, "rot is met while running", DamageScenarios.RotIsMetWhileRunning, "UnreadableLeads"),
        new(18, "unread rot is repaired", ScrubScenarios.UnreadRotIsRepaired, "FoundRotIgnored"),
        new(18, "cached rot is rewritten", ScrubScenarios.CachedRotIsRewritten, "FoundRotIgnored"),
        new(
            18,
            "damaged voter",
            DamageScenarios.DamagedVoter,
            "ClaimsLeftOutOfVote",
            "LeadsDamaged",
            "VotesInDoubt"),
        new(19, "all copies corrupt", DamageScenarios.AllCopiesCorrupt, "RotCutAsTornTail"),
        new(20, "stalled disk", GrayScenarios.StalledDisk, "NoAbdication"),
        new(20, "full disk", GrayScenarios.FullDisk, "NoAbdication"),
        new(20, "slow disk", SlowLeaderScenarios.SlowDisk, "SlowDiskLeads", "SlowDiskYieldsToSlow"),
        new(20, "slow majority", SlowLeaderScenarios.SlowMajority, "SlowMajorityYields"),
        new(21, "heartbeats", GrayScenarios.HeartbeatsChangeNeitherTermNorVote, "HeartbeatForgetsVote"),
        new(21, "heartbeat, append and vote race", GrayScenarios.HeartbeatAppendAndVoteRace),
        new(21, "dead loop", GrayScenarios.DeadLoop, "CheckQuorumRemoved"),
        new(22, "foreign geometry", DamageScenarios.ForeignGeometry, "GeometryUnchecked"),
        new(23, "add and remove", ChangeScenarios.AddAndRemove, "ChangeBeforeAnchor"),
        new(24, "two adds", ChangeScenarios.TwoAdds, "ChangeBeforeAnchor", "ChangeDuringChange"),
        new(25, "two removes", ChangeScenarios.TwoRemoves, "ChangeBeforeAnchor", "ChangeDuringChange"),
        new(26, "both majorities", ChangeScenarios.BothMajorities, "NewVotersAlone", "LeaveForgotten"),
        new(26, "explicit leave", ChangeScenarios.ExplicitLeave, "ChangeDuringChange"),
        new(26, "leader dies inside", ChangeScenarios.LeaderDiesInside, "LeaveForgotten"),
        new(26, "nobody else holds it", ChangeScenarios.NobodyElseHoldsIt, "ConfigurationStays"),
        new(27, "in effect at append", ChangeScenarios.InEffectAtAppend, "ConfigurationAtApply"),
        new(28, "leader removes itself", ChangeScenarios.LeaderRemovesItself, "RemovedLeaderCounts"),
        new(28, "two become one", ChangeScenarios.TwoBecomeOne, "RemovedLeaderStays"),
        new(29, "removed disturbs nobody", MemberScenarios.RemovedDisturbsNobody, "RemovedNotTold"),
        new(31, "former life", MemberScenarios.FormerLifeDoesNotCount, "FormerLifeCounts"),
        new(32, "learner catches up", MemberScenarios.LearnerCatchesUp, "LearnerCounts", "LearnerLeads"),
        new(33, "witness", MemberScenarios.Witness, "WitnessLeads"),
        new(34, "compare and set", ChangeScenarios.CompareAndSet, "EpochUnchecked"),
        new(35, "to one up to date", TransferScenarios.ToOneThatIsUpToDate, "StickyAgainstTransfer"),
        new(35, "to one that is slow", TransferScenarios.ToOneThatIsSlow, "TransferToLagging"),
        new(35, "to one that is dead", TransferScenarios.ToOneThatIsDead, "TransferNeverAborts"),
        new(35, "to one that may not lead", TransferScenarios.ToOneThatMayNotLead, "TransferToAnybody"),
        new(35, "rolling restart", TransferScenarios.StopHandsOver, "StopWithoutHandover"),
        new(36, "interrupted", TransferScenarios.InterruptedAndElectedAgain, "TransferHoldsForEver"),
        new(37, "lease renounced", TransferScenarios.LeaseIsRenouncedFirst, "LeaseKeptInTransfer", "LateWordObeyed"),
        new(43, "window fills and drains", FlowScenarios.WindowFillsAndDrains, "WindowNeverDrains"),
        new(43, "lost messages", FlowScenarios.LostMessagesLeadToAProbe, "LostTailUnnoticed"),
        new(44, "slow follower", FlowScenarios.SlowFollower, "WaitForAll"),
        new(45, "uncommitted limit", FlowScenarios.UncommittedLimit, "UncommittedNeverReturned"),
        new(47, "reads wait for the anchor", ReadScenarios.ReadsWaitForTheAnchor, "ReadBeforeAnchor"),
        new(48, "older answer", ReadScenarios.OlderAnswerDoesNotServeALaterRead, "OldAnswerServes"),
        new(48, "older round", ReadScenarios.OlderRoundDoesNotConfirm, "OldRoundConfirms"),
        new(49, "deposed leader", ReadScenarios.DeposedLeaderServesNoRead, "LeaderLocalRead"),
        new(37, "transfer renounces the lease", LeaseScenarios.TransferRenouncesTheLease, "LeaseNotRenounced"),
        new(50, "paused beyond the lease", LeaseScenarios.PausedBeyondTheLease, "LeaseNotCheckedAfterTheRead"),
        new(50, "age of a state", LeaseScenarios.AgeIsTrue, "AgeFromTheAnswer"),
        new(51, "drift within the bound", LeaseScenarios.DriftWithinTheBound, "ClockBoundInverted"),
        new(52, "restarted voter", LeaseScenarios.RestartedVoterHonoursTheLease, "InheritedLeaseIgnored"),
        new(53, "inherited lease", LeaseScenarios.InheritedLeaseServesUntouchedKeys, "LimboUnchecked"),
        new(53, "closed time follows", LeaseScenarios.ClosedTimeFollows, "StampsForgotten"),
        new(56, "token on another replica", LeaseScenarios.TokenWaitsOrIsRefused, "TokenIgnored"),
        new(56, "point never reached", ReadScenarios.PointThatIsNeverReached, "ReadNeverGivenUp"),
        new(54, "overwritten proposal", ReadScenarios.OverwrittenProposal, "AnswerByIndexAlone"),
        new(54, "overwritten sequence", SessionScenarios.OverwrittenSequence, "SettledComesBack"),
        new(55, "repeats across failover", SessionScenarios.RepeatsAcrossFailoverAndRestart, "RepeatsShown"),
        new(55, "expiry is a log event", SessionScenarios.ExpiryIsALogEvent, "ExpiryByLocalClock"),
        new(58, "forced recovery", MemberScenarios.ForcedRecovery, "ForcedLifeKept"),
        new(59, "minority stops", DigestScenarios.MinorityStops, "DigestsNotCompared"),
        new(59, "two of five", DigestScenarios.TwoOfFive, "DigestsNotCompared"),
        new(59, "tie stops nobody", DigestScenarios.TieStopsNobody),
        new(59, "lost notices", DigestScenarios.LostNotices, "DigestsNotCompared"),
        new(59, "snapshots and restarts", DigestScenarios.SnapshotsAndRestarts),
        new(60, "idle groups send nothing", RestScenarios.IdleGroupsSendNothing, "RestNotSilent"),
        new(60, "dead node is not trusted", RestScenarios.DeadNodeIsNotTrusted, "TrustsDeadNode"),
        new(60, "another life is not trusted", RestScenarios.AnotherLifeIsNotTrusted, "OldLifeCounts"),
        new(60, "nobody rests while a follower lags", RestScenarios.NobodyRestsWhileAFollowerLags, "RestsWithLaggards"),
        new(60, "a waking leader goes on", RestScenarios.AWakingLeaderGoesOn, "WakeLost"),
        new(60, "who was away", RestScenarios.WhoWasAwayIsBroughtUpToDate, "AwayForgotten"),
        new(61, "power cuts of all", static seed => _ = PowerScenarios.PowerCutsOfAll(seed), "BatchNotDurable"),
    ];
}
