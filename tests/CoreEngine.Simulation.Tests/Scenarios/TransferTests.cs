using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>raft.md section 8, leadership handed over: the Expected column of S35 to S37, of S8's last clause and of
/// S20's sibling.</summary>
public sealed class TransferTests
{
    // Goal and method: each scenario says them; several seeds, because the world draws delays.
    [Fact]
    public void Raft_S8_AVoterThatHearsItsLeaderGrantsWhomTheLeaderTold() =>
        Play.Seeds(5, TransferScenarios.TransferPassesStickiness);

    [Fact]
    public void Raft_S20_ALeaderWithAFarSlowerDiskYieldsToAFastOneWhichStays() =>
        Play.Seeds(2, SlowLeaderScenarios.SlowDisk);

    [Fact]
    public void Raft_S20_WithASlowMajorityTheLeaderStays() => Play.Seeds(2, SlowLeaderScenarios.SlowMajority);

    [Fact]
    public void Raft_S35_AnUpToDateTargetLeadsWithoutATimeout() => Play.Seeds(5, TransferScenarios.ToOneThatIsUpToDate);

    [Fact]
    public void Raft_S35_ASlowTargetIsWaitedFor() => Play.Seeds(3, TransferScenarios.ToOneThatIsSlow);

    [Fact]
    public void Raft_S35_ADeadTargetEndsTheTransferAndProposalsGoOn() =>
        Play.Seeds(3, TransferScenarios.ToOneThatIsDead);

    [Fact]
    public void Raft_S35_WhoMayNotLeadIsRefused() => Play.Seeds(3, TransferScenarios.ToOneThatMayNotLead);

    [Fact]
    public void Raft_S35_ARollingRestartCostsNoElectionTimeout() => Play.Seeds(5, TransferScenarios.StopHandsOver);

    [Fact]
    public void Raft_S36_AnInterruptedTransferDoesNotStopALeaderElectedAgain() =>
        Play.Seeds(3, TransferScenarios.InterruptedAndElectedAgain);

    [Fact]
    public void Raft_S37_TheLeaseIsRenouncedFirst() => Play.Seeds(3, TransferScenarios.LeaseIsRenouncedFirst);
}
