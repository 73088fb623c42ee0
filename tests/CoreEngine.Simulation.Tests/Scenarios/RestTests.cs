using CoreEngine.Simulation.Scenarios;
using Xunit;

namespace CoreEngine.Simulation.Tests.Scenarios;

/// <summary>
/// Goal: the Expected column of raft.md section 8, S60: idle groups cost nothing and wake at once.
/// Method: scripted worlds with real loops, logs, recovery and cores, up to a hundred groups at each replica.
/// </summary>
public sealed class RestTests
{
    [Fact]
    public void Raft_S60_IdleGroupsSendNothingAndWakeAtOnce() => Play.Seeds(1, RestScenarios.IdleGroupsSendNothing);

    [Fact]
    public void Raft_S60_ADeadNodeIsNotTrusted() => Play.Seeds(3, RestScenarios.DeadNodeIsNotTrusted);

    [Fact]
    public void Raft_S60_AnotherLifeIsNotTrusted() => Play.Seeds(3, RestScenarios.AnotherLifeIsNotTrusted);

    [Fact]
    public void Raft_S60_NobodyRestsWhileAFollowerLags() =>
        Play.Seeds(3, RestScenarios.NobodyRestsWhileAFollowerLags);

    [Fact]
    public void Raft_S60_AWakingLeaderGoesOn() => Play.Seeds(3, RestScenarios.AWakingLeaderGoesOn);

    [Fact]
    public void Raft_S60_WhoWasAwayIsBroughtUpToDate() => Play.Seeds(3, RestScenarios.WhoWasAwayIsBroughtUpToDate);
}
