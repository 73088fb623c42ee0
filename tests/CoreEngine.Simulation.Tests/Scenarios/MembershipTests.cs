using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8 for membership, S11, S23 to S34 and S58, on whole replicas. Method:
/// scripted worlds with real loops, logs, recovery and cores, changed by the host's own calls.
/// </summary>
public sealed class MembershipTests
{
    [Fact]
    public void Raft_S11_ALearnerThatWasPromotedUnawaresVotes() => Play.Seeds(2, MemberScenarios.PromotedUnawares);

    [Fact]
    public void Raft_S11_AVoterVotesForACandidateThatItDoesNotKnow() =>
        Play.Seeds(2, MemberScenarios.UnknownCandidate);

    [Fact]
    public void Raft_S23_OneAddAndOneRemoveAcrossLeaders() => Play.Seeds(2, ChangeScenarios.AddAndRemove);

    [Fact]
    public void Raft_S24_TwoAddsAcrossLeadersAndAtOne() => Play.Seeds(2, ChangeScenarios.TwoAdds);

    [Fact]
    public void Raft_S25_TwoRemovesAcrossLeadersAndAtOne() => Play.Seeds(2, ChangeScenarios.TwoRemoves);

    [Fact]
    public void Raft_S26_JointNeedsBothMajoritiesAndEndsByItself() => Play.Seeds(2, ChangeScenarios.BothMajorities);

    [Fact]
    public void Raft_S26_ExplicitLeaveWaitsAndNothingNests() => Play.Seeds(2, ChangeScenarios.ExplicitLeave);

    [Fact]
    public void Raft_S26_TheNextLeaderEndsWhatTheDeadOneBegan() => Play.Seeds(3, ChangeScenarios.LeaderDiesInside);

    [Fact]
    public void Raft_S26_S27_WhatNobodyElseHoldsIsTruncatedWithItsEntry() =>
        Play.Seeds(2, ChangeScenarios.NobodyElseHoldsIt);

    [Fact]
    public void Raft_S27_InEffectAtAppendSoThatTheOldMajorityElectsNobody() =>
        Play.Seeds(2, ChangeScenarios.InEffectAtAppend);

    [Fact]
    public void Raft_S28_ALeaderThatRemovesItselfDoesNotCountItselfAndLeaves() =>
        Play.Seeds(3, ChangeScenarios.LeaderRemovesItself);

    [Fact]
    public void Raft_S28_TwoBecomeOne() => Play.Seeds(2, ChangeScenarios.TwoBecomeOne);

    [Fact]
    public void Raft_S29_ARemovedReplicaDisturbsNobodyAndLearnsIt() =>
        Play.Seeds(2, MemberScenarios.RemovedDisturbsNobody);

    [Fact]
    public void Raft_S30_S31_WhatAFormerLifeSaidDoesNotCount() => Play.Seeds(3, MemberScenarios.FormerLifeDoesNotCount);

    [Fact]
    public void Raft_S32_ALearnerCountsNowhereNeverLeadsAndIsPromotedWhenItKeepsUp() =>
        Play.Seeds(2, MemberScenarios.LearnerCatchesUp);

    [Fact]
    public void Raft_S33_TwoWithDataAndAWitnessNeverElectTheOutdatedOne() => Play.Seeds(2, MemberScenarios.Witness);

    [Fact]
    public void Raft_S34_OfTwoOperatorsExactlyOneWins() => Play.Seeds(3, ChangeScenarios.CompareAndSet);

    [Fact]
    public void AChangeThatIsAskedWhereNobodyLeadsDoesNotStorm() =>
        Play.Seeds(2, MemberScenarios.AskedWhereNobodyLeads);

    [Fact]
    public void Raft_S58_AForcedRecoveryIsExplicitMarkedAndUnderANewLife() =>
        Play.Seeds(2, MemberScenarios.ForcedRecovery);
}
