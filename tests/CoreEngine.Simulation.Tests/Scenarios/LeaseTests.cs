using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8 for reads by lease, by age and by token, on whole replicas. Method:
/// scripted worlds with drifting clocks, stopped processes and restarts.
/// </summary>
public sealed class LeaseTests
{
    [Fact]
    public void Raft_S37_ALeaseIsRenouncedBeforeATransfer() =>
        Play.Seeds(3, LeaseScenarios.TransferRenouncesTheLease);

    [Fact]
    public void Raft_S50_ALeaderPausedPastItsLeaseRefusesBeforeAndAfterTheRead() =>
        Play.Seeds(3, LeaseScenarios.PausedBeyondTheLease);

    [Fact]
    public void Raft_S51_DriftWithinTheBoundIsSafeAndTheGuaranteeNamesIt() =>
        Play.Seeds(3, LeaseScenarios.DriftWithinTheBound);

    [Fact]
    public void Raft_S52_ARestartedVoterHonoursTheLease() =>
        Play.Seeds(3, LeaseScenarios.RestartedVoterHonoursTheLease);

    [Fact]
    public void Raft_S53_AnInheritedLeaseServesUntouchedKeysAndDefersTheOthers() =>
        Play.Seeds(3, LeaseScenarios.InheritedLeaseServesUntouchedKeys);

    [Fact]
    public void Raft_S56_ATokenOnAnotherReplicaWaitsOrIsRefused() =>
        Play.Seeds(3, LeaseScenarios.TokenWaitsOrIsRefused);

    [Fact]
    public void TheAgeOfAStateLiesWithinTwoHeartbeatsOfTheTruth() => Play.Seeds(3, LeaseScenarios.AgeIsTrue);

    [Fact]
    public void ClosedTimeFollowsTheClockAndNoLaterStampFallsBehindIt() =>
        Play.Seeds(3, LeaseScenarios.ClosedTimeFollows);
}
